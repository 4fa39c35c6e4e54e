"""Door: the ledger's own table in a SQL database; appends inside the caller's transaction.

The table refers to nothing and nothing cascades into it. Triggers refuse update, delete, replacement and any
insert that is not the next place, so the database itself keeps the order. The caller holds the one write lock
(`BEGIN IMMEDIATE` on SQLite, an advisory lock on PostgreSQL) from reading the head to its commit, and commits
before it answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ledger.bulk import insert_rows
from ledger.errors import ProofFailed, Unavailable
from ledger.leaf import Leaf, encode_leaf, first_prev, leaf_hash, parse_leaf

metadata = sa.MetaData()

entry = sa.Table(
    "ledger_entry",
    metadata,
    sa.Column(
        "seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False
    ),
    sa.Column("leaf", sa.LargeBinary, nullable=False),
    sa.Column("leaf_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("cti", sa.LargeBinary(16), nullable=False, unique=True),
    sa.Column("statement_hash", sa.LargeBinary(32), nullable=False, unique=True),
)

# INSERT OR REPLACE deletes without firing delete triggers, also an older row with the same cti or hash; only
# the insert guard stops it.
SQLITE_GUARDS = (
    "CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER ledger_entry_in_order BEFORE INSERT ON ledger_entry "
    "WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), -1) + 1 FROM ledger_entry) OR EXISTS "
    "(SELECT 1 FROM ledger_entry WHERE cti = NEW.cti OR statement_hash = NEW.statement_hash) "
    "BEGIN SELECT RAISE(ABORT, 'the ledger grows by one'); END",
)

# For `str.format` with the schema, named in the bodies: no caller can lead their queries elsewhere.
# ALWAYS: a session that plays replica (session_replication_role) does not silence them.
POSTGRES_GUARDS = (
    "CREATE FUNCTION {schema}.ledger_entry_no_change() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
    "RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'integrity_constraint_violation'; END$$",
    "CREATE FUNCTION {schema}.ledger_entry_in_order() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
    "IF NEW.seq IS DISTINCT FROM (SELECT COALESCE(MAX(seq), -1) + 1 FROM {schema}.ledger_entry) THEN "
    "RAISE EXCEPTION 'the ledger grows by one' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
    "RETURN NEW; END$$",
    "CREATE TRIGGER ledger_entry_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.ledger_entry "
    "FOR EACH STATEMENT EXECUTE FUNCTION {schema}.ledger_entry_no_change()",
    "CREATE TRIGGER ledger_entry_in_order BEFORE INSERT ON {schema}.ledger_entry "
    "FOR EACH ROW EXECUTE FUNCTION {schema}.ledger_entry_in_order()",
    "ALTER TABLE {schema}.ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_no_change",
    "ALTER TABLE {schema}.ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_in_order",
)


# Built once: building a query costs more than running it.
_LAST = sa.select(entry).order_by(entry.c.seq.desc()).limit(1)
_BY_CTI = sa.select(entry.c.cti, entry.c.leaf).where(entry.c.cti.in_(sa.bindparam("ctis", expanding=True)))


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: `size` leaves, the hash the next leaf links to, and the newest leaf's time."""

    size: int
    prev: bytes
    time_ms: int


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A statement to append: its bytes, its id, its hash."""

    statement: bytes
    cti: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A leaf in its place: its bytes, its RFC 6962 hash, and the item it was made of."""

    leaf: Leaf
    data: bytes
    hash: bytes
    item: NewEntry


def read_head(connection: sa.Connection, origin: str) -> Head:
    """The end of the log, the last leaf re-hashed from its bytes. Raises ProofFailed STORE_LEAF_HASH."""
    row = connection.execute(_LAST).one_or_none()
    if row is None:
        return Head(0, first_prev(origin), 0)
    if leaf_hash(row.leaf) != row.leaf_hash:
        raise ProofFailed(
            "STORE_LEAF_HASH", "a stored leaf does not have its stored hash", where=str(row.seq)
        )
    return Head(row.seq + 1, row.leaf_hash, parse_leaf(row.leaf).time_ms)


def link(head: Head, items: Sequence[NewEntry], *, time_ms: int) -> tuple[list[Entry], Head]:
    """The leaves that `items` make after `head`, all with `time_ms`, and the head after them; stores nothing.

    The caller read `head` under the write lock. Raises Unavailable CLOCK_BEHIND when `time_ms` is older than
    the newest leaf.
    """
    if time_ms < head.time_ms:
        raise Unavailable("CLOCK_BEHIND", "the clock is behind the newest leaf", fix="Correct the clock.")
    entries = []
    for item in items:
        leaf = Leaf(head.size, time_ms, head.prev, item.statement)
        data = encode_leaf(leaf)
        entries.append(Entry(leaf, data, leaf_hash(data), item))
        head = Head(head.size + 1, entries[-1].hash, time_ms)
    return entries, head


def insert(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Stores linked leaves, in their order, in one statement to the database."""
    rows = [
        {
            "seq": one.leaf.seq,
            "leaf": one.data,
            "leaf_hash": one.hash,
            "cti": one.item.cti,
            "statement_hash": one.item.hash,
        }
        for one in entries
    ]
    insert_rows(connection, entry, rows)


def append(
    connection: sa.Connection, *, head: Head, items: Sequence[NewEntry], time_ms: int
) -> tuple[list[Entry], Head]:
    """`link`, then `insert`: the new leaves and the new head. Raises as `link`."""
    entries, after = link(head, items, time_ms=time_ms)
    insert(connection, entries)
    return entries, after


def read_leaves(connection: sa.Connection, start: int, stop: int) -> list[bytes]:
    """Leaf bytes of [start, stop), in order. Raises ProofFailed STORE_GAP when one is missing."""
    rows = connection.execute(
        sa.select(entry.c.leaf).where(entry.c.seq >= start, entry.c.seq < stop).order_by(entry.c.seq)
    ).scalars()
    leaves = list(rows)
    if len(leaves) != max(0, stop - start):
        raise ProofFailed("STORE_GAP", "the ledger table misses entries", where=f"{start} to {stop}")
    return leaves


def find_by_cti(connection: sa.Connection, ctis: Sequence[bytes]) -> dict[bytes, bytes]:
    """The leaf bytes already appended under these ids: a retry gets its first answer again."""
    found: dict[bytes, bytes] = {}
    for place in range(0, len(ctis), 500):  # SQLite allows 999 parameters in old builds
        some = list(ctis[place : place + 500])
        for row in connection.execute(_BY_CTI, {"ctis": some}):
            found[row.cti] = row.leaf
    return found


def find_by_hash(connection: sa.Connection, statement_hash: bytes) -> bytes | None:
    """The leaf bytes of the statement with this hash, or None."""
    query = sa.select(entry.c.leaf).where(entry.c.statement_hash == statement_hash)
    return connection.execute(query).scalar_one_or_none()
