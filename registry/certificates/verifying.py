"""Door: the verdict on a QR text with all the service has: bundle, log, proof.

Promises the very steps of `verify.check`, fed from the published files; the database only says where in the
log to look. A text is never stored or logged.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Final

from starlette.concurrency import run_in_threadpool

from issuers.authority.class_facts import (
    CertificateFact,
    CredentialFact,
    FormerVersion,
    version_key,
)
from issuers.authority.party_facts import GenesisFact
from issuers.qr import parse_text
from ledger.errors import MalanError, Unavailable
from registry.service import Service
from registry.storage.facts import TableView
from registry.storage.places import seqs_about
from verify.check import check
from verify.evidence import Evidence
from verify.findings import could_not_trust
from verify.life import LIVED, PROOFS_MAX
from verify.trust import Trust
from verify.verdict import Verdict

TRUST: Final = "trust.cbor"


@dataclass(frozen=True, slots=True)
class Looked:
    """A verdict, and the certificate of the log it is about, if there is one."""

    verdict: Verdict = field(repr=False)
    certificate: CertificateFact | None


@dataclass(frozen=True, slots=True)
class _Logged:
    """`seq`: the leaf that names these very bytes, of the version in force or a former one."""

    certificate: CertificateFact
    seq: int


def look(service: Service, text: str) -> Looked:
    """The verdict on a QR text. Never raises for any text, nor for a file of ours that is away."""
    now = service.clock.now_ms() // 1000
    try:
        trust = read_trust(service)
    except MalanError as error:
        return Looked(could_not_trust(error, now=now), None)
    return look_with(service, trust, text)


def look_with(service: Service, trust: Trust, text: str) -> Looked:
    """As `look`, with a trust at hand."""
    digest = _digest(text, trust)
    known = None if digest is None else _logged(service, digest)
    proof = None if known is None else proof_at(service, known.seq)
    evidence = Evidence(text=text, proof=proof, asked_log=known is None)
    verdict = check(evidence, trust, now=service.clock.now_ms() // 1000)
    return Looked(verdict, None if known is None else known.certificate)


async def verdict_soon(service: Service, text: str) -> Verdict:
    """As `look`, for an event loop: only what may have to wait for disk or database is given a thread.

    The check itself stays here: threads that compute take turns, and a turn is longer than a check.
    """
    now = service.clock.now_ms() // 1000
    at_hand = service.trust.at_hand(service.settings.home / TRUST)
    digest = None if at_hand is None else _digest(text, at_hand)
    place = None if digest is None else service.places.get(digest)
    if at_hand is None or (digest is not None and place is None):
        try:
            trust, place = await run_in_threadpool(_find, service, text)
        except MalanError as error:
            return could_not_trust(error, now=now)
    else:
        trust = at_hand
    proof = None if place is None else proof_at(service, place)
    evidence = Evidence(text=text, proof=proof, asked_log=place is None)
    verdict = service.told.get(evidence, trust, now=now)
    if verdict is None:
        verdict = check(evidence, trust, now=now)
        if verdict.state in LIVED:
            try:
                verdict = await run_in_threadpool(_with_life, service, evidence, trust, verdict)
            except MalanError:
                return verdict  # the state stands; why, whoever asks next may learn
        service.told.keep(evidence, trust, verdict)
    return verdict


def _with_life(service: Service, evidence: Evidence, trust: Trust, verdict: Verdict) -> Verdict:
    """The verdict again, with what was said of the certificate later: why, and which version is in force.

    Raises Unavailable of the database.
    """
    facts = verdict.facts
    if facts is None or facts.certificate is None or facts.seq is None:
        return verdict
    with service.database.reading() as connection:
        later = seqs_about(connection, f"certificate/{facts.certificate}", limit=PROOFS_MAX)
    proofs = (proof_at(service, seq) for seq in later if seq > facts.seq)
    life = tuple(one for one in proofs if one is not None)
    return check(replace(evidence, life=life), trust, now=verdict.checked_at)


def _find(service: Service, text: str) -> tuple[Trust, int | None]:
    """The trust, and the place these very bytes were logged at."""
    trust = read_trust(service)
    digest = _digest(text, trust)
    known = None if digest is None else _logged(service, digest)
    if digest is None or known is None:
        return trust, None
    service.places.keep(digest, known.seq)
    return trust, known.seq


def read_trust(service: Service) -> Trust:
    """The published trust, pinned to the genesis in the database. Raises Unavailable TRUST_MISSING."""
    if service.trust.genesis is None:
        with service.database.reading() as connection:
            genesis = TableView(connection).get(GenesisFact, "log")
        if genesis is None:
            raise Unavailable("TRUST_MISSING", "no trust bundle is published yet")
        service.trust.genesis = genesis.statement
    return service.trust.read(service.settings.home / TRUST, genesis=service.trust.genesis)


def proof_at(service: Service, seq: int) -> bytes | None:
    """The proof of an entry, None while it is not published or a file of the log cannot be read."""
    try:
        return service.log.proof(seq)
    except MalanError:
        return None


def _digest(text: str, trust: Trust) -> bytes | None:
    """The hash of the credential in a text. Unreadable texts are for the verdict to name."""
    try:
        return hashlib.sha256(parse_text(text, hosts=trust.hosts).credential).digest()
    except MalanError:
        return None


def _logged(service: Service, digest: bytes) -> _Logged | None:
    """What the bytes with this hash were logged for, and where."""
    with service.database.reading() as connection:
        view = TableView(connection)
        found = view.get(CredentialFact, digest.hex())
        fact = None if found is None else view.get(CertificateFact, found.certificate.hex())
        if found is None or fact is None:
            return None
        version = found.version or 1
        former = view.get(FormerVersion, version_key(fact.id, version))
        return _Logged(fact, fact.proof_seq if former is None else former.seq)
