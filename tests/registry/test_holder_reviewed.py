"""What a reviewer found at the holder's page, the code before them; each mended, each beside a control."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from issuers.identifiers.numbers import make_code
from registry.callers.limiting import Limit
from registry.holders import identity, papers, visits
from registry.http.app import create_app
from registry.storage.tables import read_audit
from tests.ground import on
from tests.insider import administrator
from tests.registry.desk import Desk
from tests.registry.erasing import holder_of
from tests.registry.holding import CURRENT, Holder, code_of, token_of, wrong
from tests.registry.test_limits import narrow

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


@pytest.fixture
def app(house: Desk) -> Iterator[Any]:
    """The house with limits as they are shipped, nothing counted yet."""
    with administrator(house.stage.service.settings) as raw:
        raw.run("DELETE FROM limit_count")
    yield create_app(narrow(house.stage).service)


@on("sqlite")
@pytest.mark.parametrize("moved", ["document", "document and reservation"])
def test_who_writes_into_the_database_comes_in_as_nobody_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, moved: str
) -> None:
    thief, victim = holder_of(desk, 0), holder_of(desk, 1)
    mine, theirs = Holder(desk), Holder(desk, 1)
    document = mine.document()
    code = theirs.code if moved == "document" else mine.code
    with administrator(desk.stage.service.settings) as raw:
        raw.run("UPDATE person_document SET person=:v WHERE person=:m", v=victim, m=thief)
        if moved != "document":
            own = bytes.fromhex(mine.certificate)
            raw.run("UPDATE reservation SET person=:v WHERE certificate=:c", v=victim, c=own)
    assert code_of(mine.show(code=code, **document)) == (404, "HOLDER_UNKNOWN")
    monkeypatch.setattr(identity, "_was_shown", lambda *_: True)
    assert mine.show(code=code, **document).status_code == 200, "the control: by the rows alone they would"


@on("sqlite")
def test_codes_nobody_has_shut_the_page_for_nobody(
    house: Desk, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "HOLDER_MISS_OF_ALL", Limit("holder-miss-of-all", "5/hour", shared=True))

    def miss(network: int, **changed: str) -> int:
        thief = Holder(house, 3, app=app, address=f"2001:db8:0:{network:x}::1")
        return thief.show(id_number=wrong(network), **changed).status_code

    assert [miss(n, code=make_code(7_000_000 + n)) for n in range(8)] == [404] * 8
    assert Holder(house, 1, app=app, address="203.0.113.77").show().status_code == 200
    assert [miss(n) for n in range(8, 13)] == [404] * 5
    assert Holder(house, 1, app=app, address="203.0.113.77").show().status_code == 429, "the control"


@on("sqlite")
def test_a_visit_from_another_place_has_its_own_line(house: Desk) -> None:
    now = house.stage.hands.now_ms
    for address, later in (("198.51.100.66", 0), ("203.0.113.5", 1), ("203.0.113.5", 2)):
        house.stage.hands.set(now + later * HOUR_MS)
        page = Holder(house, 2, address=address).show().json()
    house.stage.hands.set(now)
    own = [(one["times"], one["last_ms"] - now) for one in page["reads"]["lines"] if one["own"]]
    assert own == [(2, 2 * HOUR_MS), (1, 0)]


@on("sqlite")
def test_a_token_that_opens_nothing_leaves_nothing(house: Desk) -> None:
    holder = Holder(house).visit()
    token = token_of(holder.link())
    before = house.stage.count(read_audit)
    assert {holder.open("A" * 43).status_code for _ in range(20)} == {404}
    assert house.stage.count(read_audit) == before
    assert holder.open(token).status_code == 200
    assert house.stage.count(read_audit) == before + 1, "the control"


@on("sqlite")
def test_a_clock_set_back_revives_no_link(house: Desk) -> None:
    token, now = token_of(Holder(house).visit().link(1)), house.stage.hands.now_ms
    holder = Holder(house)
    assert holder.open(token).status_code == 200, "the control"
    house.stage.hands.set(now - DAY_MS)
    revived = holder.open(token)
    house.stage.hands.set(now)
    assert code_of(revived) == (404, "LINK_UNKNOWN")


@on("sqlite")
def test_a_cookie_whose_name_only_seems_so_is_none(house: Desk) -> None:
    """A sibling of our domain may set a name with a strange blank before `__Host-`; Python would trim it."""
    holder = Holder(house).visit()
    (secret,) = holder.client.cookies.values()
    holder.client.cookies.clear()
    for blank, code in ((b"", 200), (b"\xa0", 401), (b"\x85", 401), (b"\x1f", 401)):
        sent = [(b"cookie", blank + b"__Host-malan-holder=" + secret.encode())]
        sent += [(name.encode(), one.encode()) for name, one in holder.own().items()]
        assert holder.client.get(CURRENT, headers=sent).status_code == code  # type: ignore[arg-type]


@on("sqlite")
def test_one_visit_from_many_places_draws_so_much_and_no_more(
    house: Desk, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = Holder(house, app=app).visit()
    (secret,) = visit.client.cookies.values()
    monkeypatch.setattr(papers, "draw_card", lambda *_: b"a picture")
    codes = []
    for place in range(40):
        other = Holder(house, app=app, address=f"2001:db8:7:{place:x}::1")
        other.client.cookies.set("__Host-malan-holder", secret)
        codes.append(other.paper("card").status_code)
    assert codes.count(200) == 30 and codes.count(429) == 10
