"""Guessing documents at a counter: who is stopped, where, and who is not; the record of a miss stays."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from issuers.acts.certificates import ClaimWithdrawn
from registry.callers.misses import Tries
from registry.http.app import create_app
from registry.service import Service
from registry.storage.database import Database
from registry.storage.tables import limit_count, read_audit
from tests.ground import on
from tests.insider import administrator
from tests.registry.browser import Browser
from tests.registry.desk import Desk, findings
from tests.registry.holding import Holder, code_of, wrong
from tests.registry.stage import dismissal, is_dismissed, item
from tests.registry.test_limits import narrow
from tests.registry.versions import renew

OFFICER, SECOND = "intake-310101", "intake-310104"
DAY_MS = 86_400_000


def counter(desk: Desk) -> Desk:
    """The desk behind another process, with limits as they are shipped."""
    stage = narrow(desk.stage)
    return Desk(replace(stage, client=TestClient(create_app(stage.service))), desk.certified)


def guess(desk: Desk, n: int, place: int = 0, who: str = OFFICER) -> httpx.Response:
    return desk.check({**desk.body(place), "id_number": wrong(n), "id_type": "resident_id"}, who)


def unknown(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and answer.json()["findings"][0]["code"] == "CERTIFICATE_UNKNOWN"


def refused(answer: httpx.Response) -> str:
    """The code of a refusal by a limit; it says when to come back."""
    assert answer.status_code == 429, answer.text
    assert int(answer.headers["retry-after"]) > 0
    return str(answer.json()["code"])


def records(desk: Desk) -> list[tuple[str, str]]:
    with desk.stage.service.database.reading() as connection:
        columns = (read_audit.c.reader, read_audit.c.object)
        query = sa.select(*columns).where(read_audit.c.purpose == "subsidy-check").order_by(read_audit.c.id)
        return [(row[0], row[1]) for row in connection.execute(query)]


def test_an_officer_who_tries_documents_one_after_another_is_stopped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = (counter(desk), counter(desk))
    assert all(unknown(guess(ways[n % 2], n)) for n in range(5)), "two processes count together"
    over, right = guess(ways[0], 5), ways[1].check(desk.body())
    assert refused(over) == refused(right) == "OFFICER_MISSES"
    assert over.content == right.content, "not even the fitting one tells which it is"
    assert refused(ways[0].prepare(desk.body())) == "OFFICER_MISSES"
    assert refused(Browser(ways[0].stage).sign_in(OFFICER).post("/api/subsidy/check", desk.body()))
    with monkeypatch.context() as patch:
        patch.setattr(Database, "transaction", None)
        assert refused(guess(ways[0], 6)) == "OFFICER_MISSES", "who is over the limit waits for no write lock"
    staff, it = desk.stage.world.people[OFFICER].staff, desk.certified[0].item.certificate
    assert records(desk) == [(staff.hex(), f"certificate/{it.hex()}")] * 5
    assert ways[0].check(desk.body(1)).json()["outcome"] == "PASS", "other holders are served"
    assert ways[0].check(desk.body(), who=SECOND).json()["outcome"] == "PASS", (
        "by another officer, so is this one"
    )
    desk.stage.hands.set(desk.stage.hands.now_ms + DAY_MS + 1)
    assert ways[0].check(desk.body()).status_code == 200


def test_officers_share_the_tries_at_one_certificate(desk: Desk) -> None:
    way = counter(desk)
    for who in (OFFICER, SECOND):
        assert all(unknown(guess(way, n, who=who)) for n in range(5))
    for who in (OFFICER, SECOND):
        over, right = guess(way, 11, who=who), way.check(desk.body(), who)
        assert refused(over) == refused(right) == "CERTIFICATE_MISSES"
        assert over.content == right.content
        assert way.check(desk.body(1), who).json()["outcome"] == "PASS"


@on("sqlite")
def test_an_officer_who_goes_from_certificate_to_certificate_is_stopped(desk: Desk) -> None:
    way = counter(desk)
    assert all(unknown(guess(way, n, place=n % 4)) for n in range(10))
    assert refused(guess(way, 10, place=4)) == refused(way.check(desk.body(4))) == "OFFICER_MISSES"
    assert way.check(desk.body(4), who=SECOND).json()["outcome"] == "PASS"


def test_guesses_sent_all_at_once_are_counted_one_by_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if each had asked for room before any was counted: no sixth guess, not even a right one."""
    held = Tries.need_room

    def late(self: Tries, connection: sa.Connection, service: Service) -> None:
        if connection.engine is service.database.writer:
            held(self, connection, service)

    monkeypatch.setattr(Tries, "need_room", late)
    way = counter(desk)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: guess(way, n), range(12)))
    assert sorted(one.status_code for one in answers) == [200] * 5 + [429] * 7
    assert refused(way.check(desk.body())) == "OFFICER_MISSES"


