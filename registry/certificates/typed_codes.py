"""Door: what anybody with the 16 digits may know: masked, with the state of that very version and its proof.

Promises: a code of a former version is answered as superseded, with the version in force and its date; a code
that is held and not issued, or whose holder was erased, is answered like one that was never given out.
"""

from __future__ import annotations

import sqlalchemy as sa

from issuers.acts.reasons import National, cause_of_state
from issuers.authority.class_facts import (
    CertificateFact,
    ClassFact,
    FormerVersion,
    StandardFact,
    State,
    version_key,
)
from issuers.authority.party_facts import Party
from issuers.base64url import to_b64
from issuers.credential import Credential, parse_credential
from issuers.identifiers.codes import mask_number
from issuers.identifiers.names import mask_name
from issuers.identifiers.numbers import check_code
from issuers.standard import Standard
from ledger.errors import MalanError, Refused, Unavailable
from ledger.leaf import Leaf, parse_leaf
from ledger.statement import Statement, parse_statement
from ledger.store import read_leaves
from registry.certificates import revisions
from registry.certificates.verifying import proof_at, read_trust
from registry.published.standing import entry_standing
from registry.service import Service
from registry.storage.facts import TableView
from registry.storage.places import seqs_about
from verify.check import check
from verify.evidence import Evidence
from verify.life import PROOFS_MAX
from verify.verdict import State as VerdictState


def public_answer(service: Service, code: str) -> dict[str, object]:
    """What anybody with the 16 digits may know. Raises Malformed CODE_…; Refused CERTIFICATE_UNKNOWN.

    A code that is reserved but not issued, or whose holder was erased, is answered like one that is not.
    """
    typed = check_code(code)
    with service.database.reading() as connection:
        view = TableView(connection)
        certificate, version = revisions.of_code(connection, service.people, typed) or (b"", 0)
        fact = view.get(CertificateFact, certificate.hex())
        if fact is None or version > fact.version:
            raise _unknown()
        raw = _credential(service, connection, fact, version)
        shown = _masked(view, fact, parse_credential(raw).claims)
        seq = _seq_of(view, fact, version)
        leaf = _leaf(connection, seq)
        followed = None
        if version < fact.version:
            followed = parse_statement(_leaf(connection, _seq_of(view, fact, version + 1)).statement)
        later = seqs_about(connection, f"certificate/{fact.id.hex()}", limit=PROOFS_MAX)
    proof = proof_at(service, seq)
    state = _state(service, fact, version, raw, proof)
    return {
        **shown,
        **_life_document(fact, state, version, followed),
        "seq": seq,
        "logged_ms": leaf.time_ms,
        "witnessed": entry_standing(service, seq),
        "proof": None if proof is None else to_b64(proof),
        "life": [one for one in later if one > seq],
    }


def _life_document(
    fact: CertificateFact, state: str, version: int, followed: Statement | None
) -> dict[str, object]:
    """State, why, its national code, and which version is in force since when.

    `followed`: the act that made the version after this one. It says why this one is superseded; what the
    certificate keeps as its reason may be of a later act.
    """
    reason = fact.reason
    if state == VerdictState.SUPERSEDED.value and followed is not None:
        reason = str(followed.body["reason"])
    cause = None if reason is None else cause_of_state(state, reason)
    current = fact.renewed.on if fact.renewed is not None else fact.issued_on
    national = National.IN_FORCE if state == State.VALID.value else None
    status = national if cause is None else cause.national
    return {
        "state": state,
        "reason": None if cause is None else reason,
        "reason_zh": None if cause is None else cause.zh,
        "reason_en": None if cause is None else cause.en,
        "national": None if status is None else status.value,
        "version": version,
        "current_version": fact.version,
        "current_on": current.isoformat(),
    }


def _leaf(connection: sa.Connection, seq: int) -> Leaf:
    (data,) = read_leaves(connection, seq, seq + 1)
    return parse_leaf(data)


def _seq_of(view: TableView, fact: CertificateFact, version: int) -> int:
    """The leaf that names the credential of a version."""
    if version == fact.version:
        return fact.proof_seq
    former = view.get(FormerVersion, version_key(fact.id, version))
    if former is None:
        raise _unknown()
    return former.seq


def _state(service: Service, fact: CertificateFact, version: int, raw: bytes, proof: bytes | None) -> str:
    """What the log says already, else the verdict's word: it knows of ends and of compromised keys."""
    if version < fact.version and fact.state in (State.VALID, State.SUSPENDED):
        return VerdictState.SUPERSEDED.value
    if fact.state is not State.VALID:
        return fact.state.value
    try:
        trust = read_trust(service)
    except MalanError:
        return VerdictState.COULD_NOT_CHECK.value
    evidence = Evidence(credential=raw, proof=proof)
    return check(evidence, trust, now=service.clock.now_ms() // 1000).state.value


def _credential(service: Service, connection: sa.Connection, fact: CertificateFact, version: int) -> bytes:
    try:
        found = revisions.credential_of(connection, service.people, fact.id, version)
    except Unavailable as error:
        raise _unknown() from error
    if found is None:
        raise _unknown()
    return found[1]


def _masked(view: TableView, fact: CertificateFact, claims: Credential) -> dict[str, object]:
    known, body = view.get(ClassFact, fact.class_id.hex()), view.get(Party, fact.body)
    assert known is not None and body is not None
    standard = view.get(StandardFact, known.standard)
    assert standard is not None
    course = Standard.from_body(standard.document)
    return {
        "certificate": fact.id.hex(),
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


def _unknown() -> Refused:
    return Refused("CERTIFICATE_UNKNOWN", "no certificate has this code")
