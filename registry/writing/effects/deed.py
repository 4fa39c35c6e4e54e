"""A judged act inside the transaction that will append it: what an effect is given. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa

from issuers.authority.party_facts import Key
from issuers.authority.view import F, View
from issuers.credential import SignedCredential
from ledger.commitment import Opening
from ledger.errors import Refused
from ledger.statement import Statement
from registry.persons.people import People
from registry.published.finality import Quorum
from registry.storage.rows import Rows
from registry.storage.tables import opening as opening_table
from registry.storage.tables import staff
from registry.writing.effects.foreseen import Foreseen


@dataclass(frozen=True, slots=True)
class Deed:
    """A judged act in the transaction that will append it. `view` is as before the act.

    `quorum` tells up to which entry the log stands under its witnesses.
    """

    connection: sa.Connection
    view: View
    people: People
    nullifier_key: bytes = field(repr=False)
    statement: Statement
    act: Any
    openings: tuple[Opening, ...] = field(repr=False)
    credential: SignedCredential | None = field(repr=False)
    time_ms: int
    rows: Rows = field(repr=False)
    foreseen: Foreseen = field(repr=False)
    quorum: Callable[[], Quorum] = field(repr=False)

    def need(self, kind: type[F], key: str) -> F:
        """A fact the judge has seen, or Refused FACT_MISSING."""
        fact = self.view.get(kind, key)
        if fact is None:
            raise Refused("FACT_MISSING", f"no such {kind.__name__}")
        return fact

    @property
    def signer(self) -> bytes | None:
        """The person behind the signer's staff id; None for those the service never gave one."""
        key = self.need(Key, self.statement.kid.hex())
        query = sa.select(staff.c.person).where(staff.c.staff == key.staff)
        found: bytes | None = self.connection.execute(query).scalar_one_or_none()
        return found

    def keep(self, persons: Sequence[bytes]) -> None:
        """Seals each opening for its person; the rows are written after the effect."""
        for place, (person, opened) in enumerate(zip(persons, self.openings, strict=True)):
            row = self.people.opening_row(
                self.connection, person, opened, statement=self.statement.hash, place=place
            )
            self.rows.add(opening_table, row)


Effect: TypeAlias = Callable[[Deed], None]
