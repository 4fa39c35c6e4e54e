"""Rate limits: who is counted, where, what happens at the limit and when counting fails; answers alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.identifiers.numbers import make_code
from ledger.errors import Unavailable
from registry.callers.limit_counts import CountsInMemory
from registry.callers.limiting import (
    LOOK_UP,
    MISS_OF_ALL,
    SIGN_IN,
    VERIFY,
    Limit,
    TooMany,
    caller_named,
    count,
)
from registry.http.access import ACCESS
from registry.http.app import create_app
from registry.http.limits import LIMITS
from registry.storage.tables import limit_count, read_audit, session
from tests.ground import on
from tests.insider import administrator
from tests.registry.browser import Browser
from tests.registry.desk import Desk
from tests.registry.stage import Stage
from tests.registry.wire import Answered, ask

WHO = "intake-310101"


def narrow(stage: Stage) -> Stage:
    """The stage with limits as they are shipped."""
    settings = stage.service.settings.model_copy(update={"limit_factor": 1})
    return replace(stage, service=replace(stage.service, settings=settings))


@pytest.fixture
def app(desk: Desk) -> Any:
    return create_app(narrow(desk.stage).service)


def look(app: Any, code: str, client: str = "192.0.2.1") -> Answered:
    return ask(app, "GET", f"/api/certificates/{code}".encode(), client=client)


def unknown(place: int) -> str:
    return make_code(1_000_000 + place)


def test_every_row_is_of_a_route() -> None:
    assert set(LIMITS) <= {(row.method, row.template) for row in ACCESS}


def test_who_tries_codes_is_stopped_and_others_are_not(app: Any, desk: Desk) -> None:
    code = desk.certified[0].item.code
    answers = [look(app, unknown(place)) for place in range(11)]
    assert [one.status for one in answers] == [404] * 10 + [429]
    assert answers[-1].code == "TOO_MANY"
    assert 0 < int(answers[-1].headers[b"retry-after"]) <= 60
    assert look(app, code).status == 429, "not even a good one tells which it is"
    assert look(app, code, client="192.0.2.2").status == 200
    desk.stage.hands.set(desk.stage.hands.now_ms + 60_001)
    assert look(app, code).status == 200
    for minute in range(20):
        desk.stage.hands.set(desk.stage.hands.now_ms + 60_001)
        for place in range(10):
            status = look(app, unknown(100 * minute + place)).status
    assert status == 429, "a day has its own limit"


def test_ten_thousand_codes_in_a_row_hit_nothing_and_are_blocked(app: Any, desk: Desk) -> None:
    answers = [look(app, unknown(place)).status for place in range(200)]
    assert answers.count(404) == 10
    assert answers.count(429) == 190
    audited = desk.stage.count(read_audit)
    assert look(app, unknown(0)).status == 429
    assert desk.stage.count(read_audit) == audited, "a refused look-up costs no write"


def test_all_callers_together_have_a_breaker(app: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Limit(MISS_OF_ALL.name, "5/hour", shared=True)
    monkeypatch.setattr("registry.certificates.looking_up.MISS_OF_ALL", few)
    for place in range(5):
        assert look(app, unknown(place), client=f"198.51.100.{place}").status == 404
    assert look(app, desk.certified[0].item.code, client="198.51.100.99").status == 429
    body = b'{"qr": "%s"}' % desk.certified[0].qr.encode()
    verified = ask(
        app, "POST", b"/api/verify", headers=((b"content-type", b"application/json"),), body=(body,)
    )
    assert verified.status == 200, "QR codes verify as before"


def test_two_processes_count_together(desk: Desk) -> None:
    apps = [create_app(narrow(desk.stage).service) for _ in range(2)]
    answers = [look(apps[place % 2], unknown(place)).status for place in range(11)]
    assert answers == [404] * 10 + [429]


def test_a_look_up_that_cannot_be_counted_is_not_answered(
    app: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("DATABASE_FAILED", "told by the test")

    monkeypatch.setattr("registry.certificates.looking_up.count_in", away)
    for code in (desk.certified[0].item.code, unknown(1)):
        answer = look(app, code)
        assert (answer.status, answer.code) == (503, "DATABASE_FAILED")
        assert b"name" not in answer.body


def test_sign_in_attempts_are_counted_and_fail_closed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Limit(SIGN_IN.name, "3/minute", shared=True)
    for path in ("/api/sessions", "/api/sessions/ticket"):
        monkeypatch.setitem(LIMITS, ("POST", path), few)
    browser = Browser(narrow(stage))
    statement = browser.statement(WHO)
    wrong = [browser.client.post("/api/sessions/ticket", json={"session": "AAAA"}) for _ in range(3)]
    assert [one.status_code for one in wrong] == [400] * 3
    assert browser.send_statement(statement).json()["code"] == "TOO_MANY"
    assert stage.count(session) == 0

    def away(*_: object, **__: object) -> None:
        raise Unavailable("DATABASE_FAILED", "told by the test")

    monkeypatch.setattr("registry.callers.limiting.need_room", away)
    assert browser.send_statement(statement).status_code == 503


def test_a_limit_in_memory_never_fails_and_forgets(stage: Stage) -> None:
    service, kept = narrow(stage).service, stage.count(limit_count)
    few = Limit(VERIFY.name, "3/minute")
    for _ in range(3):
        count(service, few, "192.0.2.1")
    with pytest.raises(TooMany) as caught:
        count(service, few, "192.0.2.1")
    assert 0 < caught.value.seconds <= 60
    count(service, few, "192.0.2.2")
    stage.hands.set(stage.hands.now_ms + 60_001)
    count(service, few, "192.0.2.1")
    assert stage.count(limit_count) == kept


def test_memory_does_not_grow_with_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.callers.limit_counts._KEPT_MAX", 100)
    now = [0]
    counts = CountsInMemory(lambda: now[0])
    for caller in range(1_000):
        now[0] += 1
        counts.incr(f"caller {caller}", 60)
    assert len(counts._kept) <= 100


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        (None, "unknown"),
        ("testclient", "testclient"),
    ],
)
def test_a_caller_is_an_address_or_the_network_of_a_household(address: str | None, caller: str) -> None:
    assert caller_named(address) == caller


def test_a_forwarded_address_counts_only_from_a_trusted_proxy(desk: Desk) -> None:
    app: Any = create_app(narrow(desk.stage).service)
    for place in range(11):
        headers = ((b"x-forwarded-for", f"203.0.113.{place}".encode()),)
        path = f"/api/certificates/{unknown(place)}".encode()
        status = ask(app, "GET", path, headers=headers, client="192.0.2.1").status
    assert status == 429, "a caller cannot rename themselves"


@on("sqlite")  # what the tables hold is the same; a file shows it whole
def test_the_database_holds_no_address(app: Any, desk: Desk) -> None:
    look(app, desk.certified[0].item.code, client="192.0.2.77")
    look(app, unknown(1), client="192.0.2.77")
    desk.stage.service.database.close()
    assert b"192.0.2.77" not in (desk.stage.service.settings.home / "malan.db").read_bytes()


def hidden_codes(desk: Desk) -> Iterator[tuple[str, str]]:
    """A code nobody has, one whose holder was erased, one given out and not yet issued."""
    stage = desk.stage
    yield "unknown", unknown(7)
    erased = desk.certified[1]
    with administrator(stage.service.settings) as raw:
        whose = "SELECT person FROM reservation WHERE certificate = :it"
        raw.run(f"DELETE FROM person_key WHERE person = ({whose})", it=erased.item.certificate)
    yield "erased", erased.item.code


def test_codes_that_show_nothing_are_answered_alike_to_the_byte(desk: Desk) -> None:
    app: Any = desk.stage.client.app
    answers = {name: look(app, code) for name, code in hidden_codes(desk)}
    plain = {name: (one.status, one.body, sorted(one.headers.items())) for name, one in answers.items()}
    for name, told in plain.items():
        headers = [pair for pair in told[2] if pair[0] != b"x-request-id"]
        assert (told[0], told[1]) == (plain["unknown"][0], plain["unknown"][1]), name
        assert headers == [pair for pair in plain["unknown"][2] if pair[0] != b"x-request-id"], name
    with desk.stage.service.database.reading() as connection:
        rows = connection.execute(sa.select(read_audit.c.object).order_by(read_audit.c.id.desc()).limit(2))
        assert set(rows.scalars()) == {"certificate/unknown"}


def test_a_code_given_out_and_not_issued_is_answered_as_unknown(results: Stage) -> None:
    app: Any = results.client.app
    reserved = results.prepared().items[0].code
    known, strange = look(app, reserved), look(app, unknown(3))
    assert (known.status, known.body) == (strange.status, strange.body) == (404, strange.body)


def test_only_well_formed_codes_are_counted(app: Any, desk: Desk) -> None:
    for _ in range(20):
        assert look(app, "1234").status == 400
    assert look(app, desk.certified[0].item.code).status == 200
    assert re.fullmatch(r"[0-9]{16}", unknown(1))
    assert LOOK_UP.shared
