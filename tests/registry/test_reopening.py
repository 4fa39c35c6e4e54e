"""`malan reopen`: what ends early and what does not, who is told, how often; what supervisors see of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from issuers.identifiers.numbers import make_code
from registry.__main__ import app
from registry.callers.reopening import Reason
from registry.holders.words import NAMELESS, PURPOSES
from registry.persons.read_audit import Nameless
from registry.storage.tables import read_audit
from registry.supervision import health
from tests.ground import on
from tests.insider import administrator
from tests.registry.desk import Desk
from tests.registry.holding import Holder, wrong
from tests.registry.test_counter_guesses import (
    DAY_MS,
    OFFICER,
    SECOND,
    counter,
    guess,
    refused,
    released,
    unknown,
)
from tests.registry.test_supervision import OTHER, OWN, principal
from tests.registry.versions import renew

HOLDER, SUPERVISION = Reason.HOLDER_REQUEST.value, Reason.SUPERVISION.value

NOTHING: dict[str, list[Any]] = {"certificates": [], "officers": []}
Run = Callable[..., Any]


@pytest.fixture
def run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command as its own process would run it, at the time of the stage."""
    monkeypatch.setattr("registry.service.Clock", desk.stage.hands.clock)

    def run(code: str, *more: str, reason: str = HOLDER) -> Any:
        home = str(desk.stage.service.settings.home)
        return CliRunner().invoke(app, ["reopen", reason, "--home", home, *more], input=f"{code}\n")

    return run


def code(desk: Desk, place: int = 0) -> str:
    return desk.certified[place].item.code


def certificate(desk: Desk, place: int = 0) -> str:
    return desk.certified[place].item.certificate.hex()


def staff(desk: Desk, who: str) -> str:
    return desk.stage.world.people[who].staff.hex()


def shut(way: Desk, place: int = 0) -> None:
    """Two officers try five documents each at the certificate."""
    for who in (OFFICER, SECOND):
        assert all(unknown(guess(way, n, place, who)) for n in range(5))


def says(result: Any, error: str, *, exit_code: int = 1) -> bool:
    return result.exit_code == exit_code and result.output.startswith(error)


def records(desk: Desk) -> list[tuple[str, str, str, str]]:
    query = sa.select(read_audit).where(read_audit.c.purpose.startswith("reopened"))
    with desk.stage.service.database.reading() as connection:
        rows = connection.execute(query.order_by(read_audit.c.id)).all()
    return [(row.party, row.reader, row.purpose, row.object) for row in rows]


def looks(desk: Desk, place: int, app: Any) -> list[tuple[str, str, int]]:
    """Who looked and why, as the holder is told."""
    told = Holder(desk, place, app=app, address="203.0.113.40").visit().page()
    return [(one["party"]["en"], one["purpose"]["en"], one["times"]) for one in told["reads"]["lines"]]


def seen(desk: Desk, who: str = OWN) -> Any:
    return health.health(desk.stage.service, principal(desk.stage, who))["stopped"]


def test_the_holder_is_served_today_and_officers_answer_for_what_they_tried(desk: Desk, run: Run) -> None:
    way = counter(desk)
    page: Any = way.stage.client.app
    shut(way)
    shut(way, 1)
    for who in (OFFICER, SECOND):
        assert refused(way.check(desk.body(), who)) == "CERTIFICATE_MISSES"
    assert Holder(desk, app=page).show().status_code == 429
    told = run(code(desk), "--json")
    assert told.exit_code == 0, told.output
    ended = {"day": 5, "month": 5}
    assert json.loads(told.stdout) == {
        "ok": True,
        "command": "reopen",
        "certificate": certificate(desk),
        "counters": {"day": 10, "month": 10},
        "officers": [
            {"staff": one, **ended} for one in sorted(staff(desk, who) for who in (OFFICER, SECOND))
        ],
        "page": {"day": 10, "month": 10},
        "left": 1,
    }
    assert refused(way.check(desk.body())) == "OFFICER_MISSES", "ten in an hour are the officer's own"
    desk.stage.hands.set(desk.stage.hands.now_ms + 3_600_001)
    for who in (OFFICER, SECOND):
        assert way.check(desk.body(), who).json()["outcome"] == "PASS", (
            "nor are they shut at this certificate"
        )
        assert refused(way.check(desk.body(1), who)) == "CERTIFICATE_MISSES", "others are as they were"
    assert Holder(desk, app=page).show().status_code == 200
    assert Holder(desk, 1, app=page).show().status_code == 429
    for n in range(5):
        guess(way, n)
    assert refused(guess(way, 5)) == "OFFICER_MISSES", "it is counted anew"


