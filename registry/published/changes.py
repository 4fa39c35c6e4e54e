"""Door: what the status lists came to say otherwise between two published sizes.

Promises: a function of the published log alone, so it is never ahead of the checkpoint and the same whenever
it is asked again; the database only says at which place each version of a certificate stands, which never
changes. List, index, state and place in the log: nothing of a person.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from issuers.authority.class_facts import CertificateFact, FormerVersion, version_key
from issuers.status_changes import Change, Place, changes_in
from ledger.errors import Refused, Unavailable
from ledger.leaf import parse_leaf
from ledger.tiles import WIDTH
from registry.published.proofs import PublishedLog
from registry.storage.database import Database
from registry.storage.facts import TableView

STEP: Final = 16 * WIDTH
"""Leaves read for one answer: 0.1 s the first time."""

KEPT_MAX: Final = 4_096
"""Full bundles of 256 leaves whose changes are kept; their files never change."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Those of leaves [`since`, `size`), in order. `whole`: no later answer to the same question differs."""

    since: int
    size: int
    changes: tuple[Change, ...]
    whole: bool


class ChangeFeed:
    """Reads on where a caller stands, up to a multiple of `STEP`."""

    def __init__(self, log: PublishedLog, database: Database) -> None:
        self._log, self._database = log, database
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[Change, ...]] = OrderedDict()

    def read(self, since: int) -> Changes:
        """The changes from size `since` on.

        Raises Refused SIZE_NOT_PUBLISHED; Unavailable TILE_MISSING, CERTIFICATES_BEHIND.
        """
        published = self._log.size()
        if not 0 <= since <= published:
            raise Refused("SIZE_NOT_PUBLISHED", "the log was not published at this size", where="since")
        limit = (since // STEP + 1) * STEP
        stop = min(published, limit)
        found = [
            change
            for index in range(since // WIDTH, -(-stop // WIDTH))
            for change in self._bundle(index)
            if since <= change.seq < stop
        ]
        return Changes(since, stop, tuple(found), whole=stop == limit)

    def _bundle(self, index: int) -> tuple[Change, ...]:
        with self._lock:
            kept = self._kept.get(index)
        if kept is not None:
            return kept
        leaves = [parse_leaf(data) for data in self._log.leaves(index)]
        with self._database.reading() as connection:
            view = TableView(connection)
            read = tuple(
                change
                for leaf in leaves
                for change in changes_in(leaf, lambda key, seq: _places(view, key, seq))
            )
        if len(leaves) == WIDTH:
            with self._lock:
                self._kept[index] = read
                while len(self._kept) > KEPT_MAX:
                    self._kept.popitem(last=False)
        return read


def _places(view: TableView, certificate: str, seq: int) -> list[Place]:
    """Those of the versions made before a leaf: a later one changes nothing of them."""
    fact = view.get(CertificateFact, certificate)
    if fact is None:
        what = "the database lacks a certificate of the published log"
        raise Unavailable("CERTIFICATES_BEHIND", what, fix="Run `malan fsck`.")
    former = (view.get(FormerVersion, version_key(fact.id, number)) for number in range(1, fact.version))
    made = [(one.seq, one.status_list, one.status_index) for one in former if one is not None]
    made.append((fact.proof_seq, fact.status_list, fact.status_index))
    return [(number, index) for at, number, index in made if at < seq]
