"""Door: the subsidy desk: a decision with reasons, what an intake officer signs, and the state of a claim.

Promises: the decision is that of `subsidy.rules` over the verdict, the facts as told and the policies in the
log; another person's certificate is answered exactly like one that does not exist, and whoever tries document
after document is stopped (`callers.misses`); nothing is held before the claim stands in the log. An answer is
advice: the guard is the table of holds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated

import sqlalchemy as sa

from issuers.acts.words import Duty
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import CertificateFact, Claim, ClassFact, PolicyFact, State
from issuers.identifiers.identity import IdNumber
from issuers.identifiers.organisations import OrganisationRole
from issuers.shape import Pattern, Size, from_map
from ledger.errors import Malformed, Refused
from registry.callers.misses import Tries
from registry.callers.requests import Asker, read_request, spend
from registry.certificates.quarantine import need_no_quarantine
from registry.certificates.verifying import Looked, look_with, read_trust
from registry.persons.people import ID_BYTES
from registry.persons.read_audit import Reader, record
from registry.persons.staff import read_document
from registry.service import Service
from registry.storage.facts import TableView, all_of
from registry.storage.tables import reservation
from registry.subsidy import holds
from verify.subsidy.case import Case, Decision, Fact, HeldRole, Source
from verify.subsidy.policy import Policy
from verify.subsidy.rules import UNKNOWN_CERTIFICATE, decide

_FIRST_DAY, _LAST_DAY = date(1850, 1, 1), date(2200, 1, 1)  # what calendars and registers can hold


class Told(StrEnum):
    """Where the intake officer has a fact from."""

    SELF_DECLARED = "self-declared"
    LICENCE_SEEN = "licence-seen"
    MARKET_REGISTRY = "market-registry"


_SOURCES = {
    Told.SELF_DECLARED: Source.SELF_DECLARED,
    Told.LICENCE_SEEN: Source.OFFICER_CHECKED,
    Told.MARKET_REGISTRY: Source.MARKET_REGISTER,
}


@dataclass(frozen=True, slots=True)
class ToldFacts:
    """About the applicant's organisation, all from one source as of one day."""

    organisation: Annotated[str, Size(1, 100)] = field(repr=False)
    uscc: Annotated[str, Size(0, 18)] = field(repr=False)
    in_shanghai: bool
    founded_on: date
    role: OrganisationRole
    role_from: date
    source: Told
    as_of: date
    role_to: date | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """The body of a request: the certificate, the applicant's document, the counter, the facts."""

    qr: Annotated[str, Size(1, 2_048)] = field(repr=False)
    id_type: Annotated[str, Size(1, 40)]
    id_number: Annotated[str, Size(1, 64)] = field(repr=False)
    channel: Annotated[str, Pattern(r"[a-z]+(-[a-z]+)*"), Size(1, 40)]
    facts: ToldFacts


@dataclass(frozen=True, slots=True)
class _Decided:
    """A decision, and whose it is when the applicant is the holder."""

    decision: Decision
    person: bytes | None = field(repr=False)
    certificate: CertificateFact | None
    known: ClassFact | None


@dataclass(frozen=True, slots=True)
class Question:
    """An intake officer's application; `asker` is who signed it, None where a session vouches."""

    reader: Reader
    application: Application
    asker: Asker | None = None


def signed_question(service: Service, raw: bytes, *, name: str) -> Question:
    """The application in a signed request. Raises as `read_request`, Refused REQUEST_SUBJECT, Malformed."""
    asker = read_request(service, raw, name=name, duties={Duty.INTAKE})
    if asker.request.claims.sub != f"party/{asker.party.id}":
        raise Refused("REQUEST_SUBJECT", "an intake officer asks for their own party", where="sub")
    return Question(asker, from_map(Application, asker.request.body, where="body"), asker)


def counter_question(reader: Reader, told: Mapping[str, object]) -> Question:
    """The application an intake officer sends who is signed in. Raises Malformed of its members."""
    return Question(reader, from_map(Application, told, where="body"))