def test_who_is_unknown_mistyped_or_served_is_refused_and_leaves_no_record(desk: Desk, run: Run) -> None:
    way = counter(desk)
    for n in range(4):
        guess(way, n)
    assert says(run(make_code(9_999_999)), "CERTIFICATE_UNKNOWN")
    assert says(run("1234567890123456"), "CODE_CHECK", exit_code=2)
    assert says(run(""), "CODE_FORM", exit_code=2)
    assert says(run(code(desk)), "NOTHING_SHUT")
    assert says(run(code(desk), reason="a name"), "Usage:", exit_code=2)
    assert records(desk) == []
    assert unknown(guess(way, 4))
    assert refused(way.check(desk.body())) == "OFFICER_MISSES"
    assert run(code(desk)).exit_code == 0, "the control: one officer at this certificate, one miss more"
    assert way.check(desk.body()).json()["outcome"] == "PASS"


def test_a_page_that_strangers_locked_is_opened_by_either_code(desk: Desk, run: Run) -> None:
    again = renew(desk.stage, desk.certified[4])
    way = counter(desk)
    page: Any = way.stage.client.app
    assert unknown(guess(way, 0)), "at another certificate"
    networks = [Holder(desk, 4, app=page, address=f"198.51.100.{n}") for n in range(2)]
    tries = [one.show(id_number=wrong(n)).status_code for one in networks for n in range(3)]
    assert tries == [404] * 5 + [429]
    assert Holder(desk, 4, app=page).show().status_code == 429
    told = run(again.item.code)
    assert told.exit_code == 0, told.output
    assert "counters: 0 misses in a day, 0 in a month" in told.stdout
    assert "counters among them: 5 misses in a day, 5 in a month" in told.stdout
    assert "by officer" not in told.stdout, "nobody missed here"
    (row,) = seen(desk)["certificates"]
    assert (row["shut"], row["last_ms"], row["officers"], row["reopened"]) == (0, None, [], 1)
    assert networks[0].show().status_code == 429, "a network that tried three times stays out"
    assert Holder(desk, 4, app=page).show().status_code == 200
    assert Holder(desk, 4, app=page).show(code=again.item.code).status_code == 200


def test_twice_in_thirty_days_and_everybody_concerned_sees_it(desk: Desk, run: Run) -> None:
    way, begun = counter(desk), desk.stage.hands.now_ms
    page: Any = way.stage.client.app
    for day, reason in enumerate((HOLDER, SUPERVISION)):
        desk.stage.hands.set(begun + day * (DAY_MS + 1))
        shut(way)
        assert run(code(desk), reason=reason).exit_code == 0
    desk.stage.hands.set(begun + 2 * (DAY_MS + 1))
    shut(way)
    assert says(run(code(desk)), "REOPENED_OFTEN")
    object_, who = f"certificate/{certificate(desk)}", (Nameless.OPERATOR.value, "operator")
    purposes = [f"reopened-{one}" for one in (HOLDER, SUPERVISION)]
    assert records(desk) == [(*who, one, object_) for one in purposes]
    with administrator(desk.stage.service.settings) as raw:
        raw.run("DELETE FROM limit_count WHERE name LIKE 'tally/reopened/%'")
    assert says(run(code(desk)), "REOPENED_OFTEN"), "counted where nobody deletes unnoticed"
    desk.stage.hands.set(begun + 30 * DAY_MS + 1)
    assert all(unknown(guess(way, n)) for n in range(3)), "with five since the second, a month's eight"
    assert run(code(desk)).exit_code == 0, "thirty days after the first"
    told = looks(desk, 0, page)
    assert [told.count((NAMELESS[Nameless.OPERATOR].en, PURPOSES[one].en, 1)) for one in purposes] == [2, 1]


