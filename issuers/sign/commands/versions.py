"""Door: commands of later versions: correct, reissue; and cancel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from issuers.acts.reasons import CorrectionReason, ReissueReason
from issuers.acts.words import VERSION_MAX
from issuers.json_in import from_object, read_object
from issuers.shape import Size
from issuers.sign.commands.certificates import Certificate, move_command
from issuers.sign.commands.options import HOME, English, HomePath, Json, KeyName, Pdf, Wait, Yes
from issuers.sign.commands.out import REFUSED, Out, error_document, reporting
from issuers.sign.commands.session import open_desk, proof_patience, read_input
from issuers.sign.desk.papers import Papers
from issuers.sign.desk.standing import find_certificate, need_reason
from issuers.sign.desk.versions import VersionReport, Wanted, renew
from ledger.errors import Malformed

_FILE_BYTES_MAX = 10_000

Number = Annotated[
    int | None,
    typer.Option(
        "--version", min=2, max=VERSION_MAX, help="Make this version and no other; once made, it is shown."
    ),
]
Cards = Annotated[bool, typer.Option("--card/--no-card", help="Draw the printable card.")]


@dataclass(frozen=True, slots=True)
class Correction:
    """What FILE says: the right name, or whether the last four of the ID are printed, or both."""

    name: Annotated[str, Size(1, 50)] | None = None
    print_id: bool | None = None


def correct(
    certificate: Certificate,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON: name, print_id, or both.")],
    version: Number = None,
    cards: Cards = True,
    pdf: Pdf = False,
    english: English = False,
    wait: Wait = 30,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Makes the next version of a certificate, that says something else; number and issue date stay."""
    with reporting("correct", as_json=as_json) as out:
        told = read_object(read_input(file), where=file.name, bytes_max=_FILE_BYTES_MAX)
        said = from_object(Correction, told, where=file.name)
        if said.name is None and said.print_id is None:
            raise Malformed("CORRECTION_EMPTY", "the file corrects nothing", where=file.name)
        reason = CorrectionReason.LAYOUT if said.name is None else CorrectionReason.NAME
        wanted = Wanted(reason, said.name, said.print_id)
        papers = Papers(english=english) if pdf or english else None
        _renew(out, certificate, wanted, version, home, key, cards=cards, papers=papers, wait=wait, yes=yes)


def reissue(
    certificate: Certificate,
    reason: Annotated[ReissueReason, typer.Option("--reason", help="Why it is made again.")],
    version: Number = None,
    cards: Cards = True,
    pdf: Pdf = False,
    english: English = False,
    wait: Wait = 30,
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Makes the next version of a certificate, that says the same; the former is superseded for ever."""
    with reporting("reissue", as_json=as_json) as out:
        papers = Papers(english=english) if pdf or english else None
        wanted = Wanted(reason)
        _renew(out, certificate, wanted, version, home, key, cards=cards, papers=papers, wait=wait, yes=yes)


cancel = move_command(
    "cancel", "Cancels a certificate without blame, for good: issued in error, twice, or the holder died."
)


def _renew(
    out: Out,
    reference: str,
    wanted: Wanted,
    version: int | None,
    home: Path,
    key: str | None,
    *,
    cards: bool,
    papers: Papers | None,
    wait: int,
    yes: bool,
) -> None:
    need_reason(wanted.kind, wanted.reason.value)
    with open_desk(out, home, key) as desk:
        certificate = find_certificate(desk, reference)

        def agree(name: str, number: int) -> None:
            out.ask(f"Sign version {number} of certificate/{certificate.hex()} for {name}?", yes=yes)

        report = renew(
            desk,
            certificate,
            wanted,
            version=version,
            cards=cards,
            papers=papers,
            agree=agree,
            wait=proof_patience(wait),
        )
    out.rest()
    _report(out, report)


def _report(out: Out, report: VersionReport) -> None:
    if report.trouble is not None:
        out.say(str(report.trouble))
    done = "is in the log" if report.new else "was in the log already"
    lines = [f"Version {report.version} {done}, entry {report.seq}; its folder is {report.folder}."]
    if not report.proved:
        lines.append("Its proof is not published yet; run it again later to fetch it.")
    lines.append("The former version is superseded: enter its sheet as spoilt or lost (malan-sign stock).")
    document = {
        "certificate": report.certificate.hex(),
        "version": report.version,
        "number": report.number,
        "seq": report.seq,
        "folder": str(report.folder),
        "proved": report.proved,
        "pdf": report.pdf,
        "new": report.new,
        "trouble": None if report.trouble is None else error_document(report.trouble),
    }
    out.result("\n".join(lines), document, ok=report.trouble is None)
    if report.trouble is not None:
        raise typer.Exit(REFUSED)
