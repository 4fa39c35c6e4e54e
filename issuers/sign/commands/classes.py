"""Door: commands of a class before its certificates: roster, evaluate, confirm."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from issuers.identifiers.names import mask_name
from issuers.office.roster import Roster
from issuers.sign.commands.acts import answer_document, placed
from issuers.sign.commands.options import HOME, ClassId, ClassOption, HomePath, Json, KeyName, Yes
from issuers.sign.commands.out import REFUSED, Out, reporting, row_documents
from issuers.sign.commands.session import open_desk, read_id, read_input
from issuers.sign.desk.classes import (
    LaidSheet,
    Review,
    Sent,
    confirm_class,
    lay_sheet,
    read_class_roster,
    review_class,
    seal_roster,
    sign_sheet,
)
from issuers.sign.drafting import need_final, result_key, roster_key, sheet_key
from issuers.standard import (
    ATTENDANCE_SHORT,
    COMPONENT_BELOW_PASS,
    MARKS_MISSING,
    NOT_ON_ROSTER,
    TENTHS,
    THIRD_MARK_NEEDED,
    TOTAL_BELOW_PASS,
    Result,
)

CsvFile = Annotated[Path, typer.Argument(metavar="FILE.csv", help="The table as the office exports it.")]

_MISSING_SHOWN: Final = 10
_REASONS: Final = {
    THIRD_MARK_NEEDED: "需第三人评分",
    MARKS_MISSING: "缺成绩",
    NOT_ON_ROSTER: "不在名册",
    ATTENDANCE_SHORT: "出勤不足",
    COMPONENT_BELOW_PASS: "单项不合格",
    TOTAL_BELOW_PASS: "总分不合格",
}


def roster(
    file: CsvFile,
    class_id: ClassOption,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Seals the roster of a class. It can be said once, so every refused row is named before."""
    with reporting("roster", as_json=as_json) as out:
        name = read_id(class_id, where="--class")
        data = read_input(file)
        with open_desk(out, home, key) as desk:
            read = read_class_roster(desk, name, data)
            _show_roster(out, read)
            document: dict[str, Any] = {"taken": len(read.entries), "rows": row_documents(read.errors)}
            document["warnings"] = row_documents(read.warnings)
            _need_somebody(out, len(read.entries), document)
            if desk.outbox.live(roster_key(name)) is None:
                left_out = f", without the {_rows(read.errors)} refused" if read.errors else ""
                out.ask(f"Seal the roster with {len(read.entries)} trainee(s){left_out}?", yes=yes)
            sent = seal_roster(desk, name, read.entries)
        _report(out, sent, f"{len(read.entries)} trainee(s) sealed.", document, refused=bool(read.errors))


def evaluate(
    file: CsvFile,
    class_id: ClassOption,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Signs your score sheet for a class: rows are matched to the sealed roster by document number."""
    with reporting("evaluate", as_json=as_json) as out:
        name = read_id(class_id, where="--class")
        data = read_input(file)
        with open_desk(out, home, key) as desk:
            sheet = lay_sheet(desk, name, data)
            _show_sheet(out, sheet)
            document: dict[str, Any] = {
                "scored": len(sheet.marks),
                "rows": row_documents(sheet.errors),
                "missing": [one.candidate.hex() for one in sheet.missing],
            }
            _need_somebody(out, len(sheet.marks), document)
            if desk.outbox.live(sheet_key(desk.speaker, name)) is None:
                left_out = f", without the {_rows(sheet.errors)} refused" if sheet.errors else ""
                out.ask(f"Sign the marks of {len(sheet.marks)} candidate(s){left_out}?", yes=yes)
            sent = sign_sheet(desk, name, sheet)
        text = f"The marks of {len(sheet.marks)} candidate(s) are signed."
        _report(out, sent, text, document, refused=bool(sheet.errors))


def confirm(
    class_id: ClassId, home: HomePath = HOME, key: KeyName = None, yes: Yes = False, as_json: Json = False
) -> None:
    """Confirms the result of a class, computed here from the sheets; nothing else can be signed."""
    with reporting("confirm", as_json=as_json) as out:
        name = read_id(class_id, where="CLASS")
        with open_desk(out, home, key) as desk:
            review = review_class(desk, name)
            _show_review(out, review)
            need_final(review.outcome)
            passed = len(review.outcome.passed)
            if desk.outbox.live(result_key(name)) is None:
                out.ask(f"Confirm that {passed} of {len(review.outcome.results)} passed?", yes=yes)
            sent = confirm_class(desk, review)
        results = {one.hex(): _result_document(result) for one, result in review.outcome.results.items()}
        document: dict[str, Any] = {"candidates": len(results), "passed": passed, "results": results}
        _report(out, sent, f"{passed} of {len(results)} passed.", document, refused=False)


def _need_somebody(out: Out, taken: int, document: dict[str, Any]) -> None:
    """Ends a command whose file has no row to sign."""
    if not taken:
        out.result("No row was taken; nothing was signed.", document, ok=False)
        raise typer.Exit(REFUSED)


def _report(out: Out, sent: Sent, text: str, document: dict[str, Any], *, refused: bool) -> None:
    document |= {"earlier": sent.earlier, **answer_document(sent.answer)}
    if sent.earlier:
        text = "This was signed in an earlier run; nothing new was."
    out.result(f"{text} {placed(sent.answer)}", document, ok=not refused)
    if refused:
        raise typer.Exit(REFUSED)


def _show_roster(out: Out, read: Roster) -> None:
    out.row_errors(read.errors, what="Refused rows")
    out.row_errors(read.warnings, what="Taken, but look again")


def _show_sheet(out: Out, sheet: LaidSheet) -> None:
    out.row_errors(sheet.errors, what="Refused rows")
    if sheet.missing:
        rows = [(one.candidate.hex(), mask_name(one.name)) for one in sheet.missing]
        title = f"On the roster, not on this sheet: {len(rows)}"
        out.table(("candidate", "name"), rows, title=title, at_most=_MISSING_SHOWN)


def _show_review(out: Out, review: Review) -> None:
    titles = [part.title for part in review.standard.components]
    rows = []
    for candidate, result in review.outcome.results.items():
        marks = [_points(result.averages[part.key]) for part in review.standard.components]
        told = "合格" if result.passed else "、".join(_REASONS.get(one, one) for one in result.reasons)
        name = review.trainees[candidate].name
        rows.append((candidate.hex()[:8], name, *marks, _points(result.total_tenths), told))
    title = f"{review.standard.title}: {review.sheets} sheet(s)"
    out.table(("candidate", "name", *titles, "total", "result"), rows, title=title, folded="name")


def _result_document(result: Result) -> dict[str, Any]:
    return {
        "passed": result.passed,
        "total_tenths": result.total_tenths,
        "averages": dict(result.averages),
        "reasons": list(result.reasons),
    }


def _points(tenths: int | None) -> str:
    return "–" if tenths is None else f"{tenths // TENTHS}.{tenths % TENTHS}"


def _rows(errors: object) -> str:
    count = len({error.row for error in errors})  # type: ignore[attr-defined]
    return f"{count} row(s)"