def check_application(service: Service, question: Question) -> dict[str, object]:
    """The answer of POST /api/subsidy/check.

    Raises Malformed of dates and document, Refused REQUEST_USED; TooMany OFFICER_MISSES, CERTIFICATE_MISSES.
    """
    return decision_document(_decided(service, question, name="subsidy-check").decision)


def prepare_claim(service: Service, question: Question) -> dict[str, object]:
    """The answer of POST /api/subsidy/claims/prepare: the decision and what the claim will say.

    Raises as `check_application`, Refused CERTIFICATE_UNKNOWN (also for another holder),
    CERTIFICATE_NOT_VALID, NO_POLICY or ALREADY_CLAIMED.
    """
    decided = _decided(service, question, name="claim")
    person, certificate, known = decided.person, decided.certificate, decided.known
    if person is None or certificate is None or known is None:
        raise Refused("CERTIFICATE_UNKNOWN", "no such certificate was found")
    if certificate.state is not State.VALID:
        raise Refused("CERTIFICATE_NOT_VALID", "the certificate is suspended or revoked")
    with service.database.reading() as connection:
        need_no_quarantine(TableView(connection), certificate)
    policy = decided.decision.policy_id
    if policy is None:
        raise Refused("NO_POLICY", "no policy, or more than one, applies to the day of issue")
    with service.database.reading() as connection:
        held = holds.held(connection, person)
    free = [slot for slot in holds.SLOTS if slot not in held]
    if certificate.project in held.values() or not free:
        raise holds.already_claimed()
    key = service.secrets.nullifier
    return {
        **decision_document(decided.decision),
        "claim": os.urandom(ID_BYTES).hex(),
        "certificate": certificate.id.hex(),
        "project": certificate.project,
        "district": known.district,
        "policy": policy,
        "project_nullifier": holds.project_nullifier(key, person, certificate.project).hex(),
        "slot_nullifier": holds.slot_nullifier(key, person, free[0]).hex(),
    }


def claim_state(service: Service, claim: bytes) -> dict[str, object]:
    """The answer of GET /api/subsidy/claims/{claim}: what the log says. Raises Refused CLAIM_UNKNOWN."""
    with service.database.reading() as connection:
        fact = TableView(connection).get(Claim, claim.hex())
    if fact is None:
        raise Refused("CLAIM_UNKNOWN", "no such claim is logged")
    return {
        "claim": fact.id.hex(),
        "state": fact.state.value,
        "project": fact.project,
        "policy": fact.policy,
        "district": fact.district,
        "submitted_ms": fact.submitted_ms,
        "outcome": None if fact.outcome is None else fact.outcome.value,
        "amount_fen": fact.amount_fen,
    }


def _decided(service: Service, question: Question, *, name: str) -> _Decided:
    application = question.application
    now_ms = service.clock.now_ms()
    _check_dates(application.facts, today=shanghai_date(now_ms))
    document = read_document(application.id_type, application.id_number, now_ms=now_ms)
    # A bundle that is away says nothing about a certificate: the error goes out as it is.
    looked = look_with(service, read_trust(service), application.qr)
    person = _shown(service, question, looked, document, name, now_ms)
    if person is None or looked.certificate is None:
        return _Decided(UNKNOWN_CERTIFICATE, None, None, None)
    with service.database.reading() as connection:
        view = TableView(connection)
        known = view.get(ClassFact, looked.certificate.class_id.hex())
        held = tuple(holds.held(connection, person).values())
        policies = [Policy.from_body(one.document) for one in all_of(connection, PolicyFact)]
    case = _case(looked, known, application.facts, held, today=shanghai_date(now_ms))
    return _Decided(decide(case, policies), person, looked.certificate, known)


