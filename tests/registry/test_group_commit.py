"""What arrives together shares a commit; what breaks a shared commit breaks only its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import sqlalchemy as sa

from issuers.acts.parties import OfficerDismissed
from ledger.errors import MalanError, Unavailable
from registry.writing import effects
from registry.writing.effects.deed import Deed
from registry.writing.group_commit import GroupCommit, Job
from registry.writing.item import Submission
from registry.writing.submit import enqueue, prepared, submit
from tests.registry.faults import disk_full
from tests.registry.stage import Stage, dismissal
from tests.world_parts import BODY

NAMES = ("evaluator-1", "evaluator-2", "evaluator-3", "signatory")


def run_all(queue: GroupCommit[str], groups: list[list[str]]) -> Callable[[list[Job[str]]], None]:
    def run(jobs: list[Job[str]]) -> None:
        groups.append([job.what for job in jobs])
        for job in jobs:
            job.done.set_result(None)

    return run


def test_the_first_leads_and_whoever_comes_meanwhile_shares_the_next_group() -> None:
    queue: GroupCommit[str] = GroupCommit(group_max=3, waiting_max=10)
    groups: list[list[str]] = []
    inner = run_all(queue, groups)
    late = [Job(name, 1) for name in "bcde"]

    def run(jobs: list[Job[str]]) -> None:
        if jobs[0].what == "a":
            assert [queue.add(job) for job in late] == [False] * 4
        inner(jobs)

    first = Job("a", 1)
    assert queue.add(first)
    queue.lead(run)
    assert groups == [["a"], ["b", "c", "d"], ["e"]]
    assert all(job.done.done() for job in (first, *late))
    assert queue.add(Job("f", 1)), "nobody leads any more"


def test_a_group_that_fails_ends_the_futures_of_its_jobs_and_the_queue_goes_on() -> None:
    queue: GroupCommit[str] = GroupCommit(group_max=1, waiting_max=10)
    bad, good = Job("bad", 1), Job("good", 1)

    def run(jobs: list[Job[str]]) -> None:
        if jobs[0].what == "bad":
            queue.add(good)
            raise Unavailable("NO", "no")
        jobs[0].done.set_result(None)

    queue.add(bad)
    queue.lead(run)
    assert isinstance(bad.done.exception(), Unavailable)
    assert good.done.exception() is None


def test_an_interrupted_leader_leaves_nobody_waiting_for_ever() -> None:
    queue: GroupCommit[str] = GroupCommit(group_max=1, waiting_max=10)
    jobs = [Job(name, 1) for name in "ab"]
    leads = [queue.add(job) for job in jobs]
    assert leads == [True, False]

    def run(_: list[Job[str]]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        queue.lead(run)
    assert all(isinstance(job.done.exception(), KeyboardInterrupt) for job in jobs)
    assert queue.add(Job("c", 1))


def test_more_than_may_wait_is_refused_at_once() -> None:
    queue: GroupCommit[str] = GroupCommit(group_max=5, waiting_max=5)
    assert queue.add(Job("a", 4))
    with pytest.raises(Unavailable, match="QUEUE_FULL"):
        queue.add(Job("b", 2))
    assert not queue.add(Job("c", 1))


def test_no_job_is_lost_or_run_twice_among_many_threads() -> None:
    queue: GroupCommit[int] = GroupCommit(group_max=7, waiting_max=100_000)
    ran: list[int] = []

    def run(jobs: list[Job[int]]) -> None:
        ran.extend(job.what for job in jobs)
        for job in jobs:
            job.done.set_result(None)

    def one(number: int) -> None:
        job = Job(number, 1 + number % 3)
        if queue.add(job):
            queue.lead(run)
        job.done.result(10)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(2_000)))
    assert sorted(ran) == list(range(2_000))


def commits(stage: Stage) -> list[int]:
    """Counts the commits of the writer from here on."""
    seen: list[int] = []
    sa.event.listen(stage.service.database.writer, "commit", lambda _: seen.append(1))
    return seen


def test_statements_sent_at_once_share_one_durable_commit(stage: Stage) -> None:
    size, seen = stage.size(), commits(stage)
    waiting = [prepared(stage.service, [Submission(dismissal(stage, name))]) for name in NAMES]
    queued = [enqueue(stage.service, works) for works in waiting]
    assert [lead is not None for _, lead in queued] == [True, False, False, False]
    assert stage.size() == size
    lead = queued[0][1]
    assert lead is not None
    lead()
    for done, _ in queued:
        done.result(0)
    assert len(seen) == 1
    assert stage.size() == size + len(NAMES)


def test_what_breaks_a_shared_commit_does_not_stop_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control of the sharing: the poison alone is refused, whoever shared its commit is answered."""
    poison = stage.world.people["evaluator-2"].staff

    def broken(deed: Deed) -> None:
        if deed.statement.subject.endswith(poison.hex()):
            raise disk_full(stage.service.database, "INSERT")

    monkeypatch.setitem(effects.EFFECTS, "officer-dismissed", broken)
    size = stage.size()
    queued = []
    for name in NAMES:
        works = prepared(stage.service, [Submission(dismissal(stage, name))])
        queued.append((works, *enqueue(stage.service, works)))
    lead = queued[0][2]
    assert lead is not None
    lead()
    outcomes = [done.exception(0) for _, done, _ in queued]
    assert [error is None for error in outcomes] == [True, False, True, True]
    assert isinstance(outcomes[1], MalanError) and outcomes[1].code == "DATABASE_FAILED"
    assert queued[1][0][0].promise is None, "it can be sent again"
    assert stage.size() == size + 3


def test_a_commit_that_fails_for_all_answers_nobody_with_success(stage: Stage) -> None:
    def fail(_: sa.Connection) -> None:
        raise disk_full(stage.service.database, "COMMIT")

    size = stage.size()
    queued = []
    for name in NAMES:
        works = prepared(stage.service, [Submission(dismissal(stage, name))])
        queued.append((works, *enqueue(stage.service, works)))
    sa.event.listen(stage.service.database.writer, "commit", fail)
    lead = queued[0][2]
    assert lead is not None
    lead()
    sa.event.remove(stage.service.database.writer, "commit", fail)
    assert all(isinstance(done.exception(0), MalanError) for _, done, _ in queued)
    assert stage.size() == size
    (again,) = submit(stage.service, [Submission(dismissal(stage))])
    assert not isinstance(again, MalanError)


def test_a_thousand_sends_of_one_statement_are_one_entry(stage: Stage) -> None:
    staff = stage.world.people["evaluator-3"].staff.hex()
    raw = stage.world.sign("officer-dismissed", f"admin-{BODY}", f"officer/{staff}", OfficerDismissed("left"))
    size, barrier = stage.size(), threading.Barrier(16)

    def send(_: int) -> int:
        (answer,) = submit(stage.service, [Submission(raw)])
        assert not isinstance(answer, MalanError)
        return answer.seq

    with ThreadPoolExecutor(16, initializer=partial(barrier.wait, 10)) as pool:
        places = set(pool.map(send, range(1_000)))
    assert places == {size}
    assert stage.size() == size + 1
