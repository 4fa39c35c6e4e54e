"""Door: what stands behind the commitments of a class, for those whose duty it is to see it.

Promises: who asks sees what their duty needs and no more; the read is recorded and committed before anything
is shown. What is shown opens the signed commitments, or the reader's own check says so.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa

from issuers.acts import read_act
from issuers.acts.words import Duty
from issuers.authority.case import officer_in_force, shanghai_date
from issuers.authority.class_facts import ClassFact
from issuers.authority.erasure_facts import Erased, erased_key
from issuers.authority.view import View
from issuers.evidence_document import Evidence, EvidenceStatement, to_json
from ledger.errors import Malformed, Refused, Unavailable
from ledger.leaf import parse_leaf
from ledger.statement import Statement, parse_statement
from registry.callers.requests import Asker, need_scope, read_request, spend
from registry.callers.subjects import hex_id
from registry.persons.read_audit import record
from registry.service import Service
from registry.storage.facts import TableView
from registry.storage.places import leaves_of_class

# What each duty sees: kinds of acts, all with their openings. An evaluator does not see another's marks.
_ROSTER = frozenset({"class-opened", "roster"})
_RESULT = _ROSTER | {"sheet", "evaluation-confirmed"}
_ALL = _RESULT | {"certificate-issued", "number-voided"}
SEEN = {
    Duty.SUPERVISOR: _ALL,
    Duty.SIGNATORY: _RESULT,
    Duty.EVALUATOR: _ROSTER,
    Duty.REGISTRAR: _ROSTER,
}


def export(service: Service, raw: bytes) -> bytes:
    """The answer of POST /api/classes/evidence: the document of `issuers.evidence_document`.

    Raises as `read_request`, Refused REQUEST_USED, CLASS_UNKNOWN or EVIDENCE_OTHER (a class of others).
    """
    asker = read_request(service, raw, name="evidence", duties=SEEN.keys())
    if asker.request.body:
        raise Malformed("REQUEST_BODY", "the body is empty", where="body")
    class_id = hex_id(asker.request.claims.sub, "class")
    with service.database.transaction() as connection:
        now_ms = service.clock.now_ms()
        spend(connection, asker, now_ms=now_ms)
        view = TableView(connection)
        known = view.get(ClassFact, class_id.hex())
        if known is None:
            raise Refused("CLASS_UNKNOWN", "no such class was opened")
        kinds = _kinds_for(view, asker, known, shanghai_date(now_ms))
        record(
            connection,
            service.people,
            asker,
            purpose="evidence",
            what=f"class/{class_id.hex()}",
            fields=",".join(sorted(kinds)),
            now_ms=now_ms,
        )
    return document_of(service, class_id, kinds)


def export_for_operator(service: Service, class_id: bytes) -> bytes:
    """Everything of a class, for `malan evidence`; recorded as read by the operator. Raises CLASS_UNKNOWN."""
    with service.database.transaction() as connection:
        if TableView(connection).get(ClassFact, class_id.hex()) is None:
            raise Refused("CLASS_UNKNOWN", "no such class was opened")
        fields, now_ms = ",".join(sorted(_ALL)), service.clock.now_ms()
        what = f"class/{class_id.hex()}"
        record(connection, service.people, None, purpose="evidence", what=what, fields=fields, now_ms=now_ms)
    return document_of(service, class_id, _ALL)


def _kinds_for(view: View, asker: Asker, known: ClassFact, day: date) -> Collection[str]:
    """The most any duty of the asker shows of this class. Raises Refused EVIDENCE_OTHER, OFFICER_SCOPE."""
    own = {
        Duty.SUPERVISOR: known.district,
        Duty.SIGNATORY: known.body,
        Duty.EVALUATOR: known.body,
        Duty.REGISTRAR: known.institution,
    }
    for duty, kinds in SEEN.items():
        if duty in asker.duties and own[duty] == asker.party.id:
            need_scope(officer_in_force(view, asker.party.id, asker.staff, duty, day), known)
            return kinds
    raise Refused("EVIDENCE_OTHER", "the class is the business of others")


def document_of(service: Service, class_id: bytes, kinds: Collection[str]) -> bytes:
    """The document of a class. Whoever calls has recorded the read, and knows the reader may see it."""
    shown = []
    with service.database.reading() as connection:
        for data in leaves_of_class(connection, class_id):
            leaf = parse_leaf(data)
            statement = parse_statement(leaf.statement)
            if statement.kind in kinds:
                openings = _openings(service, connection, statement)
                shown.append(EvidenceStatement(leaf.seq, leaf.time_ms, leaf.statement, openings))
    return to_json(Evidence(class_id, tuple(shown)))


def _openings(service: Service, connection: sa.Connection, statement: Statement) -> tuple[bytes, ...]:
    """One for each entry, empty where an order has erased it. Raises Unavailable OPENING_MISSING."""
    view, people = TableView(connection), service.people
    kept = people.openings_by_place(connection, statement.hash)
    found = []
    for place in range(len(getattr(read_act(statement), "entries", ()))):
        if place not in kept and view.get(Erased, erased_key(statement.hash, place)) is None:
            raise Unavailable("OPENING_MISSING", "an opening is not there", fix="Run `malan fsck`.")
        found.append(kept.get(place, b""))
    return tuple(found)
