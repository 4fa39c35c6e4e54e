"""Where writing fails: no success is answered, nothing half is left, and a retry finds what was done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from ledger.errors import Refused
from registry.storage.tables import fact, request_seen
from registry.writing import effects
from tests.registry.faults import disk_full
from tests.registry.stage import Stage, dismissal, is_dismissed, item


@contextmanager
def failing_commit(stage: Stage, *, persisted: bool) -> Iterator[None]:
    """The next commits fail, before or after the database has them."""

    def fail(connection: sa.Connection) -> None:
        raw = connection.connection.driver_connection
        assert raw is not None
        if persisted:
            raw.commit()
        raise disk_full(stage.service.database, "COMMIT")

    engine = stage.service.database.writer
    sa.event.listen(engine, "commit", fail)
    try:
        yield
    finally:
        sa.event.remove(engine, "commit", fail)


@pytest.mark.parametrize("bare", [True, False])
def test_a_commit_that_fails_answers_no_success_and_leaves_nothing(stage: Stage, bare: bool) -> None:
    raw, size, facts = dismissal(stage), stage.size(), stage.count(fact)
    body = item(raw) if bare else {"items": [item(raw)]}
    with failing_commit(stage, persisted=False):
        answer = stage.client.post("/api/statements", json=body)
    assert answer.status_code == 503
    assert answer.json()["code"] == "DATABASE_FAILED"
    assert (stage.size(), stage.count(fact)) == (size, facts)
    assert not is_dismissed(stage, "evaluator-3")
    assert stage.post(raw).json()["results"][0]["status"] == "appended"


def test_a_commit_whose_answer_is_lost_is_found_again(stage: Stage) -> None:
    raw = dismissal(stage)
    with failing_commit(stage, persisted=True):
        assert stage.post(raw).status_code == 503
    assert stage.post(raw).json()["results"][0]["status"] == "known"


def test_an_unexpected_fault_in_one_item_leaves_no_half_of_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    victims = [dismissal(stage, name) for name in ("evaluator-1", "evaluator-2", "evaluator-3")]
    calls = []

    def faulty(deed: effects.Deed) -> None:
        calls.append(deed.statement.hash)
        deed.connection.execute(sa.insert(request_seen).values(cti=os.urandom(16), seen_ms=1))
        if len(calls) == 2:
            raise KeyError("沈明")
        raise Refused("NOT_TODAY", "refused by the test")

    monkeypatch.setitem(effects.EFFECTS, "officer-dismissed", faulty)
    seen = stage.count(request_seen)
    answers = stage.post_batch([item(raw) for raw in victims])
    assert [one["code"] for one in answers] == ["NOT_TODAY", "INTERNAL", "NOT_TODAY"]
    assert stage.count(request_seen) == seen, "what an effect wrote before it failed is gone"
    assert "沈明" not in str(answers)


def test_a_failing_database_in_one_item_stops_the_whole_batch(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stage.world.sign("unheard-of", "root-1", "log", {})
    size = stage.size()

    def broken(deed: effects.Deed) -> None:
        raise disk_full(stage.service.database, "INSERT")

    monkeypatch.setitem(effects.EFFECTS, "officer-dismissed", broken)
    answer = stage.client.post("/api/statements", json={"items": [item(first), item(dismissal(stage))]})
    assert answer.status_code == 503
    assert stage.size() == size


def test_a_clock_a_little_behind_reuses_the_newest_time(stage: Stage) -> None:
    newest = stage.world.times[-1]
    stage.hands.set(newest - 4_999)
    answer = stage.post(dismissal(stage)).json()["results"][0]
    assert answer["time_ms"] == newest


def test_a_clock_far_behind_appends_nothing(stage: Stage) -> None:
    stage.hands.set(stage.world.times[-1] - 5_001)
    answer = stage.post(dismissal(stage))
    assert (answer.status_code, answer.json()["code"]) == (503, "CLOCK_BEHIND")
    assert stage.size() == len(stage.world.leaves)


@pytest.mark.parametrize("jump", [5_001, -5_001])
def test_a_clock_that_was_set_appends_nothing(stage: Stage, jump: int) -> None:
    stage.hands.now_ms += jump  # the monotonic clock stays
    answer = stage.post(dismissal(stage))
    assert (answer.status_code, answer.json()["code"]) == (503, "CLOCK_JUMPED")


def test_a_clock_that_was_set_a_little_goes_on(stage: Stage) -> None:
    stage.hands.now_ms += 5_000
    assert stage.post(dismissal(stage)).status_code == 200


def test_a_read_only_service_still_knows_what_it_appended(stage: Stage) -> None:
    raw = dismissal(stage)
    stage.post(raw)
    stage.service.alarms.read_only = Refused("LOG_AHEAD", "told by the test")
    assert stage.post(raw).json()["results"][0]["status"] == "known"
    assert stage.post(dismissal(stage, "evaluator-1")).json()["code"] == "LOG_AHEAD"
