"""Door: what a district's reviewer decides on: the claims that wait, and one of them looked at anew.

Promises: only claims of the reviewer's own district; the list holds nothing personal; a claim is shown with
its certificate checked again now and every other grant of the person counted now, the applicant masked, and
not before the read is recorded. The decision itself is an act the reviewer signs; nothing here decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa

from issuers.acts.words import Duty
from issuers.authority.case import officer_in_force, shanghai_date
from issuers.authority.class_facts import (
    CertificateFact,
    Claim,
    ClassFact,
    PolicyFact,
    StandardFact,
    State,
)
from issuers.credential import Credential, parse_credential
from issuers.identifiers.codes import mask_number
from issuers.identifiers.names import mask_name
from issuers.identifiers.organisations import OrganisationRole
from issuers.standard import Standard
from ledger.commitment import decode_opening
from ledger.errors import MalanError, Refused, Unavailable
from registry.callers.sessions import Principal
from registry.certificates import revisions
from registry.certificates.quarantine import in_quarantine
from registry.certificates.verifying import read_trust
from registry.persons.read_audit import record
from registry.published.finality import quorum_now
from registry.service import Service
from registry.storage.facts import TableView, all_of
from registry.storage.tables import open_claim
from registry.subsidy import holds
from registry.subsidy.desk import decision_document
from registry.subsidy.payable import payable
from verify.check import check
from verify.evidence import Evidence
from verify.subsidy.case import Case, Fact, HeldRole, Source
from verify.subsidy.policy import Policy
from verify.subsidy.rules import decide
from verify.verdict import Verdict

LISTED_MAX = 200


def open_claims(service: Service, principal: Principal) -> dict[str, object]:
    """The answer of GET /api/subsidy/open-claims; `more` when not all are shown."""
    district = open_claim.c.district == principal.party.id
    query = sa.select(open_claim.c.claim).where(district)
    query = query.order_by(open_claim.c.submitted_ms, open_claim.c.claim).limit(LISTED_MAX + 1)
    with service.database.reading() as connection:
        view = TableView(connection)
        names = [claim.hex() for claim in connection.execute(query).scalars()]
        view.expect((Claim, name) for name in names)
        waiting = [view.get(Claim, name) for name in names[:LISTED_MAX]]
        scope = _scope(view, principal, service.clock.now_ms())
        own = (one for one in waiting if one is not None and (not scope or one.project in scope))
        told = [_listed(view, claim, principal) for claim in own]
    return {"district": principal.party.id, "claims": told, "more": len(names) > LISTED_MAX}


def review(service: Service, principal: Principal, claim: bytes) -> dict[str, object]:
    """The answer of GET /api/subsidy/open-claims/{claim}.

    Raises Refused CLAIM_UNKNOWN, ACCESS_OTHER, CLAIM_CLOSED; Unavailable when opening or trust are away.
    """
    with service.database.reading() as connection:
        view = TableView(connection)
        fact, scope = view.get(Claim, claim.hex()), _scope(view, principal, service.clock.now_ms())
    if fact is None:
        raise Refused("CLAIM_UNKNOWN", "no such claim is logged")
    if fact.district != principal.party.id or (scope and fact.project not in scope):
        raise Refused("ACCESS_OTHER", "that is the business of others")
    _record(service, principal, claim)
    with service.database.reading() as connection:
        view = TableView(connection)
        row = connection.execute(sa.select(open_claim).where(open_claim.c.claim == claim)).one_or_none()
        if row is None:
            raise Refused("CLAIM_CLOSED", "the claim is decided or withdrawn")
        told = decode_opening(service.people.opening(connection, row.statement, 0)).fields
        text = {name: value for name, value in told.items() if isinstance(value, str)}
        seen = _seen(view, fact)
        person, raw = _credential(service, connection, seen.certificate)
        held = [one for one in holds.held(connection, person).values() if one != fact.project]
        policies = [Policy.from_body(one.document) for one in all_of(connection, PolicyFact)]
        listed = _listed(view, fact, principal)
        seen = replace(
            seen, final=payable(connection, quorum_now(service, connection), seen.certificate, fact)
        )
    case = _case(fact, seen, _verdict(service, seen.certificate, raw), text, tuple(held))
    return {
        **listed,
        "applicant": _masked(parse_credential(raw).claims, text),
        "decision": decision_document(decide(case, policies)),
    }


def _scope(view: TableView, principal: Principal, now_ms: int) -> tuple[str, ...]:
    """The projects the reviewer is appointed for; none named means all."""
    day = shanghai_date(now_ms)
    officer = officer_in_force(view, principal.party.id, principal.staff, Duty.REVIEWER, day)
    if officer is None:
        raise Refused("ACCESS_DUTY", "the officer signed in is not appointed for this today")
    return officer.projects


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the log says behind a claim."""

    certificate: CertificateFact
    known: ClassFact
    standard: Standard
    quarantined: bool
    final: bool | None = None


