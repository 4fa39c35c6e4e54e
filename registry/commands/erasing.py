"""Door: `malan erasure`: what the city needs to order an erasure.

A number comes from a file or a prompt, never from the command line, which every process of the machine reads.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from issuers.acts.erasures import ErasureReason
from issuers.files import create_file, read_file
from issuers.json_in import to_plain
from issuers.shape import to_map
from ledger.errors import Malformed
from registry.commands.reporting import FOUND, HomeOption, JsonOption, reporting, settings_for
from registry.persons.erasure_lists import Listed, list_for
from registry.service import open_service

LINES_MAX: Final = 100
_BYTES_MAX: Final = 65_536
_ORDER_BYTES: Final = 16


def erasure(
    reason: Annotated[ErasureReason, typer.Argument(help="The ground, by PIPL Art. 47.")],
    file: Annotated[Path, typer.Option("--out", help="A new file for the order, for `malan-sign act`.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A file with a line for each person; without it one line is asked for."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what an erasure order must name: all entries of a person, found by document or certificate number.

    A line is a certificate number, or the kind of document and its number: `resident_id 310…`. The read is
    recorded. Nobody is erased before two of the city's three have said the order.
    """
    with reporting("erasure", as_json=as_json) as out:
        lines = _typed() if source is None else _read(source)
        service = open_service(settings_for(home))
        try:
            found = list_for(service, lines, reason)
        finally:
            service.close()
        subject = f"erasure/{os.urandom(_ORDER_BYTES).hex()}"
        if found.waits:
            text = f"First settle, then list again: {', '.join(found.waits)}"
            out.result(text, {"waits": list(found.waits), "persons": found.persons}, ok=False)
            raise typer.Exit(FOUND)
        body = to_plain(to_map(found.order))
        create_file(file, (json.dumps(body, indent=1) + "\n").encode(), mode=0o600)
        out.result(_text(found, file, subject), {**_document(found), "file": str(file), "subject": subject})


def _read(source: Path) -> list[str]:
    """The lines that say something. Raises Malformed ERASURE_FILE."""
    try:
        text = read_file(source, bytes_max=_BYTES_MAX).decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    return _checked([line for line in text.splitlines() if line.strip()], source.name)


def _typed() -> list[str]:
    """One line, which the terminal does not show."""
    if not sys.stdin.isatty():
        raise Malformed("ERASURE_FILE", "there is no terminal to ask at", fix="Name a file with --from.")
    typed = typer.prompt("Certificate number, or kind of document and its number", hide_input=True, err=True)
    return _checked([str(typed)], "line")


def _checked(lines: list[str], where: str) -> list[str]:
    if not 1 <= len(lines) <= LINES_MAX:
        raise Malformed("ERASURE_FILE", f"not a text of 1 to {LINES_MAX} lines", where=where)
    return lines


def _document(found: Listed) -> dict[str, Any]:
    return {
        "persons": found.persons,
        "entries": len(found.order.places),
        "claimants": found.claimants,
        "officers": found.officers,
    }


def _text(found: Listed, file: Path, subject: str) -> str:
    lines = [
        f"{file}: {len(found.order.places)} entries of {found.persons} person(s); it names nobody.",
        f"One of the city's three: malan-sign act erasure-order {file.name} --subject {subject}",
        "Another of them: malan-sign approve HASH. With that the service erases, and cannot undo it.",
    ]
    if found.claimants:
        lines.append(f"{found.claimants} of them got a grant: a mark stays, so that none is paid twice.")
    if found.officers:
        lines.append(f"{found.officers} of them act for a party: as officers they stay known.")
    return "\n".join(lines)
