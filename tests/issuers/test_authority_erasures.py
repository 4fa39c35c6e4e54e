"""An erasure order: two of three of the city, places in order, each erased once ever; nobody is named."""

from __future__ import annotations

from typing import Any

import pytest

from issuers.acts.erasures import PLACES_MAX, EntryPlace, ErasureOrder, ErasureReason
from issuers.authority.erasure_facts import Erased, erased_key
from issuers.carried import ACTS, TRUST
from ledger.leaf import STATEMENT_BYTES_MAX
from tests.world import World

ORDER = f"erasure/{'e1' * 16}"
A, B = b"\1" * 32, b"\2" * 32


def order(*places: tuple[bytes, int], reason: str = "consent-withdrawn") -> dict[str, Any]:
    return {"reason": reason, "places": [{"statement": one, "place": place} for one, place in places]}


@pytest.fixture
def world() -> World:
    return World.founded()


def test_an_order_takes_force_with_the_second_root_and_not_before(world: World) -> None:
    waiting = world.say("erasure-order", "root-1", ORDER, order((A, 0), (A, 2), (B, 0)))
    assert world.view.all(Erased) == []
    world.refuse("APPROVER_SAME", "approve", "root-1", f"statement/{waiting.hash.hex()}", {})
    world.say("approve", "root-2", f"statement/{waiting.hash.hex()}", {})
    assert [one.key for one in world.view.all(Erased)] == [f"{A.hex()}/0", f"{A.hex()}/2", f"{B.hex()}/0"]
    fact = world.view.get(Erased, erased_key(A, 2))
    assert fact is not None
    assert fact.order == bytes.fromhex("e1" * 16)


def test_places_stand_in_order_and_once(world: World) -> None:
    for places in (((B, 0), (A, 0)), ((A, 1), (A, 0)), ((A, 1), (A, 1))):
        world.refuse("ERASURE_ORDER", "erasure-order", "root-1", ORDER, order(*places))


def test_an_entry_is_erased_once_also_by_orders_that_waited_together(world: World) -> None:
    late = world.say("erasure-order", "root-2", f"erasure/{'e2' * 16}", order((A, 1), (B, 0)))
    world.say_two("erasure-order", ORDER, order((A, 1)))
    world.refuse("ERASED_ALREADY", "erasure-order", "root-1", f"erasure/{'e3' * 16}", order((A, 1)))
    world.refuse("ERASED_ALREADY", "approve", "root-3", f"statement/{late.hash.hex()}", {})
    assert world.view.get(Erased, erased_key(B, 0)) is None


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("SHAPE_FORM", order((A, 0), reason="zhang-san-asked")),
        ("SHAPE_SIZE", order()),
        ("SHAPE_SIZE", order((A[:31], 0))),
        ("SHAPE_RANGE", order((A, 160))),
        ("SHAPE_UNKNOWN", {**order((A, 0)), "person": b"p" * 16}),
    ],
)
def test_there_is_no_room_for_a_person(world: World, code: str, body: dict[str, Any]) -> None:
    world.refuse(code, "erasure-order", "root-1", ORDER, body)


def test_the_subject_is_a_random_id(world: World) -> None:
    for code, subject in (("SUBJECT_KIND", "party/city"), ("SUBJECT_ID", "erasure/person-7")):
        world.refuse(code, "erasure-order", "root-1", subject, order((A, 0)))


def test_the_largest_order_fits_a_leaf(world: World) -> None:
    places = tuple(EntryPlace(A, n) for n in range(160)) + tuple(EntryPlace(B, n) for n in range(160))
    places += tuple(EntryPlace(b"\3" * 32, n) for n in range(160)) + tuple(
        EntryPlace(b"\4" * 32, n) for n in range(PLACES_MAX - 480)
    )
    said = world.say_two("erasure-order", ORDER, ErasureOrder(ErasureReason.RETENTION_OVER, places))
    assert len(said.raw) < STATEMENT_BYTES_MAX
    assert len(world.view.all(Erased)) == PLACES_MAX


def test_a_bundle_that_carries_approvals_carries_what_they_approve() -> None:
    """Or its replay would meet an approval of nothing."""
    assert "erasure-order" in ACTS.kinds
    assert "erasure-order" not in TRUST.kinds
    assert "roster" not in ACTS.kinds