def _check_dates(told: ToldFacts, *, today: date) -> None:
    """Raises Malformed FACT_DATES for a day no honest source can name."""
    if told.as_of > today:
        raise Malformed("FACT_DATES", "nobody knows a fact of the future", where="body.facts.as_of")
    if told.role_to is not None and told.role_to < told.role_from:
        raise Malformed("FACT_DATES", "a role ends on or after the day it begins", where="body.facts.role_to")
    for name in ("founded_on", "role_from", "as_of"):
        if not _FIRST_DAY <= getattr(told, name) <= _LAST_DAY:
            raise Malformed("FACT_DATES", "a day out of all proportion", where=f"body.facts.{name}")


def _shown(
    service: Service, question: Question, looked: Looked, document: IdNumber, name: str, now_ms: int
) -> bytes | None:
    """The holder, if the document is theirs; whose certificate was looked up is recorded with the answer.

    Raises Refused REQUEST_USED; TooMany, when nothing is recorded: nothing was learnt either.
    """
    certificate = None if looked.certificate is None else looked.certificate.id
    tries = Tries(question.reader.staff, certificate)
    with service.database.reading() as connection:
        tries.need_room(connection, service)
    with service.database.transaction() as connection:
        if question.asker is not None:
            spend(connection, question.asker, now_ms=now_ms)
        person = _holder_shown(connection, service, looked, document)
        if person is None:
            tries.count_miss(connection, service)
        else:  # who is right passes only where a guess would: what came meanwhile is counted by now
            tries.need_room(connection, service)
        what = "certificate/unknown" if certificate is None else f"certificate/{certificate.hex()}"
        fields, reader = "identity,holds", question.reader
        record(connection, service.people, reader, purpose=name, what=what, fields=fields, now_ms=now_ms)
    return person


def _holder_shown(
    connection: sa.Connection, service: Service, looked: Looked, document: IdNumber
) -> bytes | None:
    """What is answered like an unknown certificate is None here, so that counting tells it apart no more."""
    person = service.people.find(connection, document)
    holder = None if looked.certificate is None else _holder(connection, looked.certificate.id)
    return person if person == holder and looked.verdict.facts is not None else None


def _case(
    looked: Looked, known: ClassFact | None, told: ToldFacts, held: tuple[str, ...], *, today: date
) -> Case:
    facts, verdict, certificate = looked.verdict.facts, looked.verdict, looked.certificate
    assert facts is not None and certificate is not None
    source, as_of = _SOURCES[told.source], told.as_of
    return Case(
        kind=facts.kind,
        stage=facts.stage,
        project=certificate.project,
        issued_on=certificate.issued_on,
        verdict_state=verdict.state.value.replace("_", "-"),
        verdict_complete=verdict.complete,
        final=verdict.final if verdict.witnesses else None,
        identity_matches=True,
        submitted_on=today,
        in_shanghai=Fact(told.in_shanghai, source, as_of),
        founded_on=Fact(told.founded_on, source, as_of),
        role=Fact(HeldRole(told.role, told.role_from, told.role_to), source, as_of),
        held_projects=held,
        held_count=len(held),
        class_started_on=None if known is None else known.first_day,
    )


def decision_document(decision: Decision) -> dict[str, object]:
    findings = [
        {
            "rule": one.rule.value,
            "answer": one.answer.value,
            "code": one.code,
            "zh": one.reason_zh,
            "en": one.reason_en,
            "evidence": dict(one.evidence),
        }
        for one in decision.findings
    ]
    return {
        "outcome": decision.outcome.value,
        "findings": findings,
        "policy": decision.policy_id,
        "amount_fen": decision.amount_fen,
        "first_day": None if decision.first_day is None else decision.first_day.isoformat(),
        "last_day": None if decision.last_day is None else decision.last_day.isoformat(),
        "unconfirmed": decision.policy_id is not None and not decision.confirmed,
    }


def _holder(connection: sa.Connection, certificate: bytes) -> bytes | None:
    query = sa.select(reservation.c.person).where(reservation.c.certificate == certificate)
    found: bytes | None = connection.execute(query).scalar_one_or_none()
    return found