def test_supervisors_see_who_was_stopped_and_where_also_after_it_was_opened_again(
    desk: Desk, run: Run
) -> None:
    way, now_ms = counter(desk), desk.stage.hands.now_ms
    for n in range(4):
        guess(way, n)
    assert seen(desk) == seen(desk, OTHER) == NOTHING, "a miss is no offence"
    guess(way, 4)
    guess(way, 0, place=2)
    stopped = {"stopped": 1, "last_ms": now_ms}
    theirs = {"staff": staff(desk, OFFICER), **stopped, "misses": 6, "certificates": 2}
    assert seen(desk, OTHER) == {**NOTHING, "officers": [theirs]}, (
        "an officer of theirs; where, is not theirs"
    )
    assert seen(desk) == NOTHING, "no counter is shut but this one's"
    for n in range(5):
        guess(way, n, who=SECOND)
    own = {"staff": staff(desk, SECOND), **stopped, "misses": 5, "certificates": 1}
    (row,) = seen(desk)["certificates"]
    assert (row["certificate"], row["shut"], row["reopened"]) == (certificate(desk), 1, 0)
    tried = {(staff(desk, who), 5) for who in (OFFICER, SECOND)}
    assert {(one["staff"], one["misses"]) for one in row["officers"]} == tried
    assert seen(desk)["officers"] == [own]
    desk.stage.hands.set(now_ms + 60_000)
    assert run(code(desk)).exit_code == 0
    assert seen(desk) == {"certificates": [{**row, "reopened": 1}], "officers": [own]}
    assert seen(desk, OTHER) == {**NOTHING, "officers": [theirs]}
    told, fields = json.dumps(seen(desk)), desk.stage.holder(desk.certified[0])
    assert not any(one in told for one in (fields["name"], fields["id_number"], code(desk)))
    desk.stage.hands.set(now_ms + 60_000 + 30 * DAY_MS)
    assert seen(desk) == seen(desk, OTHER) == NOTHING


@on("sqlite")
def test_what_is_shown_ends_thirty_days_after_the_last_miss(desk: Desk, run: Run) -> None:
    """So it outlives each window of the limits, and the command finds every officer who missed."""
    way, begun = counter(desk), desk.stage.hands.now_ms
    for day in range(0, 60, 15):
        desk.stage.hands.set(begun + day * DAY_MS)
        for n in range(2):
            guess(way, n, who=SECOND)
    assert seen(desk) == NOTHING, "eight in 45 days are not eight in a month"
    for n in range(3):
        guess(way, n, who=SECOND)
    (row,) = seen(desk)["officers"]
    assert (row["stopped"], row["misses"]) == (1, 11)
    desk.stage.hands.set(begun + 46 * DAY_MS)
    assert unknown(guess(way, 0, who=SECOND))
    assert refused(way.check(desk.body(), SECOND)) == "OFFICER_MISSES", "now it is eight in a month"
    told = json.loads(run(code(desk), "--json").stdout)
    assert told["officers"] == [{"staff": staff(desk, SECOND), "day": 1, "month": 8}]


@on("sqlite")
def test_claims_that_miss_are_shown_like_questions(desk: Desk, run: Run) -> None:
    aimed, way = released(desk), counter(desk)
    way.stage.post_batch([aimed(n) for n in range(1, 5)])
    assert unknown(guess(way, 0))
    (row,) = seen(desk, OTHER)["officers"]
    assert (row["staff"], row["stopped"], row["misses"]) == (staff(desk, OFFICER), 1, 5)
    assert run(code(desk)).exit_code == 0
    assert way.submit(aimed(0)).status_code == 200
