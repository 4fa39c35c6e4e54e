"""The evidence of a class, opened: what stands behind its commitments, and what follows from it. Pure.

Promises: nothing personal is handed on before it opened the commitment that was signed; a mismatch is named
by class, seq, entry and field, never by its content. Knows nothing of the log: that these statements stand in
it, and that nobody left one out, is for the audit to check. The document is `issuers.evidence_document`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, TypeVar

from issuers.acts import read_act
from issuers.acts.certificates import CertificateIssued, NumberVoided
from issuers.acts.classes import EvaluationConfirmed, Roster, Sheet
from issuers.acts.words import COMMITTED
from issuers.authority.erasure_facts import Erased, erased_key
from issuers.authority.view import View
from issuers.evidence_document import Evidence, EvidenceStatement, from_json, to_json
from issuers.identifiers.identity import IdType
from issuers.identifiers.organisations import OrganisationRole
from issuers.shape import Id16, Range, Size, from_map
from issuers.standard import Component, Result, Standard, evaluate
from ledger.commitment import Opening, check_opening, decode_opening
from ledger.errors import MalanError, Malformed, ProofFailed
from ledger.statement import Statement, parse_statement

__all__ = [
    "CertificateOpening",
    "Evidence",
    "EvidenceStatement",
    "Trainee",
    "VoidedOpening",
    "erased",
    "from_json",
    "of_kind",
    "open_certificate",
    "open_roster",
    "open_sheet",
    "open_voided",
    "recompute",
    "the_roster",
    "the_sheets",
    "to_json",
    "withheld",
]

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Trainee:
    """An opened entry of a roster: number in normal form, `attended` lesson hours, `uscc` may be empty."""

    candidate: Id16
    name: Annotated[str, Size(1, 50)] = field(repr=False)
    id_type: IdType
    id_number: Annotated[str, Size(1, 20)] = field(repr=False)
    organisation: Annotated[str, Size(1, 100)] = field(repr=False)
    uscc: Annotated[str, Size(0, 18)] = field(repr=False)
    role: OrganisationRole
    founded_on: date
    attended: Annotated[int, Range(0, 9_999)]


@dataclass(frozen=True, slots=True)
class CertificateOpening:
    """What a certificate-issued act commits to."""

    name: Annotated[str, Size(1, 50)] = field(repr=False)
    number: Annotated[str, Size(23, 23)] = field(repr=False)


@dataclass(frozen=True, slots=True)
class VoidedOpening:
    """What a number-voided act commits to."""

    number: Annotated[str, Size(23, 23)] = field(repr=False)


def open_roster(item: EvidenceStatement) -> dict[bytes, Trainee]:
    """The trainees by candidate id, in the order of the entries.

    Raises ProofFailed OPENINGS_COUNT, OPENING_FIELDS, OPENING_MISMATCH, CANDIDATE_TWICE or PERSON_TWICE, or
    Malformed EVIDENCE_KIND and what the statement, the act or an opening raises.
    """
    statement, act = _read(item, Roster)
    trainees: dict[bytes, Trainee] = {}
    people: set[tuple[str, str]] = set()
    for where, opening in _opened(item, statement, act.entries, COMMITTED["roster"]):
        trainee = from_map(Trainee, opening.fields, where=where)
        if trainee.candidate in trainees:
            raise ProofFailed("CANDIDATE_TWICE", "two entries open to one candidate", where=where)
        if (trainee.id_type, trainee.id_number) in people:
            raise ProofFailed("PERSON_TWICE", "two entries open to one person", where=where)
        people.add((trainee.id_type, trainee.id_number))
        trainees[trainee.candidate] = trainee
    return trainees


def open_sheet(item: EvidenceStatement, components: Sequence[Component]) -> dict[bytes, dict[str, int]]:
    """The marks of a sheet in tenths by candidate id and component key. Raises as `open_roster`."""
    statement, act = _read(item, Sheet)
    keys = tuple(part.key for part in components)
    marks: dict[bytes, dict[str, int]] = {}
    for where, opening in _opened(item, statement, act.entries, (*COMMITTED["sheet"], *keys)):
        candidate = opening.fields["candidate"]
        if type(candidate) is not bytes or len(candidate) != 16 or candidate in marks:
            raise ProofFailed("CANDIDATE_TWICE", "two entries open to one candidate, or to none", where=where)
        row: dict[str, int] = {}
        for key in keys:
            mark = opening.fields[key]
            if type(mark) is not int:
                raise Malformed(
                    "EVIDENCE_SHAPE", "a mark is a whole number of tenths", where=f"{where}.{key}"
                )
            row[key] = mark
        marks[candidate] = row
    return marks


def open_certificate(item: EvidenceStatement) -> CertificateOpening:
    """The holder's name and the number behind a certificate-issued act. Raises as `open_roster`."""
    statement, act = _read(item, CertificateIssued)
    ((where, opening),) = _opened(item, statement, act.entries, COMMITTED["certificate-issued"])
    return from_map(CertificateOpening, opening.fields, where=where)


