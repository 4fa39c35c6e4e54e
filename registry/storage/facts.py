"""Door: the facts of the log in their table, as the judge reads them.

Promises: `get` answers with what the caller's own transaction sees, later changes of the same transaction
included, so nothing is ever stale; changes go to the table in bulk, at `flush`. A record is the deterministic
CBOR of the fact. Decoded records are kept by their bytes, which no other process can make wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias, TypeVar, cast

import sqlalchemy as sa

from issuers.authority.view import Fact
from issuers.shape import from_map, to_map
from ledger import cbor
from ledger.bulk import insert_rows, update_rows
from ledger.errors import ProofFailed
from registry.storage.tables import fact as table

F = TypeVar("F", bound=Fact)
Known: TypeAlias = dict[tuple[type[Fact], str], Fact | None]
"""What a view has read, by class and key; None for what is not there."""

RECORD_BYTES_MAX = 2 * cbor.BYTES_MAX  # a waiting act's fact carries its statement whole


# Built once: building a query costs more than running it.
_PLACE = sa.and_(table.c.kind == sa.bindparam("at_kind"), table.c.key == sa.bindparam("at_key"))
_ONE = sa.select(table.c.record).where(_PLACE)
_AT_ONCE = 500  # old builds of SQLite allow 999 parameters
_SOME = sa.select(table.c.key, table.c.record).where(
    table.c.kind == sa.bindparam("of_kind"), table.c.key.in_(sa.bindparam("of_keys", expanding=True))
)


class TableView:
    """A `View` (issuers.authority.view) over one transaction."""

    def __init__(self, connection: sa.Connection, known: Known | None = None) -> None:
        """`known`: facts that stand in the table as this transaction sees it; they become the view's own."""
        self._connection = connection
        self._known: Known = {} if known is None else known
        self._changed: dict[tuple[type[Fact], str], tuple[int, bool]] = {}  # seq; was it there before?

    def known(self) -> Known:
        """All that was read and put; the view is not to be used any more."""
        assert not self._changed, "flushed before"
        return self._known

    def get(self, kind: type[F], key: str) -> F | None:
        """The fact of this class and key, or None."""
        place = (kind, key)
        if place not in self._known:
            place_of = {"at_kind": kind.__name__, "at_key": key}
            record = self._connection.execute(_ONE, place_of).scalar_one_or_none()
            self._known[place] = None if record is None else decode(kind, record)
        return cast("F | None", self._known[place])

    def expect(self, places: Iterable[tuple[type[Fact], str]]) -> None:
        """Reads in bulk what is about to be asked one by one. Asking anything else still works."""
        wanted: dict[type[Fact], set[str]] = {}
        for kind, key in places:
            if (kind, key) not in self._known:
                wanted.setdefault(kind, set()).add(key)
        for kind, keys in wanted.items():
            ordered = sorted(keys)
            for start in range(0, len(ordered), _AT_ONCE):
                some = ordered[start : start + _AT_ONCE]
                found = {
                    row.key: row.record
                    for row in self._connection.execute(_SOME, {"of_kind": kind.__name__, "of_keys": some})
                }
                for key in some:
                    record = found.get(key)
                    self._known[kind, key] = None if record is None else decode(kind, record)

    def put(self, changes: Iterable[Fact], *, seq: int) -> None:
        """Adds or replaces, as of leaf `seq`; in the table after `flush`."""
        for fact in changes:
            place = (type(fact), fact.key)
            before = self._changed.get(place)
            there = self.get(*place) is not None if before is None else before[1]  # an insert or an update
            self._known[place] = fact
            self._changed[place] = seq, there

    def flush(self) -> None:
        """Writes all changes to the table."""
        new: list[dict[str, object]] = []
        old: list[dict[str, object]] = []
        for (kind, key), (seq, there) in self._changed.items():
            record = encode(cast(Fact, self._known[kind, key]))
            row = {"kind": kind.__name__, "key": key, "record": record, "seq": seq}
            (old if there else new).append(row)
        insert_rows(self._connection, table, new)
        update_rows(self._connection, table, ("kind", "key"), old)
        self._changed.clear()


def encode(fact: Fact) -> bytes:
    """The record of a fact."""
    return cbor.encode(to_map(fact))


def decode(kind: type[F], record: bytes) -> F:
    """The fact in a record. Raises ProofFailed FACT_RECORD for bytes this program did not write."""
    return cast(F, _decode(kind, record))


def changed(connection: sa.Connection, kind: type[F], *, start: int, stop: int) -> list[F]:
    """The facts of a class whose last change is in the leaves [start, stop), in that order."""
    query = sa.select(table.c.record).where(
        table.c.kind == kind.__name__, table.c.seq >= start, table.c.seq < stop
    )
    records = connection.execute(query.order_by(table.c.seq, table.c.key)).scalars()
    return [decode(kind, record) for record in records]


def all_of(connection: sa.Connection, kind: type[F]) -> list[F]:
    """Every fact of a class, in order of last change; for classes of which there are few."""
    query = sa.select(table.c.record).where(table.c.kind == kind.__name__)
    records = connection.execute(query.order_by(table.c.seq, table.c.key)).scalars()
    return [decode(kind, record) for record in records]


@lru_cache(maxsize=8192)
def _decode(kind: type, record: bytes) -> object:
    try:
        return from_map(kind, cbor.decode(record, bytes_max=RECORD_BYTES_MAX), where=kind.__name__)
    except Exception as error:
        raise ProofFailed("FACT_RECORD", "a stored fact is not one", where=kind.__name__) from error


def of_prefix(connection: sa.Connection, kind: type[F], prefix: str) -> list[F]:
    """Every fact of a class whose key begins with `prefix`, which ends with "/", in order of key."""
    assert prefix.endswith("/"), "the next character after the prefix is known"
    until = prefix[:-1] + "0"  # the character after "/"
    query = sa.select(table.c.record).where(
        table.c.kind == kind.__name__, table.c.key > prefix, table.c.key < until
    )
    return [decode(kind, record) for record in connection.execute(query.order_by(table.c.key)).scalars()]
