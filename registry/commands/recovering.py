"""Door: `malan rebuild`, `malan handovers`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from issuers.bundle import BYTES_MAX
from issuers.files import read_file
from registry.commands.reporting import HomeOption, JsonOption, reporting, settings_for
from registry.published.handed_back import hand_back
from registry.rebuilding import Rebuilt, rebuild
from registry.service import open_service
from verify.source import open_source


def rebuild_command(
    source: Annotated[
        str,
        typer.Argument(metavar="LOG", help="Folder or URL of the published log, or of a mirror of it."),
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Append the rows that the database misses, from published files; the service must not run."""
    with reporting("rebuild", as_json=as_json) as out:
        found = rebuild(settings_for(home), open_source(source))
        document = {
            "before": found.before,
            "size": found.size,
            "without_personal_data": found.sealed,
            "numbers_skipped": found.skipped,
        }
        out.result(_text(found), document)


def handovers_command(
    bundle: Annotated[Path, typer.Argument(metavar="FILE", help="A trust.cbor of this log.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the checkpoints under which witnesses were replaced out of a trust bundle, where ours are lost."""
    with reporting("handovers", as_json=as_json) as out:
        service = open_service(settings_for(home))
        try:
            found = hand_back(service, read_file(bundle, bytes_max=BYTES_MAX))
        finally:
            service.close()
        document = {"kept": found.kept, "taken": found.taken}
        text = f"{found.kept} handovers are kept, {found.taken} of them from this file"
        out.result(text if found.taken else f"nothing to take: {found.kept} handovers are kept", document)


def _text(found: Rebuilt) -> str:
    if found.before == found.size:
        return f"nothing to rebuild: {found.size} entries"
    return (
        f"entries {found.before} to {found.size - 1} are back; of {found.sealed} of them the personal part "
        f"is not, and {found.skipped} certificate numbers will not be given out. Now run `malan fsck`."
    )
