"""Door: what needs no lock: parsing, and signatures by keys that are enrolled already, on all processors.

OpenSSL lets go of the interpreter while it verifies, so threads are enough.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ledger.errors import MalanError
from ledger.keys import PublicKey
from registry.writing.enrolled_keys import EnrolledKeys
from registry.writing.item import check_item, read_item
from registry.writing.work import Work

_APART = 16  # items worth a thread of their own
T = TypeVar("T")
A = TypeVar("A")

_threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="check")


def read_works(works: Sequence[Work]) -> None:
    """Parses what is not parsed yet; what is not well formed is answered then."""
    for work in works:
        if work.item is None and not work.decided:
            try:
                work.item = read_item(work.submission)
            except MalanError as error:
                work.error = error


def check_works(works: Sequence[Work], keys: EnrolledKeys) -> None:
    """Signatures and commitments of all whose key is known."""
    ready = [work for work in works if not (work.decided or work.checked) and _key(work, keys) is not None]
    in_parallel(lambda work: _check(work, keys), ready)


def in_parallel(call: Callable[[A], T], over: Sequence[A]) -> list[T]:
    """`[call(one) for one in over]`, on several threads when that pays."""
    if len(over) < 2 * _APART:
        return [call(one) for one in over]
    workers = os.cpu_count() or 1
    size = max(_APART, -(-len(over) // workers))
    parts = [over[start : start + size] for start in range(0, len(over), size)]
    done = _threads.map(lambda part: [call(one) for one in part], parts)
    return [one for part in done for one in part]


def _key(work: Work, keys: EnrolledKeys) -> PublicKey | None:
    return None if work.item is None else keys.known(work.item.statement)


def _check(work: Work, keys: EnrolledKeys) -> None:
    key = _key(work, keys)
    assert work.item is not None and key is not None
    try:
        check_item(work.item, key)
    except MalanError as error:
        work.error = error
    work.checked = True
