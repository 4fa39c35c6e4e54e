"""Door: registers statements: the one way an act enters the log.

Order of a write: parse, check signatures and commitments (outside the lock); then, in one transaction under
the write lock, for each item: judge at the place and time its leaf will have, do what its kind does beside
its facts, append; commit; and only then answer with receipts. Whatever arrives while a commit is under way
shares the next one. An item that is refused leaves nothing; a commit that fails leaves nothing of anybody.
The same statement sent again gets its first answer again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool

from ledger.errors import MalanError, Refused
from ledger.receipt import sign_receipt
from registry.service import GROUP_MAX, Service
from registry.writing.appending import append_all, find_repeated
from registry.writing.checking import check_works, in_parallel, read_works
from registry.writing.group_commit import Job
from registry.writing.item import Submission
from registry.writing.work import Work

ITEMS_MAX = GROUP_MAX  # one transaction of them takes a second, and everybody else waits

# What stops one submission for its own sake must not stop those that share its commit; these stop all alike.
_FOR_ALL = frozenset({"DATABASE_BUSY", "CLOCK_JUMPED", "CLOCK_BEHIND", "DISK_LOW"})

Lead: TypeAlias = "partial[None] | None"


@dataclass(frozen=True, slots=True)
class Registered:
    """An entry in the log. `repeated`: it was there before this call."""

    seq: int
    time_ms: int
    receipt: bytes
    repeated: bool


def submit(service: Service, submissions: Sequence[Submission]) -> list[Registered | MalanError]:
    """An answer for each of 1 to 1,000 submissions, in their order, which is their order in the log.

    Raises Refused BATCH_SIZE; Unavailable when nothing can be appended now (clock, database, read-only,
    QUEUE_FULL), and then nothing of the batch is stored.
    """
    works = prepared(service, submissions)
    done, lead = enqueue(service, works)
    if lead is not None:
        lead()
    done.result()
    return answers(service, works)


async def submit_soon(service: Service, submissions: Sequence[Submission]) -> list[Registered | MalanError]:
    """As `submit`, for an event loop: a few small statements need no thread each while they wait.

    They are parsed, checked and answered by whoever commits them, all of a group in one go: two threads that
    take turns at the interpreter cost more than the work.
    """
    works = new_works(submissions)
    if service.alarms.read_only is not None:
        return await run_in_threadpool(submit, service, submissions)
    done, lead = enqueue(service, works)
    if lead is not None:
        try:
            asyncio.get_running_loop().run_in_executor(None, lead)
        except RuntimeError:
            lead()  # no thread is to be had: better to stop here for a moment than everybody for ever
    await asyncio.wrap_future(done)
    return answers(service, works)


def prepared(service: Service, submissions: Sequence[Submission]) -> list[Work]:
    """The submissions parsed and checked as far as that needs no lock. Raises Refused BATCH_SIZE."""
    works = new_works(submissions)
    make_ready(service, works)
    if service.alarms.read_only is not None:
        with service.database.reading() as connection:
            find_repeated(connection, works, origin=service.origin)
    return works


def new_works(submissions: Sequence[Submission]) -> list[Work]:
    """Raises Refused BATCH_SIZE."""
    if not 1 <= len(submissions) <= ITEMS_MAX:
        raise Refused("BATCH_SIZE", f"a batch has 1 to {ITEMS_MAX} items")
    return [Work(one) for one in submissions]


def make_ready(service: Service, works: Sequence[Work]) -> None:
    """Parses and checks, as far as that needs no lock, what is not ready yet."""
    read_works(works)
    service.keys.read(service.database, [work.item.statement for work in works if work.item is not None])
    check_works(works, service.keys)


def enqueue(service: Service, works: list[Work]) -> tuple[Future[None], Lead]:
    """Queues the works for the next commit; the future ends when they are decided and on disk.

    The second value, unless None, must be called at once, on a thread that may wait: it commits for all who
    wait. Raises Unavailable QUEUE_FULL, and the alarm of a service that only reads.
    """
    job: Job[list[Work]] = Job(works, len(works))
    if all(work.decided for work in works):
        job.done.set_result(None)
        return job.done, None
    if service.alarms.read_only is not None:
        raise service.alarms.read_only
    leads = service.commits.add(job)
    return job.done, partial(service.commits.lead, partial(_commit, service)) if leads else None


def answers(service: Service, works: Sequence[Work]) -> list[Registered | MalanError]:
    """What to tell of decided works."""
    _sign_receipts(service, works)
    found = [_answer(work) for work in works]
    service.metrics.answered(
        appended=sum(isinstance(one, Registered) and not one.repeated for one in found),
        refused=[one.code for one in found if isinstance(one, MalanError)],
    )
    return found


def _commit(service: Service, jobs: Sequence[Job[list[Work]]]) -> None:
    """One transaction for all jobs; where one of them breaks it, each gets its own."""
    try:
        _append(service, [work for job in jobs for work in job.what])
    except Exception as error:
        if len(jobs) == 1 or getattr(error, "code", "") in _FOR_ALL:
            raise
        for job in jobs:
            _commit_alone(service, job)
        return
    # Crash here: the entries are in the log; whoever sends them again is answered as repeated.
    for job in jobs:
        job.done.set_result(None)


def _commit_alone(service: Service, job: Job[list[Work]]) -> None:
    try:
        _append(service, job.what)
    except Exception as error:
        job.done.set_exception(error)
    else:
        job.done.set_result(None)


def _append(service: Service, works: Sequence[Work]) -> None:
    """Decides the works; those that came as they were sent get their receipts here as well."""
    raw = [work for work in works if work.item is None and not work.decided]
    make_ready(service, raw)
    append_all(service, works)
    _sign_receipts(service, raw)


def _sign_receipts(service: Service, works: Sequence[Work]) -> None:
    def sign(work: Work) -> None:
        assert work.promise is not None
        work.receipt = sign_receipt(work.promise, service.secrets.receipt)

    in_parallel(sign, [work for work in works if work.promise is not None and work.receipt is None])


def _answer(work: Work) -> Registered | MalanError:
    if work.error is not None:
        return work.error
    assert work.promise is not None and work.receipt is not None
    return Registered(work.promise.seq, work.promise.time_ms, work.receipt, work.repeated)
