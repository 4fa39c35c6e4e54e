"""Door: `malan fsck`, `malan evidence` and `malan settings`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from issuers.files import create_file
from ledger.errors import Malformed
from registry.commands.reporting import FOUND, HomeOption, JsonOption, reporting, settings_for
from registry.fsck.kept import keep
from registry.fsck.run import check
from registry.persons.evidence import export_for_operator
from registry.service import open_service
from registry.settings import described
from registry.settings_check import check_settings, strays

_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)


def fsck(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Recompute everything that follows from the log, and name each departure. Exit 1 if there is one."""
    with reporting("fsck", as_json=as_json) as out:
        service = open_service(settings_for(home), restoring=True)
        try:
            report = check(service)
            keep(service.settings.home, report, now_ms=service.clock.now_ms())
        finally:
            service.close()
        found = [{"code": one.code, "where": one.where, "what": one.what} for one in report.departures]
        sound = f"sound: {report.size} leaves, published {report.published}"
        lines = [f"{one.code} ({one.where}): {one.what}" for one in report.departures]
        document = {"size": report.size, "published": report.published, "departures": found}
        out.result("\n".join(lines) or sound, document, ok=not found)
        if found:
            raise typer.Exit(FOUND)


def evidence(
    class_id: Annotated[str, typer.Argument(metavar="CLASS", help="The class id, 32 hex digits.")],
    file: Annotated[
        Path | None, typer.Option("--out", help="A new file of mode 0600 instead of stdout.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what stands behind the commitments of a class, as the audit reads it. The read is recorded."""
    with reporting("evidence", as_json=as_json) as out:
        if not _HEX.fullmatch(class_id):
            raise Malformed("SUBJECT_ID", "a class id has 32 lower-case hex digits", where="CLASS")
        service = open_service(settings_for(home))
        try:
            data = export_for_operator(service, bytes.fromhex(class_id))
        finally:
            service.close()
        if file is None:
            sys.stdout.write(data.decode() + "\n")
            return
        create_file(file, data, mode=0o600)
        out.result(f"{file}: {len(data)} bytes", {"file": str(file), "bytes": len(data)})


def settings_command(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every setting with its value, unit, limit, and who must be trusted with it."""
    with reporting("settings", as_json=as_json) as out:
        settings = settings_for(home)
        found = described(settings)
        blocks = [
            f"{one['variable']} = {one['value']}\n"
            f"  {one['what']} [{one['unit']}{'; ' + one['limit'] if one['limit'] else ''}]\n"
            f"  trust: {one['trust']}"
            for one in found
        ]
        unread = strays(settings.home)
        out.result("\n".join(blocks), {"settings": found, "unread": unread})
        for stray in unread:
            out.say(f"{stray} is no setting of this program and is not read.")
        check_settings(settings)  # shown first, so that whoever is told of a contradiction sees both
