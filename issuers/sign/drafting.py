"""What a party signs for a class: roster, sheet, confirmed result; from rows and evidence to parcels. Pure.

Promises: entries stand in the order of random digests, so a place tells nothing about a person; a result is
drafted only from openings that open and marks that give it; a row that cannot be matched is named by row and
column. Keys, times and randomness come in as arguments: 10 random bytes for a statement id, 32 for each
person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from issuers.acts import read_act
from issuers.acts.classes import EvaluationConfirmed, Roster, Sheet
from issuers.acts.words import COMMITTED
from issuers.evidence import Evidence, Trainee, open_roster, open_sheet, recompute, the_roster, the_sheets
from issuers.identifiers.names import fold_name
from issuers.office.csv_in import RowError
from issuers.office.roster import RosterEntry
from issuers.office.sheet import SheetRow
from issuers.shape import to_map
from issuers.sign.parcel import Parcel
from issuers.standard import MARKS_MISSING, THIRD_MARK_NEEDED, Result, Standard
from ledger import cbor
from ledger.commitment import Opening, commit, encode_opening
from ledger.cose import Claims
from ledger.errors import Malformed, Refused
from ledger.keys import Signer
from ledger.leaf import STATEMENT_BYTES_MAX
from ledger.statement import parse_statement, sign_statement, statement_hash, uuid7

ENTRIES_MAX: Final = 200  # issuers.acts.words.Commitments


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whose key speaks, for which party, to which log."""

    signer: Signer
    party: str
    origin: str

    def claims(self, subject: str, *, now_ms: int, fresh: bytes) -> Claims:
        """Claims of a statement or request said now; `fresh` is 10 random bytes."""
        cti = uuid7(time_ms=now_ms, randomness=fresh)
        return Claims(self.party, subject, self.origin, now_ms // 1000, cti)

    def say(
        self, kind: str, subject: str, body: Mapping[str, cbor.Value], *, now_ms: int, fresh: bytes
    ) -> bytes:
        """The signed bytes of an act of version 1. Raises Malformed STATEMENT_SIZE."""
        claims = self.claims(subject, now_ms=now_ms, fresh=fresh)
        raw = sign_statement(self.signer, kind=kind, version=1, claims=claims, body=body)
        if len(raw) > STATEMENT_BYTES_MAX:
            what = (
                f"the statement is larger than the {STATEMENT_BYTES_MAX} bytes an entry of the log may have"
            )
            raise Malformed("STATEMENT_SIZE", what, where=kind, fix="Divide it: a class has some 160 people.")
        return raw


@dataclass(frozen=True, slots=True)
class Matched:
    """A sheet's rows laid on a roster: marks by candidate, rows that fit nobody, who has no row."""

    marks: Mapping[bytes, Mapping[str, int]]
    errors: tuple[RowError, ...]
    missing: tuple[Trainee, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A recomputed result: everybody's, the ids of those who passed, in order, and who stands on a sheet."""

    results: Mapping[bytes, Result]
    passed: tuple[bytes, ...]
    scored: frozenset[bytes]

    def with_reason(self, reason: str) -> tuple[bytes, ...]:
        """The candidates that have this reason among theirs."""
        return tuple(one for one, result in self.results.items() if reason in result.reasons)


def roster_parcel(
    speaker: Speaker,
    class_id: bytes,
    entries: Sequence[RosterEntry],
    *,
    candidates: Sequence[bytes],
    record_keys: Sequence[bytes],
    now_ms: int,
    fresh: bytes,
) -> Parcel:
    """The roster act; `candidates` 16 and `record_keys` 32 random bytes for each entry.

    Raises Malformed ROSTER_EMPTY, ROSTER_TOO_LONG or STATEMENT_SIZE.
    """
    if not entries:
        raise Malformed("ROSTER_EMPTY", "there is nobody to put on the roster")
    if len(entries) > ENTRIES_MAX:
        raise Malformed("ROSTER_TOO_LONG", f"a class has at most {ENTRIES_MAX} trainees")
    openings = [
        Opening(key, {"candidate": candidate, **_roster_fields(entry)})
        for entry, candidate, key in zip(entries, candidates, record_keys, strict=True)
    ]
    committed, ordered = commit_people("roster", openings)
    subject = f"class/{class_id.hex()}"
    raw = speaker.say("roster", subject, to_map(Roster(committed)), now_ms=now_ms, fresh=fresh)
    return Parcel(raw, ordered, key=roster_key(class_id))


def match_sheet(rows: Iterable[SheetRow], trainees: Mapping[bytes, Trainee]) -> Matched:
    """Each row's candidate by document number and name; the roster of the class comes from opened evidence.

    Complaints: ID_NOT_ON_ROSTER, NAME_DIFFERS, ID_AMBIGUOUS (two kinds of document with one number).
    """
    by_number: dict[str, list[Trainee]] = {}
    for trainee in trainees.values():
        by_number.setdefault(trainee.id_number, []).append(trainee)
    marks: dict[bytes, Mapping[str, int]] = {}
    errors = []
    for row in rows:
        found = by_number.get(row.number, [])
        if not found:
            what, fix = "nobody on the roster has this document", "Compare the number with the roster."
            errors.append(RowError(row.row, "证件号码", "ID_NOT_ON_ROSTER", what, fix))
        elif len(found) > 1:
            what = "two people on the roster have this number, on different documents"
            errors.append(RowError(row.row, "证件号码", "ID_AMBIGUOUS", what, "Ask the institution."))
        elif fold_name(found[0].name) != row.name.folded:
            what, fix = "the roster has another name for this document", "Compare the name with the roster."
            errors.append(RowError(row.row, "姓名", "NAME_DIFFERS", what, fix))
        else:
            marks[found[0].candidate] = row.marks
    missing = tuple(one for one in trainees.values() if one.candidate not in marks)
    return Matched(marks, tuple(errors), missing)


def sheet_parcel(
    speaker: Speaker,
    class_id: bytes,
    roster: bytes,
    marks: Mapping[bytes, Mapping[str, int]],
    *,
    record_keys: Sequence[bytes],
    now_ms: int,
    fresh: bytes,
) -> Parcel:
    """One evaluator's sheet over the roster act `roster` (its signed bytes). Raises Malformed SHEET_EMPTY."""
    if not marks:
        raise Malformed("SHEET_EMPTY", "the sheet scores nobody")
    openings = [
        Opening(key, {"candidate": candidate, **row})
        for (candidate, row), key in zip(marks.items(), record_keys, strict=True)
    ]
    committed, ordered = commit_people("sheet", openings)
    body = to_map(Sheet(statement_hash(roster), committed))
    raw = speaker.say("sheet", f"class/{class_id.hex()}", body, now_ms=now_ms, fresh=fresh)
    return Parcel(raw, ordered, key=sheet_key(speaker, class_id))


def compute_outcome(evidence: Evidence, standard: Standard) -> Outcome:
    """The results that follow from the evidence. Raises as `issuers.evidence.recompute`, and NOT_ON_ROSTER.

    Those who passed stand in the order of their ids, which are random.
    """
    results = recompute(evidence, standard)
    sheets = [open_sheet(item, standard.components) for item in the_sheets(evidence)]
    scored = frozenset(candidate for sheet in sheets for candidate in sheet)
    strangers = scored - open_roster(the_roster(evidence)).keys()
    if strangers:
        what = f"{len(strangers)} candidate(s) of a sheet are not on the roster"
        raise Refused("NOT_ON_ROSTER", what, fix="The evaluator's sheet must be made anew.")
    passed = sorted(one for one, result in results.items() if result.passed)
    return Outcome(results, tuple(passed), scored)


def confirm_parcel(
    speaker: Speaker, evidence: Evidence, standard: Standard, *, now_ms: int, fresh: bytes
) -> Parcel:
    """The act that confirms exactly the result the evidence gives, computed here once more.

    Raises Refused SHEETS_TOO_FEW, THIRD_MARK_NEEDED or MARKS_MISSING while a candidate has no final mark, and
    as `compute_outcome`. A candidate nobody scored is absent and needs no mark.
    """
    sheets = the_sheets(evidence)
    if len(sheets) < standard.evaluators_min:
        what = f"{len(sheets)} sheet(s) of the {standard.evaluators_min} the standard demands"
        raise Refused("SHEETS_TOO_FEW", what, fix="Wait for the other evaluators.")
    outcome = compute_outcome(evidence, standard)
    need_final(outcome)
    body = EvaluationConfirmed(
        roster=statement_hash(the_roster(evidence).statement),
        sheets=tuple(statement_hash(item.statement) for item in sheets),
        standard=standard.id,
        candidates=len(the_roster(evidence).openings),  # also those who were erased since
        passed=outcome.passed,
    )
    name = evidence.class_id.hex()
    raw = speaker.say("evaluation-confirmed", f"class/{name}", to_map(body), now_ms=now_ms, fresh=fresh)
    return Parcel(raw, key=result_key(evidence.class_id))


def need_final(outcome: Outcome) -> None:
    """Raises Refused THIRD_MARK_NEEDED or MARKS_MISSING while somebody who was scored has no final mark."""
    diverging = outcome.with_reason(THIRD_MARK_NEEDED)
    if diverging:
        what = f"the marks of {len(diverging)} candidate(s) diverge, a third evaluator must score them"
        raise Refused(
            "THIRD_MARK_NEEDED", what, where=_named(diverging), fix="Add a third evaluator's sheet."
        )
    partly = tuple(one for one in outcome.with_reason(MARKS_MISSING) if one in outcome.scored)
    if partly:
        what = f"{len(partly)} candidate(s) were scored by too few evaluators"
        raise Refused("MARKS_MISSING", what, where=_named(partly), fix="Add a further evaluator's sheet.")


def confirmed_in(evidence: Evidence, evaluation: bytes) -> EvaluationConfirmed:
    """The act of this hash in the evidence. Raises Refused EVALUATION_UNSEEN."""
    for item in evidence.statements:
        if statement_hash(item.statement) == evaluation:
            act = read_act(parse_statement(item.statement))
            if isinstance(act, EvaluationConfirmed):
                return act
    raise Refused("EVALUATION_UNSEEN", "the evidence does not hold the act that confirmed this result")


def roster_key(class_id: bytes) -> str:
    """The key under which a class has one roster."""
    return f"roster/{class_id.hex()}"


def sheet_key(speaker: Speaker, class_id: bytes) -> str:
    """The key under which each evaluator has one sheet: a home may hold the keys of several."""
    return f"sheet/{class_id.hex()}/{speaker.signer.public.kid.hex()}"


def result_key(class_id: bytes) -> str:
    """The key under which a class has one confirmed result."""
    return f"evaluation-confirmed/{class_id.hex()}"


def commit_people(
    kind: str, openings: Sequence[Opening]
) -> tuple[tuple[dict[str, bytes], ...], tuple[bytes, ...]]:
    """Entries and encoded openings in the order the log demands: by digest of the first committed field."""
    first = COMMITTED[kind][0]
    pairs = sorted(((commit(one), one) for one in openings), key=lambda pair: pair[0][first])
    return tuple(entry for entry, _ in pairs), tuple(encode_opening(one) for _, one in pairs)


def _roster_fields(entry: RosterEntry) -> dict[str, Any]:
    return {
        "name": entry.name.shown,
        "id_type": entry.id.type.value,
        "id_number": entry.id.number,
        "organisation": entry.organisation,
        "uscc": entry.uscc.code,
        "role": entry.role.value,
        "founded_on": entry.founded_on.isoformat(),
        "attended": entry.attended,
    }


def _named(candidates: Iterable[bytes]) -> str:
    """Candidates by their random ids, as many as fit on a line."""
    names = [one.hex() for one in candidates]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
