"""Rows that wait to be inserted together: one statement to the database a table, not one a row."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from ledger.bulk import insert_rows


class Rows:
    """Rows by table, in the order they were added. What is added here no query sees before `write`."""

    def __init__(self) -> None:
        self._rows: dict[sa.Table, list[Mapping[str, object]]] = {}

    def add(self, table: sa.Table, row: Mapping[str, object]) -> None:
        """One row more."""
        self._rows.setdefault(table, []).append(row)

    def extend(self, other: Rows) -> None:
        """All rows of another, behind those of this one."""
        for table, rows in other._rows.items():
            self._rows.setdefault(table, []).extend(rows)

    def write(self, connection: sa.Connection) -> None:
        """Inserts them all and forgets them."""
        for table, rows in self._rows.items():
            insert_rows(connection, table, rows)
        self._rows.clear()
