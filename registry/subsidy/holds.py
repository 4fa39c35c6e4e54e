"""Door: who holds which project and slot: the table that keeps money from being paid twice (design 18).

Promises: one person holds a project once and a slot once because the database says so (`UNIQUE(person,
project)`, `PRIMARY KEY(person, slot)`), not because somebody looked before. Outside, a hold is a pair of
nullifiers: HMACs that name nobody and that every auditor can compare.
"""

from __future__ import annotations

import hmac

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ledger import cbor
from ledger.errors import Refused, Unavailable
from registry.storage.tables import hold

SLOTS = (1, 2, 3)  # notice 二(二): three grants a person


def project_nullifier(key: bytes, person: bytes, project: str) -> bytes:
    """What stands in the log for (person, project), 32 bytes."""
    return _nullifier(key, "project", person, project)


def slot_nullifier(key: bytes, person: bytes, slot: int) -> bytes:
    """What stands in the log for (person, slot), 32 bytes."""
    return _nullifier(key, "slot", person, slot)


def take(connection: sa.Connection, *, person: bytes, project: str, slot: int, claim: bytes) -> None:
    """Holds project and slot for a claim.

    Raises Refused ALREADY_CLAIMED when project or every slot is held, SLOT_TAKEN when another slot is free;
    Unavailable STORE_BROKEN when the database refuses for another reason.
    """
    row = {"person": person, "slot": slot, "project": project, "claim": claim}
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(hold).values(row))
    except IntegrityError as error:
        taken = held(connection, person)
        if project in taken.values() or set(SLOTS) <= taken.keys() or slot not in SLOTS:
            raise already_claimed() from error
        if slot in taken:
            raise slot_taken() from error
        raise Unavailable(
            "STORE_BROKEN", "the database does not know what it should", fix="Run `malan fsck`."
        ) from error


def release(connection: sa.Connection, claim: bytes) -> None:
    """Frees what the claim held."""
    connection.execute(sa.delete(hold).where(hold.c.claim == claim))


def held(connection: sa.Connection, person: bytes) -> dict[int, str]:
    """Project by slot: advice for an answer, never the guard."""
    rows = connection.execute(sa.select(hold.c.slot, hold.c.project).where(hold.c.person == person))
    return {row.slot: row.project for row in rows}


def already_claimed() -> Refused:
    """The refusal of a second claim."""
    return Refused("ALREADY_CLAIMED", "this person holds this project, or every slot, already")


def slot_taken() -> Refused:
    """The refusal of a rightful claim that was prepared at the same time as another one."""
    return Refused("SLOT_TAKEN", "another claim of this person took the slot meanwhile", fix="Prepare again.")


def _nullifier(key: bytes, what: str, person: bytes, value: cbor.Value) -> bytes:
    return hmac.digest(key, cbor.encode(["malan/nullifier/1", what, person, value]), "sha256")
