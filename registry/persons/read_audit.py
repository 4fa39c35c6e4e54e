"""Door: who read what, written in the transaction that reads it: what cannot be recorded is not shown.

A record names the reader's staff id, the purpose, the object and the kinds of fields; never a value. Records
are chained by an HMAC whose key is outside the database, so none can be changed, slipped in or cut off by
somebody who holds the database alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError

from issuers.authority.party_facts import Key, Party
from ledger import cbor
from ledger.errors import Unavailable
from registry.persons.people import People
from registry.storage.tables import chain_head, read_audit

OPERATOR = "operator"
STRANGER = "public"
HOLDER = "holder"
NAME = "read_audit"


class Reader(Protocol):
    """Who reads: the signer of a request, or who is signed in. `reader` is their name in a record."""

    @property
    def party(self) -> Party: ...

    @property
    def staff(self) -> bytes: ...

    @property
    def reader(self) -> str: ...


def record(
    connection: sa.Connection,
    people: People,
    asker: Reader | None,
    *,
    purpose: str,
    what: str,
    fields: str,
    now_ms: int,
) -> None:
    """Adds one record; without an asker the reader is the operator at the machine."""
    reader = (OPERATOR, OPERATOR) if asker is None else (asker.party.id, asker.reader)
    _add(connection, people, reader, purpose=purpose, what=what, fields=fields, now_ms=now_ms)


def record_stranger(
    connection: sa.Connection,
    people: People,
    caller: str,
    *,
    purpose: str,
    what: str,
    fields: str,
    now_ms: int,
) -> None:
    """Adds one record of a reader without a name: what tells callers apart is an HMAC of their address."""
    reader = (STRANGER, people.index("caller", caller)[:16].hex())
    _add(connection, people, reader, purpose=purpose, what=what, fields=fields, now_ms=now_ms)


def record_holder(
    connection: sa.Connection,
    people: People,
    caller: str,
    *,
    purpose: str,
    what: str,
    fields: str,
    now_ms: int,
) -> None:
    """Adds one record of somebody who showed the holder's document: the holder sees it, whoever it was."""
    reader = (HOLDER, people.index("caller", caller)[:16].hex())
    _add(connection, people, reader, purpose=purpose, what=what, fields=fields, now_ms=now_ms)


def record_attempt(
    connection: sa.Connection, people: People, key: Key, *, purpose: str, what: str, now_ms: int
) -> None:
    """Adds one record of what a signer was refused: a refusal answers a guess, too."""
    reader = (key.party, "" if key.staff is None else key.staff.hex())
    _add(connection, people, reader, purpose=purpose, what=what, fields="identity", now_ms=now_ms)


def _add(
    connection: sa.Connection,
    people: People,
    reader: tuple[str, str],
    *,
    purpose: str,
    what: str,
    fields: str,
    now_ms: int,
) -> None:
    party, staff = reader
    head = connection.execute(sa.select(chain_head).where(chain_head.c.name == NAME)).one_or_none()
    row: dict[str, cbor.Value] = {
        "id": 1 if head is None else head.size + 1,
        "time_ms": now_ms,
        "party": party,
        "reader": staff,
        "purpose": purpose,
        "object": what,
        "fields": fields,
    }
    chain = link(people, b"" if head is None else head.chain, list(row.values()))
    try:
        connection.execute(sa.insert(read_audit).values({**row, "chain": chain}))
        if head is None:
            connection.execute(sa.insert(chain_head).values(name=NAME, size=row["id"], chain=chain))
        else:
            change = sa.update(chain_head).where(chain_head.c.name == NAME)
            connection.execute(change.values(size=row["id"], chain=chain))
    except OperationalError:
        raise  # busy, full or away: the caller's transaction says it
    except DatabaseError as error:
        fix = "Run `malan fsck`: somebody changed the read audit."
        raise Unavailable(
            "AUDIT_BROKEN", "the read cannot be recorded, so nothing is shown", fix=fix
        ) from error


def link(people: People, before: bytes, values: Sequence[cbor.Value]) -> bytes:
    """The chain value of a record: HMAC over the one before and the record's columns in order."""
    return people.seal_of("read-audit", cbor.encode([before, list(values)]))