def open_voided(item: EvidenceStatement) -> VoidedOpening:
    """The number behind a number-voided act. Raises as `open_roster`."""
    statement, act = _read(item, NumberVoided)
    ((where, opening),) = _opened(item, statement, act.entries, COMMITTED["number-voided"])
    return from_map(VoidedOpening, opening.fields, where=where)


def erased(item: EvidenceStatement) -> list[int]:
    """The entries of which the evidence says that their person was erased."""
    return [place for place, raw in enumerate(item.openings) if not raw]


def withheld(evidence: Evidence, view: View) -> Iterator[str]:
    """Where the evidence opens nothing although no order in force, as `view` has it, erased the entry."""
    for item in evidence.statements:
        digest = parse_statement(item.statement).hash
        for place in erased(item):
            if view.get(Erased, erased_key(digest, place)) is None:
                yield f"seq {item.seq}, entry {place}"


def of_kind(evidence: Evidence, kind: str) -> list[EvidenceStatement]:
    """The statements of one kind, in log order, all of them about the class of the evidence.

    Raises Malformed EVIDENCE_CLASS for an act of a class said of another class.
    """
    found = []
    for item in evidence.statements:
        statement = parse_statement(item.statement)
        noun, _, name = statement.subject.partition("/")
        if noun == "class" and name != evidence.class_id.hex():
            raise Malformed("EVIDENCE_CLASS", "a statement is about another class", where=f"seq {item.seq}")
        if statement.kind == kind:
            found.append(item)
    return found


def the_roster(evidence: Evidence) -> EvidenceStatement:
    """The one roster. Raises ProofFailed ROSTER_MISSING or ROSTER_TWICE."""
    found = of_kind(evidence, "roster")
    if not found:
        raise ProofFailed("ROSTER_MISSING", "the evidence holds no roster", where=_class(evidence))
    if len(found) > 1:
        raise ProofFailed("ROSTER_TWICE", "a class has one roster", where=_class(evidence))
    return found[0]


def the_sheets(evidence: Evidence) -> list[EvidenceStatement]:
    """The sheets, in log order: exactly those a confirmed result rests on, once there is one.

    Raises ProofFailed SHEET_ROSTER (a sheet of another roster) or SHEETS_OTHER.
    """
    roster = parse_statement(the_roster(evidence).statement).hash
    sheets = of_kind(evidence, "sheet")
    for item in sheets:
        if _read(item, Sheet)[1].roster != roster:
            raise ProofFailed("SHEET_ROSTER", "a sheet scores another roster", where=f"seq {item.seq}")
    for item in of_kind(evidence, "evaluation-confirmed"):
        named = _read(item, EvaluationConfirmed)[1].sheets
        if named != tuple(parse_statement(sheet.statement).hash for sheet in sheets):
            what = "the confirmed result rests on other sheets than those shown"
            raise ProofFailed("SHEETS_OTHER", what, where=_class(evidence))
    return sheets


def recompute(evidence: Evidence, standard: Standard) -> dict[bytes, Result]:
    """The result of every candidate by `issuers.standard.evaluate`, from what the openings show.

    Of those who were erased there is none: `withheld` says whether their orders are in the log.

    Raises what opening raises, ProofFailed as `the_roster` and `the_sheets`, and what `evaluate` raises.
    """
    trainees = open_roster(the_roster(evidence))
    sheets = {item.seq: open_sheet(item, standard.components) for item in the_sheets(evidence)}
    return evaluate(standard, sheets, {one: trainee.attended for one, trainee in trainees.items()})


def _read(item: EvidenceStatement, kind: type[A]) -> tuple[Statement, A]:
    statement = parse_statement(item.statement)
    act = read_act(statement)
    if not isinstance(act, kind):
        raise Malformed("EVIDENCE_KIND", "a statement of another kind is expected", where=f"seq {item.seq}")
    return statement, act


def _opened(
    item: EvidenceStatement,
    statement: Statement,
    entries: Sequence[Mapping[str, bytes]],
    fields: tuple[str, ...],
) -> Iterator[tuple[str, Opening]]:
    """Each opening with its place, after it opened its entry and showed exactly `fields`, but the erased."""
    place = f"{statement.subject}, seq {item.seq}"
    if len(item.openings) != len(entries):
        raise ProofFailed("OPENINGS_COUNT", "there is not one opening for each entry", where=place)
    for number, (raw, entry) in enumerate(zip(item.openings, entries, strict=True)):
        where = f"{place}, entry {number}"
        if not raw:
            continue  # erased, if `withheld` knows nothing else
        try:
            opening = decode_opening(raw)
            check_opening(opening, entry)
        except MalanError as error:
            inner = f"{where}, {error.where}" if error.where else where
            raise type(error)(error.code, error.what, where=inner, fix=error.fix) from error
        if opening.fields.keys() != set(fields):
            raise ProofFailed("OPENING_FIELDS", "the entry commits to other fields", where=where)
        yield where, opening


def _class(evidence: Evidence) -> str:
    return f"class/{evidence.class_id.hex()}"
