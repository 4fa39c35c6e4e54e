"""The ledger's table: appended in order under one lock, found again by id, closed to every other change."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ledger import store
from ledger.errors import ProofFailed, Unavailable
from ledger.leaf import check_link, encode_leaf, first_prev, leaf_hash, parse_leaf
from ledger.statement import uuid7
from ledger.store import Head, NewEntry

ORIGIN = "log.example/1"
NOW = 1_772_413_200_000


def item(label: str) -> NewEntry:
    """A statement to append; the store does not look into it."""
    statement = f"statement {label}".encode()
    digest = hashlib.sha256(statement).digest()
    return NewEntry(statement, uuid7(time_ms=NOW, randomness=digest), digest)


def make_engine(path: Path, *, begin: str = "BEGIN IMMEDIATE") -> sa.Engine:
    """SQLite as the service uses it: the driver starts no transaction of its own, the first word is ours."""
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def plain(connection: Any, _: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def locked(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = make_engine(tmp_path / "ledger.db")
    with made.begin() as connection:
        store.metadata.create_all(connection)
        for guard in store.SQLITE_GUARDS:
            connection.execute(sa.text(guard))
    yield made
    made.dispose()


def append(engine: sa.Engine, *labels: str, time_ms: int = NOW) -> list[store.Entry]:
    with engine.begin() as connection:
        head = store.read_head(connection, ORIGIN)
        return store.append(connection, head=head, items=[item(label) for label in labels], time_ms=time_ms)[
            0
        ]


def read_all(engine: sa.Engine) -> list[bytes]:
    with engine.begin() as connection:
        return store.read_leaves(connection, 0, store.read_head(connection, ORIGIN).size)


def check_chain(leaves: list[bytes]) -> None:
    prev, last = first_prev(ORIGIN), 0
    for seq, data in enumerate(leaves):
        leaf = parse_leaf(data)
        check_link(leaf, seq=seq, prev=prev, not_before_ms=last)
        prev, last = leaf_hash(data), leaf.time_ms


# Appending and reading.


def test_an_empty_log_ends_at_its_origin(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert store.read_head(connection, ORIGIN) == Head(0, first_prev(ORIGIN), 0)
        assert store.read_leaves(connection, 0, 0) == []


def test_leaves_are_chained_across_batches(engine: sa.Engine) -> None:
    append(engine, "a", "b")
    append(engine, time_ms=NOW)
    entries = append(engine, "c", time_ms=NOW + 5)
    leaves = read_all(engine)
    check_chain(leaves)
    assert [parse_leaf(data).statement for data in leaves] == [item(one).statement for one in "abc"]
    assert (entries[0].data, entries[0].hash) == (leaves[2], leaf_hash(leaves[2]))
    with engine.begin() as connection:
        assert store.read_head(connection, ORIGIN) == Head(3, leaf_hash(leaves[2]), NOW + 5)


def test_a_clock_behind_the_newest_leaf_appends_nothing(engine: sa.Engine) -> None:
    append(engine, "a")
    with pytest.raises(Unavailable) as caught:
        append(engine, "b", time_ms=NOW - 1)
    assert caught.value.code == "CLOCK_BEHIND"
    assert len(read_all(engine)) == 1
    append(engine, "b", time_ms=NOW)


def test_a_batch_is_appended_whole_or_not_at_all(engine: sa.Engine) -> None:
    append(engine, "a")
    with pytest.raises(IntegrityError):
        append(engine, "b", "c", "a")
    assert len(read_all(engine)) == 1


def test_the_same_id_or_the_same_statement_is_not_appended_twice(engine: sa.Engine) -> None:
    append(engine, "a")
    first, other = item("a"), item("b")
    for twice in (
        NewEntry(other.statement, first.cti, other.hash),
        NewEntry(other.statement, other.cti, first.hash),
    ):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            store.append(connection, head=store.read_head(connection, ORIGIN), items=[twice], time_ms=NOW)
    assert len(read_all(engine)) == 1


def test_a_retry_finds_its_first_answer(engine: sa.Engine) -> None:
    entries = append(engine, *map(str, range(1200)))
    with engine.begin() as connection:
        asked = [item(str(number)).cti for number in range(1300)]
        found = store.find_by_cti(connection, asked)
        assert found == {item(str(n)).cti: entries[n].data for n in range(1200)}
        assert store.find_by_cti(connection, []) == {}
        assert store.find_by_hash(connection, item("7").hash) == entries[7].data
        assert store.find_by_hash(connection, item("1250").hash) is None


def test_nothing_is_chained_to_a_stored_leaf_that_lost_its_hash(
    engine: sa.Engine,
) -> None:
    append(engine, "a", "b")
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER ledger_entry_no_update"))
        connection.execute(sa.update(store.entry).where(store.entry.c.seq == 1).values(leaf=b"changed"))
    with pytest.raises(ProofFailed) as caught:
        append(engine, "c")
    assert (caught.value.code, caught.value.where) == ("STORE_LEAF_HASH", "1")


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_missing_row_is_noticed_when_it_is_read(engine: sa.Engine, gone: int) -> None:
    append(engine, "a", "b", "c")
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER ledger_entry_no_delete"))
        connection.execute(sa.delete(store.entry).where(store.entry.c.seq == gone))
    with engine.begin() as connection, pytest.raises(ProofFailed) as caught:
        store.read_leaves(connection, 0, 3)
    assert caught.value.code == "STORE_GAP"


def test_a_range_beyond_the_end_is_a_gap(engine: sa.Engine) -> None:
    append(engine, "a")
    with engine.begin() as connection:
        assert len(store.read_leaves(connection, 0, 1)) == 1
        with pytest.raises(ProofFailed):
            store.read_leaves(connection, 0, 2)


# Attacks on the table itself.

COLUMNS = "(seq, leaf, leaf_hash, cti, statement_hash)"
FRESH = "x'01', x'02', x'03', x'04'"
ATTACKS = {
    "update a leaf": "UPDATE ledger_entry SET leaf = x'00' WHERE seq = 1",
    "update or replace": "UPDATE OR REPLACE ledger_entry SET seq = 2 WHERE seq = 1",
    "delete the last leaf": "DELETE FROM ledger_entry WHERE seq = 2",
    "delete all leaves": "DELETE FROM ledger_entry",
    "replace a leaf": f"INSERT OR REPLACE INTO ledger_entry {COLUMNS} VALUES (1, {FRESH})",
    "replace by the other word": f"REPLACE INTO ledger_entry {COLUMNS} VALUES (1, {FRESH})",
    "upsert a leaf": f"INSERT INTO ledger_entry {COLUMNS} VALUES (1, {FRESH}) "
    "ON CONFLICT (seq) DO UPDATE SET leaf = x'00'",
    "leave a gap": f"INSERT INTO ledger_entry {COLUMNS} VALUES (4, {FRESH})",
    "insert before the end": f"INSERT INTO ledger_entry {COLUMNS} VALUES (-1, {FRESH})",
    "insert without a place": f"INSERT INTO ledger_entry {COLUMNS} VALUES (NULL, {FRESH})",
    "upsert by id": f"INSERT INTO ledger_entry {COLUMNS} SELECT 3, x'00', x'00', cti, x'04' "
    "FROM ledger_entry WHERE seq = 1 ON CONFLICT (cti) DO UPDATE SET leaf = x'00'",
    "replace by an id used before": f"INSERT OR REPLACE INTO ledger_entry {COLUMNS} "
    "SELECT 3, x'00', x'00', cti, x'04' FROM ledger_entry WHERE seq = 1",
    "replace by a statement used before": f"INSERT OR REPLACE INTO ledger_entry {COLUMNS} "
    "SELECT 3, x'00', x'00', x'03', statement_hash FROM ledger_entry WHERE seq = 1",
}


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_the_table_refuses(engine: sa.Engine, attack: str) -> None:
    append(engine, "a", "b", "c")
    before = read_all(engine)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(sa.text(ATTACKS[attack]))
    assert read_all(engine) == before


@pytest.mark.parametrize("attack", [name for name in ATTACKS if name != "upsert by id"])
def test_without_the_guards_each_attack_would_change_the_table(engine: sa.Engine, attack: str) -> None:
    """Negative control: it is the triggers that refuse, not a mistake in the attack."""
    append(engine, "a", "b", "c")
    with engine.begin() as connection:
        for name in ("no_update", "no_delete", "in_order"):
            connection.execute(sa.text(f"DROP TRIGGER ledger_entry_{name}"))
        before = connection.execute(sa.text("SELECT * FROM ledger_entry ORDER BY seq")).all()
        connection.execute(sa.text(ATTACKS[attack]))
        assert connection.execute(sa.text("SELECT * FROM ledger_entry ORDER BY seq")).all() != before


def test_the_next_place_is_open_and_only_to_the_append(engine: sa.Engine) -> None:
    append(engine, "a")
    row = {"seq": 1, "leaf": b"x", "leaf_hash": b"h", "cti": b"c", "statement_hash": b"s"}
    with engine.begin() as connection:
        connection.execute(sa.insert(store.entry), [row])
    with pytest.raises(ProofFailed):
        append(engine, "b")


# Many writers at once.


def at_once(count: int, work: Callable[[int], None]) -> list[Exception]:
    """Runs `work` in so many threads; answers with what they raised."""
    raised: list[Exception] = []

    def run(number: int) -> None:
        try:
            work(number)
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_eight_writers_under_the_lock_keep_one_dense_chain(engine: sa.Engine) -> None:
    def write(number: int) -> None:
        for turn in range(12):
            append(engine, f"{number}/{turn}/a", f"{number}/{turn}/b")

    assert at_once(8, write) == []
    leaves = read_all(engine)
    assert len(leaves) == 8 * 12 * 2
    check_chain(leaves)


def test_without_the_lock_writers_collide_and_the_table_still_keeps_its_order(
    engine: sa.Engine, tmp_path: Path
) -> None:
    """Negative control: all read the same end before any of them writes; one wins, the others are refused."""
    loose = make_engine(tmp_path / "ledger.db", begin="SELECT 1")
    all_have_read = threading.Barrier(8)

    def write(number: int) -> None:
        with loose.connect() as connection:
            head = store.read_head(connection, ORIGIN)
            all_have_read.wait(timeout=30)
            store.append(connection, head=head, items=[item(str(number))], time_ms=NOW)
            connection.commit()

    raised = at_once(8, write)
    loose.dispose()
    assert len(raised) == 7
    assert all(isinstance(error, IntegrityError) for error in raised)
    assert len(read_all(engine)) == 1


def test_what_is_not_committed_was_never_said(engine: sa.Engine) -> None:
    append(engine, "a")
    with pytest.raises(RuntimeError), engine.begin() as connection:
        store.append(connection, head=store.read_head(connection, ORIGIN), items=[item("b")], time_ms=NOW)
        raise RuntimeError("the power fails")
    assert [parse_leaf(data).statement for data in read_all(engine)] == [item("a").statement]
    assert encode_leaf(parse_leaf(read_all(engine)[0])) == read_all(engine)[0]
