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
from ledger.leaf import leaf_hash, parse_leaf
from ledger.receipt import Receipt, sign_receipt
from registry.service import GROUP_MAX, Service
from registry.writing.appending import append_all, find_repeated
from registry.writing.checking import check_works, in_parallel, read_works
from registry.writing.group_commit import Job
from registry.writing.item import Submission
from registry.writing.work import Work

ITEMS_MAX = GROUP_MAX  # one transaction of them takes a second, and everybody else waits

# What stops one submission for its own sake must not stop those that share its commit; these stop all alike.
_FOR_ALL = frozenset({"DATABASE_BUSY", "CLOCK_JUMPED", "CLOCK_BEHIND"})

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

    Signatures are verified here, for OpenSSL lets the committing thread work meanwhile.
    """
    works = read_works(submissions)
    known = all(work.item is None or service.keys.known(work.item.statement) for work in works)
    if not known or service.alarms.read_only is not None:
        return await run_in_threadpool(submit, service, submissions)
    check_works(works, service.keys)
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
    if not 1 <= len(submissions) <= ITEMS_MAX:
        raise Refused("BATCH_SIZE", f"a batch has 1 to {ITEMS_MAX} items")
    works = read_works(submissions)
    service.keys.read(service.database, [work.item.statement for work in works if work.item is not None])
    check_works(works, service.keys)
    if service.alarms.read_only is not None:
        with service.database.reading() as connection:
            find_repeated(connection, works)
    return works


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
    found = in_parallel(partial(_answer, service), works)
    service.metrics.answered(
        appended=sum(isinstance(one, Registered) and not one.repeated for one in found),
        refused=[one.code for one in found if isinstance(one, MalanError)],
    )
    return found


def _commit(service: Service, jobs: Sequence[Job[list[Work]]]) -> None:
    """One transaction for all jobs; where one of them breaks it, each gets its own."""
    try:
        append_all(service, [work for job in jobs for work in job.what])
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
        append_all(service, job.what)
    except Exception as error:
        job.done.set_exception(error)
    else:
        job.done.set_result(None)


def _answer(service: Service, work: Work) -> Registered | MalanError:
    if work.error is not None:
        return work.error
    assert work.leaf is not None
    leaf = parse_leaf(work.leaf)
    receipt = Receipt(service.origin, leaf.seq, leaf_hash(work.leaf), leaf.time_ms)
    signed = sign_receipt(receipt, service.secrets.receipt)
    return Registered(leaf.seq, leaf.time_ms, signed, work.repeated)
