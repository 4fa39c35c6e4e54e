"""Door: the chain behind a certificate, and the chain a class carries, each link an entry of the log.

Promises: a node says what its entry in the log says, with place, time, signer, statement hash and where its
proof is; a link `holds` when the entry itself names the next by hash or id, read from the signed bytes. Names
and numbers are masked, and the read is recorded before the answer. Only the reader's own district.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from issuers.authority.class_facts import (
    CertificateFact,
    Claim,
    ClaimedCertificate,
    ClassFact,
    PolicyFact,
    StandardFact,
)
from issuers.standard import Standard
from ledger.errors import Refused, Unavailable
from registry.facts import TableView
from registry.read_audit import Reader, record
from registry.service import Service
from registry.supervision.holders import certificate_of, own_certificate, paper_of
from registry.supervision.spoken import (
    Said,
    party_shown,
    said_about,
    said_as,
    said_at,
    shown,
)
from registry.supervision.ward import Ward, own_class, ward_of

SMALL: Final = 5  # fewer candidates than this: how many passed would tell who failed
MASKED: Final = "name_masked,number_masked"

Node = dict[str, Any]


def trace_typed(service: Service, reader: Reader, typed: str) -> Node:
    """The trace of the certificate whose number or code somebody typed. Raises as `trace_certificate`."""
    return _traced(service, reader, lambda connection, ward: certificate_of(service, connection, ward, typed))


def trace_certificate(service: Service, reader: Reader, certificate: bytes) -> Node:
    """The trace of a certificate of the reader's district.

    Raises Refused ACCESS_DUTY, CERTIFICATE_UNKNOWN; the read is recorded, or nothing is shown.
    """
    return _traced(
        service,
        reader,
        lambda connection, ward: own_certificate(TableView(connection), ward, certificate),
    )


def trace_class(service: Service, reader: Reader, class_id: bytes) -> Node:
    """What stands behind a class: result, sheets, roster, opening, accreditation, standard; nobody's name.

    Raises Refused ACCESS_DUTY, CLASS_UNKNOWN.
    """
    published = service.log.size()
    with service.database.reading() as connection:
        ward = ward_of(service, connection, reader)
        view = TableView(connection)
        known = own_class(view, ward, class_id)
        nodes = _Trace(connection, view, published).behind(known)
    return {"class": class_id.hex(), "district": ward.district.id, "published": published, "nodes": nodes}


def _traced(service: Service, reader: Reader, find: Callable[[sa.Connection, Ward], CertificateFact]) -> Node:
    published = service.log.size()
    with service.book.lock:
        service.book.carry_on(service.database, service.origin, seconds=2.0)
    unknown, fact = None, None
    with service.database.transaction() as connection:
        ward = ward_of(service, connection, reader)
        try:
            fact = find(connection, ward)
        except Refused as error:
            unknown = error  # recorded as well: a refusal answers a guess, too
        what = f"certificate/{'unknown' if fact is None else fact.id.hex()}"
        now_ms = service.clock.now_ms()
        record(connection, service.people, reader, purpose="trace", what=what, fields=MASKED, now_ms=now_ms)
    if fact is None:
        assert unknown is not None
        raise unknown
    with service.database.reading() as connection:
        view = TableView(connection)
        fact = own_certificate(view, ward, fact.id)
        paper = paper_of(service, connection, fact)
        known = own_class(view, ward, fact.class_id)
        trace = _Trace(connection, view, published)
        masked = None if paper is None else paper.masked()
        nodes = [trace.certificate(fact, known, masked), *trace.behind(known), *trace.claim(fact)]
    return {
        "certificate": fact.id.hex(),
        "class": known.id.hex(),
        "district": ward.district.id,
        "published": published,
        "nodes": nodes,
    }


class _Trace:
    """Builds nodes from one moment of the database."""

    def __init__(self, connection: sa.Connection, view: TableView, published: int) -> None:
        self._connection, self._view, self._published = connection, view, published

    def certificate(self, fact: CertificateFact, known: ClassFact, masked: dict[str, object] | None) -> Node:
        issued = said_at(self._connection, fact.seq)
        later = said_about(self._connection, f"certificate/{fact.id.hex()}")
        body = issued.statement.body
        return self._node(
            "certificate",
            fact.id.hex(),
            [issued, *later],
            facts={
                "state": fact.state.value,
                "reason": fact.reason,
                "kind": fact.kind.value,
                "issued_on": fact.issued_on.isoformat(),
                "expires_on": None if fact.expires_on is None else fact.expires_on.isoformat(),
                "credential": fact.credential.hex(),
                "status_place": f"{fact.status_list}/{fact.status_index}",
                "erased": masked is None,
                **(masked or {}),
            },
            holds={"evaluation": body.get("evaluation") == known.evaluation, "class": _in(body, known)},
        )

    def behind(self, known: ClassFact) -> list[Node]:
        """From the result back to the standard."""
        return [
            *self._evaluation(known),
            *self._sheets(known),
            *self._roster(known),
            self._opening(known),
            self._accreditation(known),
            self._body(known),
            self._standard(known),
        ]

    def claim(self, fact: CertificateFact) -> list[Node]:
        """The application for money that rests on the certificate, if one does."""
        claimed = self._view.get(ClaimedCertificate, fact.id.hex())
        claim = None if claimed is None else self._view.get(Claim, claimed.claim.hex())
        if claim is None:
            return []
        said = said_about(self._connection, f"claim/{claim.id.hex()}")
        policy = self._view.get(PolicyFact, claim.policy)
        facts = {
            "unconfirmed": policy is None or policy.document.get("confirmed") is not True,
            "state": claim.state.value,
            "policy": claim.policy,
            "district": party_shown(self._view, claim.district),
            "amount_fen": claim.amount_fen,
        }
        names = bool(said) and said[0].statement.body.get("certificate") == fact.id
        return [self._node("claim", claim.id.hex(), said, facts=facts, holds={"certificate": names})]

    def _evaluation(self, known: ClassFact) -> list[Node]:
        said = None if known.evaluation is None else said_as(self._connection, known.evaluation)
        if said is None:
            return []
        body = said.statement.body
        passed, sheets = body.get("passed"), body.get("sheets")
        small = known.candidates < SMALL
        facts: dict[str, object] = {"small": small, "sheets": len(known.sheets)}
        if not small:
            facts |= {
                "candidates": known.candidates,
                "passed": len(passed) if isinstance(passed, list) else None,
            }
        named = {sheet.statement for sheet in known.sheets}
        holds = {
            "sheets": isinstance(sheets, list) and named == set(sheets),
            "roster": body.get("roster") == known.roster,
            "standard": body.get("standard") == known.standard,
        }
        return [self._node("evaluation", said.statement.hash.hex(), [said], facts=facts, holds=holds)]

    def _sheets(self, known: ClassFact) -> list[Node]:
        nodes = []
        for sheet in known.sheets:
            said = said_as(self._connection, sheet.statement)
            if said is not None:
                facts: dict[str, object] = {"staff": sheet.staff.hex()}
                if known.candidates >= SMALL:
                    facts["scored"] = sheet.count
                holds = {"roster": said.statement.body.get("roster") == known.roster}
                name = said.statement.hash.hex()
                nodes.append(self._node("sheet", name, [said], facts=facts, holds=holds))
        return nodes

    def _roster(self, known: ClassFact) -> list[Node]:
        said = None if known.roster is None else said_as(self._connection, known.roster)
        if said is None:
            return []
        subject = said.statement.subject == f"class/{known.id.hex()}"
        return [self._node("roster", said.statement.hash.hex(), [said], facts={}, holds={"class": subject})]

    def _opening(self, known: ClassFact) -> Node:
        said = said_at(self._connection, known.opened_seq)
        facts = {
            "institution": party_shown(self._view, known.institution),
            "district": party_shown(self._view, known.district),
            "body": party_shown(self._view, known.body),
            "project": known.project,
            "instructors": [one.hex() for one in known.instructors],
            "first_day": known.first_day.isoformat(),
            "last_day": known.last_day.isoformat(),
        }
        holds = {
            "institution": said.statement.issuer == known.institution,
            "standard": said.statement.body.get("standard") == known.standard,
        }
        return self._node("class", known.id.hex(), [said], facts=facts, holds=holds)

    def _accreditation(self, known: ClassFact) -> Node:
        """Every decision on institution and project; in force is the last before the class was opened."""
        name = f"{known.institution}/{known.project}"
        said = said_about(self._connection, f"accreditation/{name}")
        before = [one for one in said if one.leaf.seq < known.opened_seq]
        last = before[-1] if before else None
        granted = last is not None and last.statement.kind == "institution-accredited"
        terms = {} if last is None or not granted else last.statement.body
        covers = str(terms.get("first_day")) <= known.first_day.isoformat() <= str(terms.get("last_day"))
        facts = {
            "institution": party_shown(self._view, known.institution),
            "project": known.project,
            "first_day": terms.get("first_day"),
            "last_day": terms.get("last_day"),
            "in_force_seq": None if last is None else last.leaf.seq,
        }
        return self._node(
            "accreditation",
            name,
            said,
            facts=facts,
            holds={
                "class": granted and covers,
                "district": last is not None and last.statement.issuer == known.district,
            },
        )

    def _body(self, known: ClassFact) -> Node:
        """The appointment of the evaluation body, as the city's acts say it."""
        said = [
            one
            for one in said_about(self._connection, f"party/{known.body}")
            if one.statement.kind in ("body-appointed", "body-suspended")
        ]
        facts = {"body": party_shown(self._view, known.body)}
        covers = any(
            one.statement.kind == "body-appointed" and known.project in _listed(one, "projects")
            for one in said
        )
        return self._node("body", known.body, said, facts=facts, holds={"project": covers})

    def _standard(self, known: ClassFact) -> Node:
        said = said_about(self._connection, f"standard/{known.standard}")
        fact = self._view.get(StandardFact, known.standard)
        if fact is None:
            raise Unavailable("STANDARD_MISSING", "the standard of a class is not there", fix="Run fsck.")
        standard = Standard.from_body(fact.document)
        facts = {
            "zh": standard.title,
            "en": standard.title_en,
            "version": standard.version,
            "hours": standard.hours,
            "project": standard.project,
        }
        return self._node(
            "standard",
            known.standard,
            said,
            facts=facts,
            holds={"project": standard.project == known.project},
        )

    def _node(
        self, kind: str, name: str, said: list[Said], *, facts: dict[str, Any], holds: dict[str, bool]
    ) -> Node:
        entries = [shown(self._connection, self._view, one, published=self._published) for one in said]
        return {"node": kind, "id": name, "facts": facts, "holds": holds, "entries": entries}


def _in(body: Any, known: ClassFact) -> bool:
    return bool(body.get("class_id") == known.id)


def _listed(said: Said, name: str) -> list[object]:
    found = said.statement.body.get(name)
    return list(found) if isinstance(found, list | tuple) else []
