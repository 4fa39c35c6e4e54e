"""Door: `malan rebuild`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.commands.reporting import HomeOption, JsonOption, reporting, settings_for
from registry.rebuilding import Rebuilt, rebuild
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


def _text(found: Rebuilt) -> str:
    if found.before == found.size:
        return f"nothing to rebuild: {found.size} entries"
    return (
        f"entries {found.before} to {found.size - 1} are back; of {found.sealed} of them the personal part "
        f"is not, and {found.skipped} certificate numbers will not be given out. Now run `malan fsck`."
    )
