"""Door: commands of paper: print a class, and the templates that draw it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from issuers.acts.words import CertificateKind
from issuers.authority.case import SHANGHAI
from issuers.files import create_file, private_directory, replace_file
from issuers.printing.page import page_document
from issuers.printing.press import set_pictures
from issuers.printing.specimens import specimens
from issuers.printing.templates import Template, check_template, document
from issuers.sign.commands.options import HOME, ClassId, HomePath, Json, Yes
from issuers.sign.commands.out import REFUSED, error_document, reporting
from issuers.sign.commands.session import now_ms, open_home, read_id, read_input
from issuers.sign.desk.artefacts import candidate_of
from issuers.sign.desk.prints import print_class
from issuers.sign.desk.shelf import pin_template, pins_of, template_of
from issuers.sign.outbox import Outbox
from issuers.sign.stock import fold
from issuers.sign.stock_book import StockBook

template_app = typer.Typer(help="The texts that draw a certificate.", no_args_is_help=True)

_PREVIEW_DPI: Final = 150
Kind = Annotated[CertificateKind, typer.Argument(metavar="KIND", help="C 合格证书, J 结业证书.")]
TextFile = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="A text; without it, the pinned one.")
]


def print_(
    class_id: ClassId,
    english: Annotated[bool, typer.Option("--english", help="A second page in English for each.")] = False,
    remake: Annotated[
        bool, typer.Option("--remake", help="Make the files of earlier prints again, the same.")
    ] = False,
    home: HomePath = HOME,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Makes one PDF for the printer, each certificate on the next serial of the stock."""
    with reporting("print", as_json=as_json) as out:
        name = read_id(class_id, where="CLASS")
        place, _ = open_home(home)
        out.ask("Give out serials for every certificate of the class that has no sheet?", yes=yes)
        with Outbox(place.outbox) as outbox, StockBook(place.stock) as book:
            report = print_class(place, outbox, book, name, english=english, remake=remake, now_ms=now_ms())
        for _, error in report.troubles:
            out.say(str(error))
        lines = [f"{len(report.serials)} sheet(s): {', '.join(fold(report.serials)) or 'none'}."]
        lines += [
            f"Print {path}, sheets in this order; delete it when the paper is good." for path in report.files
        ]
        told: dict[str, Any] = {
            "class": class_id,
            "serials": list(report.serials),
            "files": [str(path) for path in report.files],
            "remade": report.remade,
            "troubles": [
                {"candidate": candidate_of(item).hex(), **error_document(error)}
                for item, error in report.troubles
            ],
        }
        out.result("\n".join(lines), told, ok=not report.troubles)
        if report.troubles:
            raise typer.Exit(REFUSED)


@template_app.command("show")
def show(
    kind: Kind,
    target: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the text there.")
    ] = None,
    home: HomePath = HOME,
    as_json: Json = False,
) -> None:
    """Shows the text that draws a kind now, and every version that did."""
    with reporting("template show", as_json=as_json) as out:
        place, _ = open_home(home)
        template = template_of(place, kind)
        pins = [pin for pin in pins_of(place) if pin.kind is kind]
        if target is not None:
            create_file(target, template.text)
        rows = [(str(pin.version), pin.hash[:12], _day(pin.since_ms)) for pin in pins]
        if not as_json:
            out.table(("version", "hash", "since"), rows or [("–", template.hash[:12], "as shipped")])
        text = "" if target is not None else template.text.decode()
        versions = [{"version": pin.version, "hash": pin.hash, "since_ms": pin.since_ms} for pin in pins]
        out.result(text, {"kind": kind.value, "hash": template.hash, "text": text, "versions": versions})


@template_app.command("check")
def check(kind: Kind, file: TextFile = None, home: HomePath = HOME, as_json: Json = False) -> None:
    """Says whether a text may be pinned: sets invented certificates with it and reads their QR codes."""
    with reporting("template check", as_json=as_json) as out:
        template = _checked(kind, file, home)
        text = f"The template is sound; its hash is {template.hash[:12]}."
        out.result(text, {"kind": kind.value, "hash": template.hash})


@template_app.command("preview")
def preview(
    kind: Kind,
    file: TextFile = None,
    target: Annotated[Path, typer.Option("--out", metavar="DIR", help="Write the pictures there.")] = Path(
        "preview"
    ),
    home: HomePath = HOME,
    as_json: Json = False,
) -> None:
    """Draws invented certificates, an ordinary one and the longest, in Chinese and English, as PNG."""
    with reporting("template preview", as_json=as_json) as out:
        template = _checked(kind, file, home)
        folder = private_directory(target)
        files = []
        for name, (page, qr) in specimens(kind).items():
            told = document(template, [page_document(page, qr)], english=True)
            for language, picture in zip(
                ("zh", "en"), set_pictures(template.text, told, dpi=_PREVIEW_DPI), strict=True
            ):
                files.append(folder / f"{kind.value}-{name}-{language}.png")
                replace_file(files[-1], picture)
        lines = [f"Look at {path}." for path in files]
        out.result("\n".join(lines), {"hash": template.hash, "files": [str(path) for path in files]})


@template_app.command("pin")
def pin(kind: Kind, file: Path, home: HomePath = HOME, yes: Yes = False, as_json: Json = False) -> None:
    """Makes a text what draws a kind from now on, as its next version."""
    with reporting("template pin", as_json=as_json) as out:
        place, _ = open_home(home)
        text = read_input(file)
        check_template(text, kind)
        out.ask(f"Draw every {kind.value} certificate by this text from now on?", yes=yes)
        pinned = pin_template(place, kind, text, now_ms=now_ms())
        told = {"kind": kind.value, "version": pinned.version, "hash": pinned.hash}
        out.result(f"Version {pinned.version} of {kind.value} is pinned: {pinned.hash[:12]}.", told)


def _checked(kind: CertificateKind, file: Path | None, home: Path) -> Template:
    place, _ = open_home(home)
    text = template_of(place, kind).text if file is None else read_input(file)
    return check_template(text, kind)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, SHANGHAI).date().isoformat()
