"""Door: the facts the judge asked for last, kept from one append to the next for as long as they stand.

Promises what the table says under the write lock: facts change with a leaf and not otherwise, so those that
another process changed are the ones with a later leaf, and are read anew; where the log is not the one that
was left (restored, replaced), everything is. Who appends takes them all and gives them back after its commit:
what fails in between is forgotten.
"""

from __future__ import annotations

import threading
from typing import Final

import sqlalchemy as sa

from issuers.authority.class_facts import FACTS
from issuers.authority.view import Fact
from ledger.store import Head, entry
from registry.storage.facts import Known, TableView, decode
from registry.storage.tables import fact as table

KEPT_MAX: Final = 50_000  # facts, of some hundred bytes
_BEHIND_MAX: Final = 2_000  # leaves of others; beyond them asking one by one costs less
_SINCE = sa.select(table.c.kind, table.c.key, table.c.record).where(
    table.c.kind.in_(sorted(FACTS)), table.c.seq >= sa.bindparam("start")
)
_HASH_AT = sa.select(entry.c.leaf_hash).where(entry.c.seq == sa.bindparam("at"))


class KeptFacts:
    """Facts as of a head of the log."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[Head, Known] | None = None

    def take(self, connection: sa.Connection, head: Head) -> TableView:
        """A view for the transaction that holds the write lock and begins at `head`."""
        with self._lock:
            kept, self._kept = self._kept, None
        if kept is None or not _caught_up(connection, *kept, head):
            return TableView(connection)
        return TableView(connection, kept[1])

    def give_back(self, view: TableView, head: Head) -> None:
        """After the commit: the facts of the view, changes included, as of the head it left."""
        known = view.known()
        if len(known) <= KEPT_MAX:
            with self._lock:
                self._kept = head, known


def _caught_up(connection: sa.Connection, left: Head, known: Known, head: Head) -> bool:
    """Whether `known`, true at `left`, is true at `head`, after reading what others changed since."""
    if head == left:
        return True
    if not 0 < left.size < head.size <= left.size + _BEHIND_MAX:
        return False
    if connection.execute(_HASH_AT, {"at": left.size - 1}).scalar_one_or_none() != left.prev:
        return False
    for row in connection.execute(_SINCE, {"start": left.size}):
        kind: type[Fact] = FACTS[row.kind]
        if (kind, row.key) in known:
            known[kind, row.key] = decode(kind, row.record)
    return True
