"""Whether checkpoints of a log's key hold more, or other, than its rows: then the rows are an old copy. Pure.

Promises: rows that were regrown past a signed size are found as surely as rows that are missing, because the
root at that very size is computed and compared. The published files save hashing the log from its beginning;
they are used only where they fold to what was signed, and the last published entry, which links to all
before it, is always among the rows that are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger import merkle
from ledger.checkpoint import Checkpoint
from ledger.errors import MalanError
from ledger.merkle import Frontier
from ledger.tiles import WIDTH, Fetch, TileReader

STEP = 4 * WIDTH  # rows held in memory at once

BACKWARDS = "PUBLISH_BACKWARDS"
DEPART = "ROWS_DEPART"


def find_ahead(
    known: Sequence[Checkpoint],
    *,
    size: int,
    public: Checkpoint | None,
    fetch: Fetch,
    read_leaves: Callable[[int, int], Sequence[bytes]],
) -> tuple[Checkpoint, str] | None:
    """The first checkpoint the rows are behind, with PUBLISH_BACKWARDS (fewer) or ROWS_DEPART (others).

    `size`: how many rows there are; `public`: the checkpoint whose files `fetch` reads, one of `known`, or
    None.
    Raises what `read_leaves` raises.
    """
    if not known:
        return None
    largest = max(known, key=lambda one: one.size)
    if largest.size > size:
        return largest, BACKWARDS
    frontier, roots = _from_files(public, fetch, {one.size for one in known})
    for target in sorted({one.size for one in known if one.size not in roots}):
        for first in range(frontier.size, target, STEP):
            for entry in read_leaves(first, min(first + STEP, target)):
                frontier.append(merkle.leaf_hash(entry))
        roots[target] = frontier.root()
    for one in known:
        if roots[one.size] != one.root:
            return one, DEPART
    return None


def _from_files(
    public: Checkpoint | None, fetch: Fetch, sizes: set[int]
) -> tuple[Frontier, dict[int, bytes]]:
    """What the files say: the tree before the bundle of the last published entry, and roots below that."""
    if public is None or public.size == 0:
        return Frontier(), {}
    start = (public.size - 1) // WIDTH * WIDTH
    reader = TileReader(size=public.size, fetch=fetch)
    try:
        if reader.root() != public.root:
            return Frontier(), {}
        made = {size: _frontier(reader, size) for size in sizes | {start} if size <= start}
    except MalanError:
        return Frontier(), {}  # a file is gone: the rows alone will say
    return made[start], {size: one.root() for size, one in made.items() if size in sizes and size < start}


def _frontier(reader: TileReader, size: int) -> Frontier:
    return Frontier(size=size, peaks=reader.read(merkle.cover(0, size)))
