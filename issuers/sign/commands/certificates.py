"""Door: commands of certificates: issue, revoke, suspend, restore, void."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from issuers.printing.folder import PDF
from issuers.sign.commands.acts import answer_document, placed
from issuers.sign.commands.options import (
    HOME,
    ClassId,
    English,
    HomePath,
    Json,
    KeyName,
    Pdf,
    Reason,
    Wait,
    Yes,
)
from issuers.sign.commands.out import REFUSED, Out, error_document, reporting
from issuers.sign.commands.session import open_desk, proof_patience, read_id
from issuers.sign.desk.issuing import IssueReport
from issuers.sign.desk.issuing import issue as issue_class
from issuers.sign.desk.papers import Papers
from issuers.sign.desk.standing import find_certificate, move_body, move_certificate, void_numbers

Certificate = Annotated[str, typer.Argument(metavar="CERTIFICATE", help="Its id, number, code or QR text.")]


def issue(
    class_id: ClassId,
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the folders here, not into the home.")
    ] = None,
    cards: Annotated[bool, typer.Option("--cards/--no-cards", help="Draw the printable cards.")] = True,
    pdf: Pdf = False,
    english: English = False,
    wait: Wait = 30,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Issues the certificates of everybody who passed. A stopped run is simply run again."""
    with reporting("issue", as_json=as_json) as out:
        name = read_id(class_id, where="CLASS")
        with open_desk(out, home, key, certificates=folder) as desk:

            def agree(count: int) -> None:
                out.ask(f"Sign and issue {count} certificate(s)?", yes=yes)

            papers = Papers(english=english) if pdf or english else None
            patience = proof_patience(wait)
            report = issue_class(desk, name, cards=cards, papers=papers, agree=agree, wait=patience)
        out.rest()
        _report_issue(out, report)


def move_command(move: str, about: str) -> Callable[..., None]:
    """The command of a move that says a reason and nothing else; `about` is its help."""

    def command(
        certificate: Certificate,
        reason: Reason,
        home: HomePath = HOME,
        key: KeyName = None,
        yes: Yes = False,
        as_json: Json = False,
    ) -> None:
        _move(move, certificate, reason, home, key, yes=yes, as_json=as_json)

    command.__name__, command.__doc__ = move, about
    return command


suspend = move_command("suspend", "Suspends a certificate for the time of an investigation.")
restore = move_command("restore", "Ends the suspension of a certificate.")
revoke = move_command("revoke", "Revokes a certificate, for good.")


def void(
    class_id: ClassId,
    reason: Reason,
    candidates: Annotated[
        list[str] | None, typer.Argument(metavar="[CANDIDATE]...", help="Ids of candidates, 32 hex digits.")
    ] = None,
    rest: Annotated[
        bool, typer.Option("--rest", help="Everybody who passed and has no certificate.")
    ] = False,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Accounts for reserved numbers that nobody will get."""
    with reporting("void", as_json=as_json) as out:
        name = read_id(class_id, where="CLASS")
        chosen = None if rest else [read_id(one, where="CANDIDATE") for one in candidates or []]
        with open_desk(out, home, key) as desk:
            whose = "all who have no certificate" if chosen is None else f"{len(chosen)} candidate(s)"
            out.ask(f"Void the numbers of {whose}, for good?", yes=yes)
            done = void_numbers(desk, name, chosen, reason)
        for one in done:
            if one.error is not None:
                out.say(str(one.error))
        voided = [one.candidate.hex() for one in done if one.error is None]
        failed = [
            {"candidate": one.candidate.hex(), **error_document(one.error)} for one in done if one.error
        ]
        out.result(f"{len(voided)} number(s) voided.", {"voided": voided, "failed": failed}, ok=not failed)
        if failed:
            raise typer.Exit(REFUSED)


def _move(
    move: str, reference: str, reason: str, home: Path, key: str | None, *, yes: bool, as_json: bool
) -> None:
    with reporting(move, as_json=as_json) as out:
        move_body(move, reason)
        with open_desk(out, home, key) as desk:
            certificate = find_certificate(desk, reference)
            what = f"certificate/{certificate.hex()}"
            final = ", for good" if move in ("revoke", "cancel") else ""
            out.ask(f"{move.capitalize()} {what}{final}?", yes=yes)
            answer = move_certificate(desk, certificate, move=move, reason=reason)
        document = {"certificate": certificate.hex(), **answer_document(answer)}
        out.result(f"{what}: {move} is said. {placed(answer)}", document)


def _report_issue(out: Out, report: IssueReport) -> None:
    for trouble in report.troubles:
        out.say(str(trouble.error))
    unproved = sum(not one.proved for one in report.issued)
    lines = [f"{report.new} certificate(s) issued now, {len(report.issued)} in all for this class."]
    folders = {one.folder.parent for one in report.issued if one.folder is not None}
    lines += [f"Folders are in {folder}." for folder in sorted(folders)]
    if report.troubles:
        lines.append(f"{len(report.troubles)} trouble(s), named above; run it again when they are mended.")
    if unproved:
        lines.append(f"{unproved} proof(s) are not published yet; run it again later to fetch them.")
    document: dict[str, Any] = {
        "class": report.class_id.hex(),
        "new": report.new,
        "certificates": [
            {
                "certificate": one.certificate.hex(),
                "candidate": one.candidate.hex(),
                "number": one.number,
                "seq": one.seq,
                "folder": str(one.folder) if one.folder is not None else None,
                "proved": one.proved,
                "pdf": one.folder is not None and (one.folder / PDF).exists(),
            }
            for one in report.issued
        ],
        "troubles": [
            {"candidate": one.candidate.hex(), **error_document(one.error)} for one in report.troubles
        ],
    }
    out.result("\n".join(lines), document, ok=not report.troubles)
    if report.troubles:
        raise typer.Exit(REFUSED)