@on("sqlite")
def test_an_honest_counter_meets_no_limit(desk: Desk) -> None:
    way = counter(desk)
    with administrator(desk.stage.service.settings) as raw:
        raw.run("DELETE FROM limit_count")  # of the admins who appointed everybody
    for n in range(40):
        assert way.check(desk.body(n % 3)).json()["outcome"] == "PASS"
        assert findings(way.check({**desk.body(), "qr": f"nothing {n}"}))["R2"][1] == "CERTIFICATE_UNKNOWN"
        mistyped = way.check({**desk.body(), "id_type": "resident_id", "id_number": "310101199001010001"})
        assert code_of(mistyped) == (400, "ID_CHECK_DIGIT")
    assert desk.stage.count(limit_count) == 0, (
        "what fits, what is no certificate and typing errors count for nothing"
    )
    guess(way, 1)
    assert desk.stage.count(limit_count) > 0, "the control"


@on("sqlite")
def test_a_miss_at_the_counter_uses_up_a_try_at_the_holders_page_and_never_the_reverse(desk: Desk) -> None:
    way = counter(desk)
    app: Any = way.stage.client.app
    for n in range(4):
        guess(way, n)
    thief = Holder(desk, app=app, address="198.51.100.1")
    assert [thief.show(id_number=wrong(n)).status_code for n in range(2)] == [404, 429]
    assert Holder(desk, app=app).show().status_code == 429
    for n in range(9):
        Holder(desk, 1, app=app, address=f"198.51.100.{n}").show(id_number=wrong(n))
    assert Holder(desk, 1, app=app).show().status_code == 429, "shut by strangers"
    assert way.check(desk.body(1)).json()["outcome"] == "PASS", "the counter is not"
    assert unknown(guess(way, 1, place=1)), "nor where the page has no room: a miss is a miss"


@on("sqlite")
def test_a_second_paper_of_one_certificate_has_no_tries_of_its_own(desk: Desk) -> None:
    again = renew(desk.stage, desk.certified[4])
    app: Any = counter(desk).stage.client.app
    codes = (desk.certified[4].item.code, again.item.code)
    tries = [
        Holder(desk, 4, app=app, address=f"198.51.100.{n}").show(code=codes[n % 2], id_number=wrong(n))
        for n in range(7)
    ]
    assert [one.status_code for one in tries] == [404] * 5 + [429] * 2
    assert Holder(desk, 4, app=app).show(code=codes[1]).status_code == 429


def released(desk: Desk) -> Callable[[int], dict[str, Any]]:
    """Claims at the first certificate with the nullifiers the log shows, opened to the holder of a place."""
    prepared = desk.prepared()
    assert desk.submit(desk.claim(prepared)).status_code == 200
    gone = desk.say("claim-withdrawn", OFFICER, prepared.claim, ClaimWithdrawn("data-error"))
    assert gone.status_code == 200
    return lambda n: desk.claim(replace(prepared, claim=bytes([n]) * 16), opened=n)


def test_claims_that_only_try_a_document_are_stopped_like_questions(desk: Desk) -> None:
    """Nullifiers of a claim that was withdrawn stand in the log: who copies them needs no question first."""
    aimed, way = released(desk), counter(desk)
    for n in (1, 2):
        assert code_of(way.submit(aimed(n))) == (422, "CLAIM_UNFOUNDED")
    assert all(unknown(guess(way, n)) for n in range(2)), "both ways count together"
    batch = way.stage.post_batch([aimed(n) for n in (3, 4, 0)])
    assert [one["code"] for one in batch] == ["CLAIM_UNFOUNDED", "OFFICER_MISSES", "OFFICER_MISSES"]
    assert refused(way.submit(aimed(0))) == "OFFICER_MISSES", "the holder's own"
    assert refused(way.check(desk.body())) == "OFFICER_MISSES"
    desk.stage.hands.set(desk.stage.hands.now_ms + DAY_MS + 1)
    assert way.submit(aimed(0)).status_code == 200, "the control: so it would have been told"


def test_a_miss_beyond_what_another_process_left_room_for_fails_nobody_elses_act(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the count of a claim, questions at other processes may have filled the window."""
    aimed, way = released(desk), counter(desk)
    assert [code_of(way.submit(aimed(n))) for n in (1, 2)] == [(422, "CLAIM_UNFOUNDED")] * 2
    assert all(unknown(guess(way, n)) for n in range(3))
    monkeypatch.setattr(Tries, "need_room", lambda *_: None)  # it looked before those three
    claim, other = way.stage.post_batch([aimed(3), item(dismissal(way.stage))])
    assert (claim["code"], other["status"]) == ("CLAIM_UNFOUNDED", "appended")
    assert is_dismissed(way.stage, "evaluator-3")
