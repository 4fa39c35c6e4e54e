"""Door: effects of roster, sheet and result: persons found or made, openings sealed, the result recomputed.

Promises: what is stored was opened against the signed commitments before; a value that is not in its one
normal form is refused, so that a person cannot be two; a confirmed result is the one the sheets add up to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import ClassFact, StandardFact
from issuers.evidence import Trainee
from issuers.identifiers.codes import check_uscc
from issuers.identifiers.identity import IdNumber, normalise
from issuers.identifiers.names import check_name, check_text
from issuers.office.roster import ORGANISATION_MAX
from issuers.shape import from_map
from issuers.standard import Standard, check_marks, evaluate
from ledger.commitment import decode_opening
from ledger.errors import Malformed, Refused
from registry.storage.tables import candidate as candidate_table
from registry.writing.effects.deed import Deed


def roster(deed: Deed) -> None:
    """Every trainee is a person with a candidate id of this class.

    Raises Refused PERSON_TWICE, CANDIDATE_TWICE, VALUE_FORM, ATTENDED_RANGE; Malformed of name or document.
    """
    known = _class_of(deed)
    standard = _standard(deed, known)
    persons: list[bytes] = []
    rows: list[dict[str, object]] = []
    for place, opened in enumerate(deed.openings):
        where = f"openings[{place}]"
        trainee = from_map(Trainee, opened.fields, where=where)
        document = _checked(deed, trainee, where)
        if trainee.attended > standard.hours:
            raise Refused("ATTENDED_RANGE", "more hours than the standard has", where=f"{where}.attended")
        person = deed.people.find_or_add(deed.connection, document)
        if person in persons:
            raise Refused("PERSON_TWICE", "one person stands in the roster twice", where=where)
        if any(row["candidate"] == trainee.candidate for row in rows):
            raise Refused("CANDIDATE_TWICE", "two entries have one candidate id", where=where)
        persons.append(person)
        rows.append(
            {
                "class_id": known.id,
                "candidate": trainee.candidate,
                "person": person,
                "roster": deed.statement.hash,
                "place": place,
            }
        )
    deed.connection.execute(sa.insert(candidate_table), rows)
    deed.keep(persons)


def sheet(deed: Deed) -> None:
    """Marks are for candidates of the roster, each once, within the standard.

    Raises Refused CANDIDATE_UNKNOWN, CANDIDATE_TWICE, MARK_FORM, SCORES_THEMSELVES; Malformed MARK_RANGE.
    """
    known = _class_of(deed)
    standard = _standard(deed, known)
    people = _people_of_class(deed, known.id)
    persons: list[bytes] = []
    for place, opened in enumerate(deed.openings):
        where = f"openings[{place}]"
        marks = dict(opened.fields)
        named = marks.pop("candidate")
        if type(named) is not bytes or named not in people:
            raise Refused("CANDIDATE_UNKNOWN", "a mark is for somebody who is not on the roster", where=where)
        if people[named] in persons:
            raise Refused("CANDIDATE_TWICE", "a candidate is scored twice in one sheet", where=where)
        _check_marks(standard, marks, where)
        persons.append(people[named])
    if deed.signer in persons:
        raise Refused("SCORES_THEMSELVES", "an evaluator stands on their own sheet")
    deed.keep(persons)


def evaluation_confirmed(deed: Deed) -> None:
    """The result is the one the opened sheets add up to under the pinned standard.

    Raises Refused RESULT_MISMATCH, CONFIRMS_THEMSELVES; Unavailable PERSON_ERASED when an opening is gone.
    """
    known = _class_of(deed)
    if deed.signer in _people_of_class(deed, known.id).values():
        raise Refused("CONFIRMS_THEMSELVES", "the signatory is a trainee of the class")
    assert known.roster is not None, "the judge has seen a roster"
    attended: dict[bytes, int] = {}
    for raw in deed.people.openings(deed.connection, known.roster):
        trainee = from_map(Trainee, decode_opening(raw).fields, where="roster")
        attended[trainee.candidate] = trainee.attended
    sheets = {ref.statement: _marks(deed, ref.statement) for ref in known.sheets}
    results = evaluate(_standard(deed, known), sheets, attended)
    passed = {one for one, result in results.items() if result.passed}
    if passed != set(deed.act.passed):
        raise Refused(
            "RESULT_MISMATCH",
            "the sheets add up to another result",
            where="passed",
            fix="Compute the result from the sheets in the log.",
        )


def _marks(deed: Deed, statement: bytes) -> dict[bytes, dict[str, int]]:
    """A stored sheet, opened; its values were checked when it was taken."""
    found = {}
    for raw in deed.people.openings(deed.connection, statement):
        row: dict[str, Any] = dict(decode_opening(raw).fields)
        found[row.pop("candidate")] = row
    return found


def _check_marks(standard: Standard, marks: Mapping[str, object], where: str) -> None:
    whole = {key: mark for key, mark in marks.items() if type(mark) is int}
    if len(whole) < len(marks):
        raise Refused("MARK_FORM", "a mark is a whole number of tenths", where=where)
    try:
        check_marks(standard, whole)
    except Malformed as error:
        raise Refused(error.code, error.what, where=f"{where}.{error.where}") from error


def _checked(deed: Deed, trainee: Trainee, where: str) -> IdNumber:
    """The document, after every value was found to be in its one normal form."""
    document = normalise(trainee.id_type, trainee.id_number, today=shanghai_date(deed.time_ms))
    forms = {
        "id_number": (document.number, trainee.id_number),
        "name": (check_name(trainee.name).shown, trainee.name),
        "organisation": (check_text(trainee.organisation, ORGANISATION_MAX), trainee.organisation),
        "uscc": (check_uscc(trainee.uscc).code if trainee.uscc else "", trainee.uscc),
    }
    for name, (normal, given) in forms.items():
        if normal != given:
            raise Refused("VALUE_FORM", "a value is not in its normal form", where=f"{where}.{name}")
    return document


def _class_of(deed: Deed) -> ClassFact:
    return deed.need(ClassFact, deed.statement.subject.removeprefix("class/"))


def _standard(deed: Deed, known: ClassFact) -> Standard:
    return Standard.from_body(deed.need(StandardFact, known.standard).document)


def _people_of_class(deed: Deed, class_id: bytes) -> dict[bytes, bytes]:
    table = candidate_table
    query = sa.select(table.c.candidate, table.c.person).where(table.c.class_id == class_id)
    return {row.candidate: row.person for row in deed.connection.execute(query)}