def _seen(view: TableView, claim: Claim) -> _Seen:
    certificate = view.get(CertificateFact, claim.certificate.hex())
    assert certificate is not None, "the judge has seen it"
    known = view.get(ClassFact, certificate.class_id.hex())
    assert known is not None, "the judge has seen it"
    standard = view.get(StandardFact, known.standard)
    assert standard is not None, "the judge has seen it"
    told = Standard.from_body(standard.document)
    return _Seen(certificate, known, told, in_quarantine(view, certificate))


def _record(service: Service, principal: Principal, claim: bytes) -> None:
    """Before anything of the applicant is read. Raises what keeps it from being written."""
    now_ms, what = service.clock.now_ms(), f"claim/{claim.hex()}"
    fields = "name,id_last4,organisation,role,holds"
    with service.database.transaction() as connection:
        record(
            connection,
            service.people,
            principal,
            purpose="claim-review",
            what=what,
            fields=fields,
            now_ms=now_ms,
        )


def _masked(claims: Credential, told: Mapping[str, str]) -> dict[str, object]:
    organisation = {member: told[member] for member in ("organisation", "uscc", "role", "founded_on")}
    return {
        "name": mask_name(claims.name),
        "number": mask_number(claims.number),
        "id_type": told["id_type"],
        "id_last4": told["id_number"][-4:],
        **organisation,
    }


def _listed(view: TableView, claim: Claim, principal: Principal) -> dict[str, object]:
    certificate = view.get(CertificateFact, claim.certificate.hex())
    policy = view.get(PolicyFact, claim.policy)
    assert certificate is not None and policy is not None, "the judge has seen both"
    terms = Policy.from_body(policy.document)
    return {
        "claim": claim.id.hex(),
        "project": claim.project,
        "policy": claim.policy,
        "policy_amount_fen": terms.amount_fen,
        "unconfirmed": not terms.confirmed,
        "submitted_ms": claim.submitted_ms,
        "certificate_state": certificate.state.value,
        "issued_on": certificate.issued_on.isoformat(),
        "taken_in_by_you": claim.intake_staff == principal.staff,
    }


def _credential(service: Service, connection: sa.Connection, fact: CertificateFact) -> tuple[bytes, bytes]:
    """The holder and the bytes they carry. Raises Unavailable PERSON_ERASED, OPENING_MISSING."""
    found = revisions.credential_of(connection, service.people, fact.id, fact.version)
    if found is None:
        raise Unavailable("OPENING_MISSING", "the credential is not there", fix="Run `malan fsck`.")
    return found


def _verdict(service: Service, certificate: CertificateFact, raw: bytes) -> Verdict:
    """Every step once more, today. Raises Unavailable TRUST_MISSING."""
    try:
        proof = service.log.proof(certificate.proof_seq)
    except MalanError:
        proof = None
    evidence = Evidence(credential=raw, proof=proof)
    return check(evidence, read_trust(service), now=service.clock.now_ms() // 1000)


def _case(
    claim: Claim, seen: _Seen, verdict: Verdict, told: Mapping[str, str], held: tuple[str, ...]
) -> Case:
    """The claim's opening does not say where the facts were seen, so each is as if only declared."""
    certificate, submitted = seen.certificate, shanghai_date(claim.submitted_ms)
    state = verdict.state.value.replace("_", "-")
    if seen.quarantined:
        state = "could-not-check"
    elif certificate.state is not State.VALID:
        state = certificate.state.value  # the log knows it before the next status list does
    founded_on, role = date.fromisoformat(told["founded_on"]), HeldRole(OrganisationRole(told["role"]), None)
    return Case(
        kind=certificate.kind,
        stage=seen.standard.stage,
        project=claim.project,
        issued_on=certificate.issued_on,
        verdict_state=state,
        verdict_complete=verdict.complete,
        final=seen.final,
        identity_matches=True,  # document, certificate and nullifiers agreed when it was submitted
        submitted_on=submitted,
        founded_on=Fact(founded_on, Source.SELF_DECLARED, submitted),
        role=Fact(role, Source.SELF_DECLARED, submitted),
        held_projects=held,
        held_count=len(held),
        class_started_on=seen.known.first_day,
    )
