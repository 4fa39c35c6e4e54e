"""When partial tiles and bundles go: not before their full file is published, and then a while later.

C2SP tlog-tiles lets a log remove a partial file once the full one is there; a reader that took the checkpoint
before would then have to fall back. So they stay as long as the caller says, by the time they were written,
and every size published within that time can be read as it was. A consistency proof never needs them: all its
nodes are in the files of the newer size.

Pure but for the directory it is given. `.tidy` names the size from which on full tiles may still have partial
files beside them, so a run that broke off is made good by the next.
"""

from __future__ import annotations

from ledger.checkpoint import parse_decimal
from ledger.log_directory import Site
from ledger.tiles import HEIGHT, WIDTH, Tile

TIDY = ".tidy"


def remember(site: Site, *, base: int, size: int, waiting: int | None) -> None:
    """Before `size` is exposed after `base`: where to tidy from then on.

    `waiting`: what `tidy` answered.
    """
    if size // WIDTH > base // WIDTH:
        site.replace(TIDY, f"{base if waiting is None else min(base, waiting)}\n".encode())


def tidy(site: Site, size: int, *, before: float) -> int | None:
    """Removes partial files older than POSIX time `before` whose full file is published at `size`.

    Answers with the first leaf below a partial file that has to wait, None when there is none.
    """
    raw = site.read(TIDY)
    if raw is None:
        return None
    base = parse_decimal(raw.decode("ascii", "replace").removesuffix("\n"), where=TIDY)
    waiting: list[int] = []
    for level in (None, *range(size.bit_length() // HEIGHT + 1)):
        above = HEIGHT * ((level or 0) + 1)
        for index in range(base >> above, size >> above):
            if not site.remove_partials(Tile(level, index), before=before):
                waiting.append(index << above)
    if not waiting:
        site.remove(TIDY)
    return min(waiting, default=None)
