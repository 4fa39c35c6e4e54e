"""Guessing at the holder's page: attacks 1 to 5 of the list in `test_holder_attacks`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from issuers.identifiers.numbers import make_code
from registry.http.app import create_app
from registry.storage.tables import limit_count, read_audit
from tests.ground import on
from tests.insider import administrator
from tests.registry.desk import Desk
from tests.registry.erasing import erased, holder_of, places
from tests.registry.holding import Holder, code_of, told, wrong
from tests.registry.stage import Stage, parcel_item
from tests.registry.test_limits import narrow

UNKNOWN = make_code(9_999_999)


@pytest.fixture
def app(house: Desk) -> Iterator[Any]:
    """The house with limits as they are shipped, nothing counted yet."""
    with administrator(house.stage.service.settings) as raw:
        raw.run("DELETE FROM limit_count")
    yield create_app(narrow(house.stage).service)


@on("sqlite")
def test_1_who_is_registered_is_not_to_be_learnt(results: Stage) -> None:
    """Wrong document, another holder's, nobody's code, one only reserved, an erased holder: one answer."""
    prepared = results.prepared()
    *issued, reserved = [results.certify(prepared, one) for one in prepared.items]
    results.post_batch([parcel_item(one) for one in issued])
    results.publish()
    desk = Desk(results, [*issued, reserved])
    stage, thief, late = desk.stage, Holder(desk), Holder(desk, len(issued))
    erased(stage, places(stage, holder_of(desk, 2)))
    gone = desk.certified[2].item.code
    answers = [
        thief.show(id_number=wrong()),
        thief.show(**Holder(desk, 1).document()),
        thief.show(code=UNKNOWN),
        late.show(),
        thief.show(code=gone),
        thief.show(code=gone, **Holder(desk, 2).document()),
        thief.show(code=UNKNOWN, id_number=wrong()),
    ]
    assert {told(one) for one in answers} == {told(answers[0])}
    assert code_of(answers[0]) == (404, "HOLDER_UNKNOWN")
    assert all("set-cookie" not in one.headers for one in answers)
    assert thief.show().status_code == 200, "the control"


@on("sqlite")
def test_2_and_3_five_hundred_numbers_are_not_tried_in_a_day_not_even_from_many_addresses(
    house: Desk, app: Any
) -> None:
    for code in (Holder(house).code, UNKNOWN):
        tries = [
            Holder(house, app=app, address=f"198.51.100.{n}").show(code=code, id_number=wrong(n))
            for n in range(8)
        ]
        assert [one.status_code for one in tries] == [404] * 5 + [429] * 3, "known or not, alike"
    right = Holder(house, app=app, address="203.0.113.9")
    assert right.show().status_code == 429, "not even the right one tells which it is"
    assert Holder(house, 1, app=app, address="203.0.113.9").show().status_code == 200, (
        "others are not shut out"
    )
    house.stage.hands.set(house.stage.hands.now_ms + 86_400_001)
    assert right.show().status_code == 200, "on the next day"


@on("sqlite")
def test_3_one_stranger_alone_locks_nobody_out(house: Desk, app: Any) -> None:
    begun = house.stage.hands.now_ms
    for code in (Holder(house, 3).code, make_code(8_888_888)):
        stranger = Holder(house, 3, app=app, address="2001:db8:5:6::1")
        told = []
        for day in range(4):
            house.stage.hands.set(begun + day * 86_400_001)
            told += [stranger.show(code=code, id_number=wrong(n)).status_code for n in range(5)]
        assert told == ([404] * 3 + [429] * 2) * 2 + [429] * 10, "known or not, alike; six in a month"
        neighbour = Holder(house, 3, app=app, address="2001:db8:5:6:7::2")
        assert neighbour.show(code=code).status_code == 429, "a household is one"
        house.stage.hands.set(begun)
    holder = Holder(house, 4, app=app, address="203.0.113.20")
    for n, (tries, then) in enumerate([([404] * 3, 200), ([404] * 2 + [429], 429)]):
        stranger = Holder(house, 4, app=app, address=f"198.51.100.{n}")
        assert [stranger.show(id_number=wrong(one)).status_code for one in range(3)] == tries
        assert holder.show().status_code == then, "it takes two for a day"


@on("sqlite")
def test_3_guesses_sent_all_at_once_are_counted_one_by_one(
    house: Desk, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if each had asked for room before any was counted: no sixth guess, not even a right one."""
    monkeypatch.setattr("registry.holders.visits.need_room", lambda *_: None)

    def guess(n: int) -> int:
        return Holder(house, 2, app=app, address=f"198.51.100.{n}").show(id_number=wrong(n)).status_code

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(12)))
    assert sorted(answers) == [404] * 5 + [429] * 7
    assert Holder(house, 2, app=app, address="203.0.113.2").show().status_code == 429


@on("sqlite")
def test_4_and_5_codes_sprayed_from_one_address_and_from_all(house: Desk, app: Any) -> None:
    thief = Holder(house, app=app, address="198.51.100.99")
    tries = [thief.show(code=make_code(5_000_000 + n), id_number=wrong()).status_code for n in range(12)]
    assert tries == [404] * 10 + [429] * 2
    audited = house.stage.count(read_audit)
    assert thief.show().status_code == 429
    assert house.stage.count(read_audit) == audited, "who is over the limit costs no write"
    assert Holder(house, app=app).show().status_code == 200, "the control"
    assert Holder(house, app=app, address="203.0.113.8").show(id_number=wrong()).status_code == 404
    everybody = house.stage.service.people.index("limit", "holder-miss-of-all", "everybody")[:16].hex()
    with administrator(house.stage.service.settings) as raw:
        raw.run("UPDATE limit_count SET count = 300 WHERE name LIKE :name", name=f"%{everybody}%")
    assert Holder(house, app=app).show().status_code == 429, "the breaker of all callers together"
    assert house.stage.count(limit_count) > 0
