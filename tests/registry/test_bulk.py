"""Many rows in one statement: the same rows, in order, on both databases; the ledger is guarded as ever."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ledger.bulk import insert_rows, update_rows
from ledger.store import entry, read_head
from registry.storage.tables import fact
from tests.registry.stage import Stage

ROWS = [
    {"kind": "Test", "key": f"钥匙/{number}'\"\\{{}},NULL", "record": bytes([number]) * number, "seq": number}
    for number in range(5)
]


GUARDED = r"grows by one|unique|UNIQUE"


def facts(connection: sa.Connection) -> list[dict[str, object]]:
    query = sa.select(fact).where(fact.c.kind == "Test").order_by(fact.c.seq)
    return [dict(row) for row in connection.execute(query).mappings()]


@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_what_is_inserted_is_there(stage: Stage, number: int) -> None:
    with stage.service.database.transaction() as connection:
        insert_rows(connection, fact, ROWS[:number])
        assert facts(connection) == ROWS[:number]


@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_an_update_changes_the_rows_with_its_keys_and_no_other(stage: Stage, number: int) -> None:
    changed = [{**row, "record": b"new", "seq": 100 + at} for at, row in enumerate(ROWS[:number])]
    with stage.service.database.transaction() as connection:
        insert_rows(connection, fact, ROWS)
        update_rows(connection, fact, ("kind", "key"), changed)
        assert facts(connection) == [*ROWS[number:], *changed]


def leaves(stage: Stage, *seqs: int) -> list[dict[str, object]]:
    return [
        {name: bytes([seq % 256]) * 32 for name in ("leaf", "leaf_hash", "statement_hash")}
        | {"seq": seq, "cti": bytes([seq % 256]) * 16}
        for seq in seqs
    ]


@pytest.mark.parametrize("steps", [(0, 2), (1, 0), (-1, 0)])
def test_the_ledger_grows_by_one_also_in_bulk(stage: Stage, steps: tuple[int, int]) -> None:
    with stage.service.database.reading() as connection:
        size = read_head(connection, stage.service.origin).size
    wrong = leaves(stage, *(size + step for step in steps))
    with pytest.raises(DBAPIError, match=GUARDED), stage.service.database.transaction() as connection:
        insert_rows(connection, entry, wrong)
    assert stage.size() == size
    with stage.service.database.transaction() as connection:
        insert_rows(connection, entry, leaves(stage, size, size + 1))
    assert stage.count(entry) == size + 2, "the control: in order they are taken"
