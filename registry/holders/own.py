"""Door: what is one person's own: their certificates, and the statements that name them.

Promises: nothing of anybody else, whatever id is asked for; of an erased person nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from issuers.authority.class_facts import CertificateFact, ClassFact, StandardFact
from issuers.authority.party_facts import Party
from issuers.credential import Credential, parse_credential
from issuers.standard import Standard
from ledger.errors import MalanError, Refused
from ledger.leaf import parse_leaf
from ledger.statement import parse_statement
from ledger.store import entry
from registry.certificates import revisions
from registry.certificates.verifying import proof_at, read_trust
from registry.persons.people import People
from registry.service import Service
from registry.storage.facts import TableView
from registry.storage.tables import credential, opening
from verify.check import check
from verify.evidence import Evidence
from verify.verdict import State, Verdict


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate with all that stands behind it; `raw` are the bytes of the version in force."""

    fact: CertificateFact
    known: ClassFact
    standard: Standard
    body: Party
    institution: Party
    raw: bytes = field(repr=False)
    claims: Credential = field(repr=False)


def certificates_of(connection: sa.Connection, person: bytes) -> list[bytes]:
    """The ids of what was issued to somebody."""
    query = sa.select(credential.c.certificate).where(credential.c.person == person)
    return sorted(connection.execute(query).scalars())


def all_held(connection: sa.Connection, people: People, person: bytes) -> list[Held]:
    """Everything issued to somebody, the newest first."""
    found = [_held(connection, people, one) for one in certificates_of(connection, person)]
    return sorted(found, key=lambda one: one.fact.seq, reverse=True)


def one_held(connection: sa.Connection, people: People, person: bytes, certificate: bytes) -> Held:
    """One of theirs. Raises Refused CERTIFICATE_UNKNOWN, also for somebody else's."""
    if certificate not in certificates_of(connection, person):
        raise Refused("CERTIFICATE_UNKNOWN", "the holder has no such certificate")
    return _held(connection, people, certificate)


def verdict_on(service: Service, held: Held) -> Verdict | None:
    """What the twelve steps say now of the version in force, proof and all; None without a trust."""
    try:
        trust = read_trust(service)
    except MalanError:
        return None
    evidence = Evidence(credential=held.raw, proof=proof_at(service, held.fact.proof_seq))
    return check(evidence, trust, now=service.clock.now_ms() // 1000)


def state_of(held: Held, verdict: Verdict | None) -> State:
    """The log's word where it has one, before the next status list does; else that of the verdict."""
    if held.fact.state.value != State.VALID.value:
        return State(held.fact.state.value)
    return State.COULD_NOT_CHECK if verdict is None else verdict.state


def subjects_of(connection: sa.Connection, person: bytes) -> list[str]:
    """What the statements are about that name somebody: certificates, claims, classes."""
    query = sa.select(entry.c.leaf).join(opening, opening.c.statement == entry.c.statement_hash)
    leaves = connection.execute(query.where(opening.c.person == person)).scalars()
    return sorted({parse_statement(parse_leaf(leaf).statement).subject for leaf in leaves})


def _held(connection: sa.Connection, people: People, certificate: bytes) -> Held:
    view = TableView(connection)
    fact = view.get(CertificateFact, certificate.hex())
    assert fact is not None, "its credential is stored with it"
    known, body = view.get(ClassFact, fact.class_id.hex()), view.get(Party, fact.body)
    assert known is not None and body is not None, "the judge has seen both"
    standard, institution = view.get(StandardFact, known.standard), view.get(Party, known.institution)
    assert standard is not None and institution is not None, "the judge has seen both"
    found = revisions.credential_of(connection, people, fact.id, fact.version)
    assert found is not None, "every version in force has its credential"
    claims = parse_credential(found[1]).claims
    return Held(fact, known, Standard.from_body(standard.document), body, institution, found[1], claims)
