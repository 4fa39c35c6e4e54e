"""Who looked, page by page: no line is left out or told twice, and nobody chooses where a page begins."""

from __future__ import annotations

from typing import Any

import pytest

from issuers.base64url import from_b64, to_b64
from ledger.errors import Refused
from registry.holders import reads
from registry.persons.read_audit import record_holder, record_stranger
from registry.storage.tables import read_audit
from tests.ground import on
from tests.registry.desk import Desk
from tests.registry.holding import Holder, code_of

PATH = "/api/holder/reads"
DAY_MS = 86_400_000
LINES = 17
SECRET = "unmask-court-order"


@pytest.fixture
def read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A holder at whose certificate somebody looked on every of many days; five lines make a page."""
    monkeypatch.setattr(reads, "LINES_MAX", 5)
    now = desk.stage.hands.now_ms
    for day in range(LINES):
        look(desk, now - (LINES - day) * DAY_MS, purpose="public-look-up" if day % 3 else SECRET)
    return desk


def look(desk: Desk, at_ms: int, purpose: str = "public-look-up") -> None:
    what = f"certificate/{desk.certified[0].item.certificate.hex()}"
    with desk.stage.service.database.transaction() as connection:
        record_stranger(
            connection,
            desk.stage.service.people,
            "192.0.2.9",
            purpose=purpose,
            what=what,
            fields="masked",
            now_ms=at_ms,
        )


def older(holder: Holder, place: str) -> Any:
    return holder.ask("GET", f"{PATH}?older={place}")


def all_lines(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """On one page, to the last."""
    with monkeypatch.context() as patch:
        patch.setattr(reads, "LINES_MAX", 1_000)
        told = Holder(desk).visit().page()["reads"]
    assert told["older"] is None
    lines: list[dict[str, Any]] = told["lines"]
    return lines


def test_older_lines_follow_page_by_page_whoever_looks_meanwhile(
    read: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = all_lines(read, monkeypatch)
    holder = Holder(read).visit()
    told = holder.page()["reads"]
    found, counts = list(told["lines"]), [len(told["lines"])]
    while told["older"] is not None:
        look(read, read.stage.hands.now_ms + 1)  # a new line, and on the next page more reads of one shown
        read.stage.hands.set(read.stage.hands.now_ms + 1_000)
        told = older(holder, told["older"]).json()
        found, counts = found + told["lines"], [*counts, len(told["lines"])]
    assert counts[:-1] == [5] * (len(counts) - 1) and len(counts) >= 3
    assert SECRET not in str(found), "what the law keeps secret is on no page"
    own = [one for one in found if not one["own"]]
    assert own == [one for one in expected if not one["own"]]
    assert len(own) >= LINES - LINES // 3 - 1, "the control"
    assert [one["times"] for one in found if one["own"]] == [4], "two visits, each with its page once more"


@on("sqlite")
def test_where_a_page_begins_is_told_by_the_page_before_and_by_nobody_else(read: Desk) -> None:
    holder, other = Holder(read).visit(), Holder(read).visit()
    mine, theirs = (one.page()["reads"]["older"] for one in (holder, other))
    raw = from_b64(mine, bytes_max=28, where="older")
    assert len(raw) == 28
    forged = [raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :] for place in (0, 7, 11, 12, 27)]
    for place in (*map(to_b64, (*forged, raw[:-1], raw[:12], bytes(28))), theirs, "A", mine + "=", "é"):
        assert code_of(older(holder, place)) == (400, "READS_PLACE"), place
    assert older(holder, mine).status_code == older(other, theirs).status_code == 200, "the control"
    assert code_of(holder.ask("GET", PATH)) == (400, "PARAMETER_FORM")
    stranger = Holder(read)
    assert code_of(older(stranger, mine)) == (401, "SESSION_NONE")
    read.stage.hands.set(read.stage.hands.now_ms + 16 * 60_000)
    assert code_of(older(holder, mine)) == (401, "SESSION_ENDED")


@on("sqlite")
def test_each_page_is_recorded_before_it_is_told(read: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = Holder(read).visit()
    place, before = holder.page()["reads"]["older"], read.stage.count(read_audit)
    assert older(holder, place).status_code == 200
    assert read.stage.count(read_audit) == before + 1
    assert holder.page()["reads"]["lines"][0]["purpose"]["en"] == "opened this page by code and document"
    assert holder.page()["reads"]["lines"][1]["purpose"]["en"] == "read on in who looked"

    def full(*_: object, **__: object) -> None:
        raise Refused("AUDIT_FULL", "told by the test")

    monkeypatch.setattr("registry.holders.visits.record_holder", full)
    assert code_of(older(holder, place)) == (422, "AUDIT_FULL")


@on("sqlite")
def test_a_clock_that_was_set_back_hides_no_line(read: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was recorded before the clock went back lies after now, and in the first page's moment."""
    now = read.stage.hands.now_ms
    what = f"certificate/{read.certified[0].item.certificate.hex()}"
    with read.stage.service.database.transaction() as connection:
        for n in range(7):
            record_holder(
                connection,
                read.stage.service.people,
                f"192.0.2.{n}",
                purpose="holder-page",
                what=what,
                fields="masked",
                now_ms=now + 4_000,
            )
    holder = Holder(read).visit()
    first = holder.page()["reads"]
    second = older(holder, first["older"]).json()
    places = [one for one in (*first["lines"], *second["lines"]) if one["own"]]
    assert len(places) == 8, "seven places, and this one"
