"""Flows of a class before its certificates: roster, sheet, confirmed result.

Each comes in two steps, so that a person sees what will be signed: the first reads, checks and says every
refused row by row and column, the second signs and sends. A step done before is not done again: its answer is
given once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from issuers.acts import read_act
from issuers.acts.classes import ClassOpened
from issuers.authority.case import shanghai_date
from issuers.evidence import Evidence, Trainee, of_kind, open_roster, the_roster
from issuers.office.csv_in import RowError
from issuers.office.roster import Roster, RosterEntry, read_roster
from issuers.office.sheet import read_sheet
from issuers.sign.desk.desk import Desk
from issuers.sign.desk.trust import Trust, check_evidence, load_trust
from issuers.sign.drafting import (
    Outcome,
    compute_outcome,
    confirm_parcel,
    match_sheet,
    result_key,
    roster_key,
    roster_parcel,
    sheet_key,
    sheet_parcel,
)
from issuers.sign.parcel import Answer, Parcel
from issuers.standard import Standard
from ledger.errors import Unavailable
from ledger.statement import parse_statement


@dataclass(frozen=True, slots=True)
class Sent:
    """The answer to an act; `earlier` when it was signed in an earlier run and nothing new was."""

    answer: Answer
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class LaidSheet:
    """A sheet laid on the sealed roster: marks by candidate, refused rows, trainees it does not score."""

    roster: bytes
    marks: Mapping[bytes, Mapping[str, int]]
    errors: tuple[RowError, ...]
    missing: tuple[Trainee, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """A recomputed class before it is confirmed."""

    evidence: Evidence
    standard: Standard
    trainees: Mapping[bytes, Trainee]
    sheets: int
    outcome: Outcome


def fetch_evidence(desk: Desk, class_id: bytes) -> Evidence:
    """What this officer may see of the class. Raises as `Client.evidence`, and Unavailable EVIDENCE_OTHER."""
    evidence = desk.client.evidence(desk.request("evidence", f"class/{class_id.hex()}", {}))
    if evidence.class_id != class_id:
        raise Unavailable("EVIDENCE_OTHER", "the service answered about another class")
    return evidence


def opening_of_class(desk: Desk, class_id: bytes, evidence: Evidence | None) -> ClassOpened:
    """The act that opened the class: in the evidence, or in this home's own outbox.

    Raises Unavailable CLASS_UNSEEN.
    """
    shown = [item.statement for item in of_kind(evidence, "class-opened")] if evidence is not None else []
    own = [item.parcel.statement for item in desk.outbox.of_kind("class-opened")]
    for raw in (*shown, *own):
        statement = parse_statement(raw)
        act = read_act(statement)
        if statement.subject == f"class/{class_id.hex()}" and isinstance(act, ClassOpened):
            return act
    raise Unavailable("CLASS_UNSEEN", "the act that opened this class is not to be seen from here")


def standard_of_class(desk: Desk, trust: Trust, class_id: bytes, evidence: Evidence | None) -> Standard:
    """The standard the class pins. Raises as `opening_of_class` and `Trust.standard`."""
    return trust.standard(opening_of_class(desk, class_id, evidence).standard)


def read_class_roster(desk: Desk, class_id: bytes, data: bytes) -> Roster:
    """The trainees of a roster file, under the hours of the class's standard; bad rows are in `errors`."""
    trust = load_trust(desk)
    try:
        standard = standard_of_class(desk, trust, class_id, None)
    except Unavailable:  # opened from another machine of the institution
        standard = standard_of_class(desk, trust, class_id, fetch_evidence(desk, class_id))
    return read_roster(data, today=shanghai_date(desk.clock()), hours=standard.hours)


def seal_roster(desk: Desk, class_id: bytes, entries: Sequence[RosterEntry]) -> Sent:
    """Signs and sends the roster. A class has one, said once."""
    earlier = desk.said(roster_key(class_id))
    if earlier is not None:
        return Sent(earlier, earlier=True)
    parcel = roster_parcel(
        desk.speaker,
        class_id,
        entries,
        candidates=[desk.fresh(16) for _ in entries],
        record_keys=[desk.fresh(32) for _ in entries],
        now_ms=desk.clock(),
        fresh=desk.fresh(10),
    )
    return Sent(desk.post(f"class/{class_id.hex()}", parcel))


def lay_sheet(desk: Desk, class_id: bytes, data: bytes) -> LaidSheet:
    """A score sheet on the sealed roster of the class, whose signature and openings are checked here."""
    trust = load_trust(desk)
    evidence = fetch_evidence(desk, class_id)
    check_evidence(trust, evidence)
    standard = standard_of_class(desk, trust, class_id, evidence)
    roster = the_roster(evidence)
    sheet = read_sheet(data, components=standard.components)
    matched = match_sheet(sheet.rows, open_roster(roster))
    errors = sorted((*sheet.errors, *matched.errors), key=lambda error: error.row)
    return LaidSheet(roster.statement, matched.marks, tuple(errors), matched.missing)


def sign_sheet(desk: Desk, class_id: bytes, sheet: LaidSheet) -> Sent:
    """Signs and sends a sheet. An evaluator has one for a class."""
    earlier = desk.said(sheet_key(desk.speaker, class_id))
    if earlier is not None:
        return Sent(earlier, earlier=True)
    parcel = sheet_parcel(
        desk.speaker,
        class_id,
        sheet.roster,
        sheet.marks,
        record_keys=[desk.fresh(32) for _ in sheet.marks],
        now_ms=desk.clock(),
        fresh=desk.fresh(10),
    )
    return Sent(desk.post(f"class/{class_id.hex()}", parcel))


def review_class(desk: Desk, class_id: bytes) -> Review:
    """The result of a class as its openings give it, for the signatory to look at."""
    trust = load_trust(desk)
    evidence = fetch_evidence(desk, class_id)
    check_evidence(trust, evidence)
    standard = standard_of_class(desk, trust, class_id, evidence)
    outcome = compute_outcome(evidence, standard)
    trainees = open_roster(the_roster(evidence))
    return Review(evidence, standard, trainees, len(of_kind(evidence, "sheet")), outcome)


def confirm_class(desk: Desk, review: Review) -> Sent:
    """Signs and sends the reviewed result, computed once more on the way.

    Raises Refused THIRD_MARK_NEEDED, MARKS_MISSING or SHEETS_TOO_FEW rather than sign what is not final.
    """
    class_id = review.evidence.class_id
    earlier = desk.said(result_key(class_id))
    if earlier is not None:
        return Sent(earlier, earlier=True)
    parcel: Parcel = confirm_parcel(
        desk.speaker, review.evidence, review.standard, now_ms=desk.clock(), fresh=desk.fresh(10)
    )
    return Sent(desk.post(f"class/{class_id.hex()}", parcel))
