"""Door: who read what, written in the transaction that reads it: what cannot be recorded is not shown.

A record names the reader's staff id, the purpose, the object and the kinds of fields; never a value. Records
are chained by an HMAC whose key is outside the database, so none can be changed, slipped in or cut off by
somebody who holds the database alone. Whoever reads for no party stands there by a mark that is no party's
id, whatever the city admits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError

from issuers.authority.party_facts import Key, Party
from ledger import cbor
from ledger.errors import Unavailable
from registry.persons.people import People
from registry.storage.tables import chain_head, read_audit

NAME: Final = "read_audit"


class Nameless(StrEnum):
    """Who reads for no party, in place of its id: words and hyphens there, so never a colon."""

    OPERATOR = ":operator"  # at the machine
    STRANGER = ":public"
    HOLDER = ":holder"  # whoever showed the holder's document


# Records are never changed, so those of before the marks keep a bare word that a party may have as well. What
# they were for tells them apart: no party ever reads for these.
_FORMER: Final[Mapping[str, tuple[Nameless, frozenset[str]]]] = MappingProxyType(
    {
        "public": (Nameless.STRANGER, frozenset({"public-look-up", "holder-refused", "shared-link"})),
        "holder": (
            Nameless.HOLDER,
            frozenset({"holder-page", "holder-pdf", "holder-card", "holder-link", "holder-link-withdrawn"}),
        ),
    }
)
_AT_THE_MACHINE: Final = "operator"  # in place of a staff id; before the marks, in place of a party as well


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
    reader = (Nameless.OPERATOR.value, _AT_THE_MACHINE) if asker is None else (asker.party.id, asker.reader)
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
    reader = (Nameless.STRANGER.value, people.index("caller", caller)[:16].hex())
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
    reader = (Nameless.HOLDER.value, people.index("caller", caller)[:16].hex())
    _add(connection, people, reader, purpose=purpose, what=what, fields=fields, now_ms=now_ms)


def who_read() -> sa.ColumnElement[str]:
    """In a query over `read_audit`: the id of the party that read, or one of `Nameless`."""
    party, reader, purpose = read_audit.c.party, read_audit.c.reader, read_audit.c.purpose
    former = [
        (sa.and_(party == word, purpose.in_(purposes)), mark.value)
        for word, (mark, purposes) in _FORMER.items()
    ]
    operator = sa.and_(party == _AT_THE_MACHINE, reader == _AT_THE_MACHINE)
    return sa.case(*former, (operator, Nameless.OPERATOR.value), else_=party)


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
