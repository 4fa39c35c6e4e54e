"""Door: many rows in one statement to the database, whichever kind it is.

SQLite takes them one by one inside the driver. PostgreSQL would answer each with a message of its own, so
there every column travels as one array and the server takes it apart (`unnest`, in the order of the arrays).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

Row = Mapping[str, object]

_TYPES: Final[dict[type, str]] = {
    sa.LargeBinary: "bytea",
    sa.BigInteger: "bigint",
    sa.Integer: "integer",
    sa.String: "text",
}


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Inserts rows that all have the members of the first, in their order."""
    if len(rows) > 1 and connection.dialect.name == "postgresql":
        _by_arrays(connection, _insert_of(table, tuple(rows[0])), rows)
    elif rows:
        connection.execute(_plain_insert_of(table), rows)


def update_rows(connection: sa.Connection, table: sa.Table, keys: Sequence[str], rows: Sequence[Row]) -> None:
    """Sets in each row that has the `keys` of one given its other members; no two rows have the same keys."""
    if len(rows) > 1 and connection.dialect.name == "postgresql":
        _by_arrays(connection, _update_of(table, tuple(keys), tuple(rows[0])), rows)
    elif rows:
        named = [{f"to_{name}": value for name, value in row.items()} for row in rows]
        connection.execute(_plain_update_of(table, tuple(keys), tuple(rows[0])), named)


def _by_arrays(connection: sa.Connection, query: str, rows: Sequence[Row]) -> None:
    connection.exec_driver_sql(query, tuple([row[name] for row in rows] for name in rows[0]))


# Built once: building a query costs more than running it.


@lru_cache(maxsize=64)
def _plain_insert_of(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


@lru_cache(maxsize=64)
def _plain_update_of(table: sa.Table, keys: tuple[str, ...], names: tuple[str, ...]) -> sa.Update:
    place = sa.and_(*(table.c[name] == sa.bindparam(f"to_{name}") for name in keys))
    values: dict[str, Any] = {name: sa.bindparam(f"to_{name}") for name in names if name not in keys}
    return sa.update(table).where(place).values(values)


@lru_cache(maxsize=64)
def _insert_of(table: sa.Table, names: tuple[str, ...]) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table.name}" ({columns}) SELECT * FROM {_arrays(table, names)}'  # noqa: S608  # ours


@lru_cache(maxsize=64)
def _update_of(table: sa.Table, keys: tuple[str, ...], names: tuple[str, ...]) -> str:
    values = ", ".join(f'"{name}" = given."{name}"' for name in names if name not in keys)
    place = " AND ".join(f'"{table.name}"."{name}" = given."{name}"' for name in keys)
    given = f"{_arrays(table, names)} AS given({', '.join(names)})"
    return f'UPDATE "{table.name}" SET {values} FROM {given} WHERE {place}'  # noqa: S608  # ours


def _arrays(table: sa.Table, names: tuple[str, ...]) -> str:
    """`%b`: in binary, which spares the escaping of bytes."""
    kinds = (next(_TYPES[one] for one in type(table.c[name].type).__mro__ if one in _TYPES) for name in names)
    return f"unnest({', '.join(f'%b::{kind}[]' for kind in kinds)})"
