"""Door: the verdict on a QR text with all the service has: bundle, log, proof; and the masked public answer.

Promises the very steps of `verify.check`, fed from the published files; the database only says where in the
log to look. A text is never stored or logged.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool

from issuers.authority.class_facts import (
    CertificateFact,
    ClassFact,
    CredentialFact,
    StandardFact,
    State,
)
from issuers.authority.party_facts import GenesisFact, Party
from issuers.base64url import to_b64
from issuers.credential import Credential, parse_credential
from issuers.identifiers.codes import mask_number
from issuers.identifiers.names import mask_name
from issuers.identifiers.numbers import check_code
from issuers.qr import parse_text
from issuers.standard import Standard
from ledger.errors import MalanError, Refused, Unavailable
from registry.certificates import reservations
from registry.service import Service
from registry.storage.facts import TableView
from registry.storage.tables import credential as credential_table
from verify.check import check
from verify.evidence import Evidence
from verify.findings import could_not_trust
from verify.trust import Trust
from verify.verdict import State as VerdictState
from verify.verdict import Verdict

TRUST: Final = "trust.cbor"


@dataclass(frozen=True, slots=True)
class Looked:
    """A verdict, and the certificate of the log it is about, if there is one."""

    verdict: Verdict = field(repr=False)
    certificate: CertificateFact | None


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
    proof = None if known is None else _proof(service, known.seq)
    evidence = Evidence(text=text, proof=proof, asked_log=known is None)
    return Looked(check(evidence, trust, now=service.clock.now_ms() // 1000), known)


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
    proof = None if place is None else _proof(service, place)
    evidence = Evidence(text=text, proof=proof, asked_log=place is None)
    verdict = service.told.get(evidence, trust, now=now)
    if verdict is None:
        verdict = check(evidence, trust, now=now)
        service.told.keep(evidence, trust, verdict)
    return verdict


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


def public_answer(service: Service, code: str) -> dict[str, object]:
    """What anybody with the 16 digits may know. Raises Malformed CODE_…; Refused CERTIFICATE_UNKNOWN.

    A code that is reserved but not issued, or whose holder was erased, is answered like one that is not.
    """
    typed = check_code(code)
    with service.database.reading() as connection:
        view = TableView(connection)
        certificate = reservations.certificate_of_code(connection, service.people, typed)
        fact = None if certificate is None else view.get(CertificateFact, certificate.hex())
        if fact is None:
            raise _unknown()
        raw = _credential(service, connection, fact)
        shown = _masked(view, fact, parse_credential(raw).claims)
    proof = _proof(service, fact.seq)
    return {
        **shown,
        "state": _state(service, fact, raw, proof),
        "seq": fact.seq,
        "logged_ms": fact.time_ms,
        "proof": None if proof is None else to_b64(proof),
    }


def _state(service: Service, fact: CertificateFact, raw: bytes, proof: bytes | None) -> str:
    """What the log says already, else the verdict's word: it knows of ends and of compromised keys."""
    if fact.state is not State.VALID:
        return fact.state.value
    try:
        trust = read_trust(service)
    except MalanError:
        return VerdictState.COULD_NOT_CHECK.value
    evidence = Evidence(credential=raw, proof=proof)
    return check(evidence, trust, now=service.clock.now_ms() // 1000).state.value


def _proof(service: Service, seq: int) -> bytes | None:
    """The proof of an entry, None while it is not published or a file of the log cannot be read."""
    try:
        return service.log.proof(seq)
    except MalanError:
        return None


def _credential(service: Service, connection: sa.Connection, fact: CertificateFact) -> bytes:
    row = connection.execute(
        sa.select(credential_table).where(credential_table.c.certificate == fact.id)
    ).one_or_none()
    if row is None:
        raise _unknown()
    try:
        place = (fact.id,)
        return service.people.unseal(connection, row.person, row.sealed, table="credential", place=place)
    except Unavailable as error:
        raise _unknown() from error


def _masked(view: TableView, fact: CertificateFact, claims: Credential) -> dict[str, object]:
    known, body = view.get(ClassFact, fact.class_id.hex()), view.get(Party, fact.body)
    assert known is not None and body is not None
    standard = view.get(StandardFact, known.standard)
    assert standard is not None
    course = Standard.from_body(standard.document)
    return {
        "certificate": fact.id.hex(),
        "reason": fact.reason,
        "name": mask_name(claims.name),
        "number": mask_number(claims.number),
        "kind": fact.kind.value,
        "course": course.title,
        "course_en": course.title_en,
        "hours": course.hours,
        "body": {"id": body.id, "zh": body.name, "en": body.name_en},
        "issued_on": fact.issued_on.isoformat(),
        "expires_on": None if fact.expires_on is None else fact.expires_on.isoformat(),
    }


def _digest(text: str, trust: Trust) -> bytes | None:
    """The hash of the credential in a text. Unreadable texts are for the verdict to name."""
    try:
        return hashlib.sha256(parse_text(text, hosts=trust.hosts).credential).digest()
    except MalanError:
        return None


def _logged(service: Service, digest: bytes) -> CertificateFact | None:
    """The certificate the bytes with this hash were logged for."""
    with service.database.reading() as connection:
        view = TableView(connection)
        found = view.get(CredentialFact, digest.hex())
        return None if found is None else view.get(CertificateFact, found.certificate.hex())


def _unknown() -> Refused:
    return Refused("CERTIFICATE_UNKNOWN", "no certificate has this code")
