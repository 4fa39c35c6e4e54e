"""Erasing somebody of a desk: whose places they are, the order of the city, and what stands of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import httpx
import sqlalchemy as sa

from issuers.acts.certificates import ClaimDecided
from issuers.acts.words import Outcome
from registry.persons.erasing import Place, places_of
from registry.storage.tables import reservation
from tests.registry.desk import Desk
from tests.registry.stage import Stage
from tests.world_parts import AMOUNT_FEN


def holder_of(desk: Desk, place: int = 0) -> bytes:
    """The internal id of whoever holds a certificate."""
    at = reservation.c.certificate == desk.certified[place].item.certificate
    with desk.stage.service.database.reading() as connection:
        found: bytes = connection.execute(sa.select(reservation.c.person).where(at)).scalar_one()
    return found


def places(stage: Stage, *persons: bytes) -> list[Place]:
    with stage.service.database.reading() as connection:
        return sorted(places_of(connection, persons))


def ordered(stage: Stage, named: Sequence[Place], *, order: bytes = b"\xe1" * 16) -> httpx.Response:
    """The answer to the order of the first root."""
    body = {
        "reason": "consent-withdrawn",
        "places": [{"statement": one, "place": place} for one, place in named],
    }
    stage.world.now = stage.hands.now_ms
    return stage.post(stage.world.sign("erasure-order", "root-1", f"erasure/{order.hex()}", body))


def approved(stage: Stage, answer: httpx.Response, *, who: str = "root-2") -> httpx.Response:
    """The answer to another root's yes to what was answered so."""
    with stage.service.database.reading() as connection:
        query = sa.text("SELECT statement_hash FROM ledger_entry WHERE seq = :seq")
        digest = connection.execute(query, {"seq": result(answer)["seq"]}).scalar_one()
    return stage.post(stage.world.sign("approve", who, f"statement/{bytes(digest).hex()}", {}))


def erased(stage: Stage, named: Sequence[Place], *, order: bytes = b"\xe1" * 16) -> None:
    """Both steps, which must be taken."""
    for answer in (first := ordered(stage, named, order=order), approved(stage, first)):
        assert result(answer)["status"] == "appended", answer.text


def result(answer: httpx.Response) -> dict[str, Any]:
    """The one result of a posted statement."""
    (one,) = answer.json()["results"]
    told: dict[str, Any] = one
    return told


def rows_of(stage: Stage, persons: Collection[bytes], *tables: sa.Table) -> dict[str, int]:
    """How many rows of these persons stand in each table that has any."""
    with stage.service.database.reading() as connection:
        found = {
            table.name: connection.execute(
                sa.select(sa.func.count()).select_from(table).where(table.c.person.in_(list(persons)))
            ).scalar_one()
            for table in tables
        }
    return {name: count for name, count in found.items() if count}


def paid(desk: Desk, place: int = 0) -> bytes:
    """The holder has a grant; answers with who they are."""
    prepared = desk.prepared(place)
    assert desk.submit(desk.claim(prepared, place)).status_code == 200
    approval = ClaimDecided(Outcome.APPROVED, (), AMOUNT_FEN, release=False)
    assert desk.say("claim-decided", "reviewer-310104", prepared.claim, approval).status_code == 200
    return holder_of(desk, place)
