"""Door: natural persons as the service keeps them: found by document, sealed under a key of their own.

Promises: no name and no number rests in the database in clear or as a plain hash. A person is a random id
that never leaves the service; a document is found by an HMAC with a key outside the database; what is
personal is sealed under the person's key, which the key-encryption key wraps, with the place it belongs to
bound in, so that a value moved to another row does not open. Destroying the wrapped key erases the person.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from issuers.identifiers.identity import IdNumber
from ledger import cbor, sealing
from ledger.commitment import Opening, encode_opening
from ledger.errors import Unavailable
from registry.secrets import Secrets
from registry.storage.tables import claimant_mark, person_document, person_key
from registry.storage.tables import opening as opening_table
from registry.storage.tables import person as person_table

ID_BYTES = 16

_AT_ONCE = 500  # old builds of SQLite allow 999 parameters

# Built once: building a query costs more than running it.
_WRAPPED = sa.select(person_key.c.wrapped).where(person_key.c.person == sa.bindparam("of"))
_OPENING = sa.select(opening_table).where(
    opening_table.c.statement == sa.bindparam("of"), opening_table.c.place == sa.bindparam("at")
)


class People:
    """The persons of the database, under the secrets of the service."""

    def __init__(self, secrets: Secrets, held: Mapping[bytes, bytes] | None = None) -> None:
        """`held`: keys of persons, opened already; see `holding`."""
        self._secrets = secrets
        self._kek = secrets.kek
        self._index_key = secrets.index
        self._held = held or {}

    def holding(self, connection: sa.Connection, persons: Collection[bytes]) -> People:
        """The same with the keys of these persons at hand, for this one transaction: an erased key stays
        erased, because the next transaction asks again."""
        held, wanted = dict(self._held), sorted(set(persons) - self._held.keys())
        for start in range(0, len(wanted), _AT_ONCE):
            some = person_key.c.person.in_(wanted[start : start + _AT_ONCE])
            for row in connection.execute(sa.select(person_key).where(some)):
                held[row.person] = self._unwrapped(row.person, row.wrapped)
        return People(self._secrets, held)

    def without_keys(self) -> People:
        """The same with no key at hand: after a key was replaced."""
        return People(self._secrets)

    def index(self, purpose: str, *parts: str) -> bytes:
        """What stands in the database for a value that is looked up: HMAC-SHA256, 32 bytes."""
        return hmac.digest(self._index_key, cbor.encode(["malan/index/1", purpose, *parts]), "sha256")

    def seal_of(self, purpose: str, data: bytes) -> bytes:
        """An HMAC-SHA256 that nobody with the database alone can make."""
        return hmac.digest(self._index_key, cbor.encode(["malan/chain/1", purpose, data]), "sha256")

    def find(self, connection: sa.Connection, document: IdNumber) -> bytes | None:
        """The person with this document, or None."""
        query = sa.select(person_document.c.person).where(
            person_document.c.document == self.document(document)
        )
        found: bytes | None = connection.execute(query).scalar_one_or_none()
        return found

    def find_or_add(self, connection: sa.Connection, document: IdNumber) -> bytes:
        """The person with this document, new with a key of their own if they were not known.

        Who was erased while they held grants gets their old id, so that their nullifiers are the same again.
        """
        known = self.find(connection, document)
        if known is not None:
            return known
        index = self.document(document)
        person = self._returned(connection, index)
        if person is None:
            person = os.urandom(ID_BYTES)
            connection.execute(sa.insert(person_table).values(person=person))
        connection.execute(sa.insert(person_key).values(person=person, wrapped=self.new_key(person)))
        connection.execute(sa.insert(person_document).values(document=index, person=person))
        return person

    def new_key(self, person: bytes) -> bytes:
        """A fresh key for the person, wrapped: what stands in the table of keys."""
        key, nonce = os.urandom(sealing.KEY_BYTES), os.urandom(sealing.NONCE_BYTES)
        return sealing.seal(key, key=self._kek, nonce=nonce, context=_context("person_key", person))

    def claimant_mark(self, document: bytes) -> bytes:
        """What stands for a document (as `document` gives it) once its person was erased, 32 bytes."""
        return hmac.digest(self._secrets.nullifier, cbor.encode(["malan/claimant/1", document]), "sha256")

    def _returned(self, connection: sa.Connection, document: bytes) -> bytes | None:
        """The id of an erased person with this document, whose mark is not needed any more."""
        at = claimant_mark.c.mark == self.claimant_mark(document)
        person: bytes | None = connection.execute(
            sa.select(claimant_mark.c.person).where(at)
        ).scalar_one_or_none()
        if person is not None:
            connection.execute(sa.delete(claimant_mark).where(claimant_mark.c.person == person))
        return person

    def seal(
        self,
        connection: sa.Connection,
        person: bytes,
        plain: bytes,
        *,
        table: str,
        place: Iterable[cbor.Value],
    ) -> bytes:
        """`plain` for this row of this table and nowhere else."""
        context = _context(table, person, *place)
        key, nonce = self._key(connection, person), os.urandom(sealing.NONCE_BYTES)
        return sealing.seal(plain, key=key, nonce=nonce, context=context)

    def unseal(
        self,
        connection: sa.Connection,
        person: bytes,
        sealed: bytes,
        *,
        table: str,
        place: Iterable[cbor.Value],
    ) -> bytes:
        """Raises Unavailable PERSON_ERASED; Malformed SEAL_BROKEN for a value that was moved or changed."""
        return sealing.unseal(
            sealed, key=self._key(connection, person), context=_context(table, person, *place)
        )

    def opening_row(
        self, connection: sa.Connection, person: bytes, opened: Opening, *, statement: bytes, place: int
    ) -> dict[str, object]:
        """The row of table `opening` that keeps what opens entry `place` of the statement with this hash."""
        sealed = self.seal(
            connection, person, encode_opening(opened), table="opening", place=(statement, place)
        )
        return {"statement": statement, "place": place, "person": person, "sealed": sealed}

    def store_opening(
        self, connection: sa.Connection, person: bytes, opened: Opening, *, statement: bytes, place: int
    ) -> None:
        """Inserts that row."""
        row = self.opening_row(connection, person, opened, statement=statement, place=place)
        connection.execute(sa.insert(opening_table).values(row))

    def openings(self, connection: sa.Connection, statement: bytes) -> list[bytes]:
        """The encoded openings that a statement has, in the order of its entries. Raises as `unseal`."""
        return list(self.openings_by_place(connection, statement).values())

    def openings_by_place(self, connection: sa.Connection, statement: bytes) -> dict[int, bytes]:
        """The same by their entries: those of erased persons are not there."""
        query = sa.select(opening_table).where(opening_table.c.statement == statement)
        rows = connection.execute(query.order_by(opening_table.c.place)).all()
        return {row.place: self.opened(connection, row) for row in rows}

    def opening(self, connection: sa.Connection, statement: bytes, place: int) -> bytes:
        """One encoded opening. Raises as `unseal`, and Unavailable OPENING_MISSING."""
        row = connection.execute(_OPENING, {"of": statement, "at": place}).one_or_none()
        if row is None:
            raise Unavailable("OPENING_MISSING", "an opening is not there", fix="Run `malan fsck`.")
        return self.opened(connection, row)

    def opened(self, connection: sa.Connection, row: sa.Row[Any]) -> bytes:
        """The encoded opening in a row of table `opening`. Raises as `unseal`."""
        place = (row.statement, row.place)
        return self.unseal(connection, row.person, row.sealed, table="opening", place=place)

    def document(self, document: IdNumber) -> bytes:
        """What stands for a document in the database."""
        return self.index("document", document.type.value, document.number)

    def _key(self, connection: sa.Connection, person: bytes) -> bytes:
        if person in self._held:
            return self._held[person]
        wrapped = connection.execute(_WRAPPED, {"of": person}).scalar_one_or_none()
        if wrapped is None:
            raise Unavailable("PERSON_ERASED", "the person's data was erased")
        return self._unwrapped(person, wrapped)

    def _unwrapped(self, person: bytes, wrapped: bytes) -> bytes:
        return sealing.unseal(wrapped, key=self._kek, context=_context("person_key", person))


def _context(table: str, person: bytes, *place: cbor.Value) -> bytes:
    return cbor.encode(["malan/seal/1", table, person, *place])
