"""Door: a lock store begun anew, because the old one is lost and the operator says so.

Promises: it begins with the newest checkpoint of our key that anybody is known to hold, and not at all when
one of them is ahead of the database. What nobody brought cannot be known: ask the districts first.
"""

from __future__ import annotations

from collections.abc import Sequence

from ledger.errors import Refused
from registry.published.boot_gate import LOCK_STORE, check_known, known_elsewhere, known_here
from registry.service import Service


def begin_lock_store(service: Service, notes: Sequence[bytes]) -> int:
    """The signed size it begins with, 0 without any; `notes` are checkpoints as districts hold them.

    A store that is there and not behind stays as it is. Raises Unavailable LOG_AHEAD, LOCK_STORE; Refused
    SIGNED_ELSEWHERE.
    """
    known = [*known_here(service), *known_elsewhere(service, lambda: notes)]
    check_known(service, known)
    service.lock.create()
    held = service.lock.read()
    if held is not None and all(one.where != LOCK_STORE for one in known):
        what = "the lock store holds a checkpoint that our key did not sign"
        raise Refused("LOCK_STORE_OTHER", what, fix="Name another place for it.")
    if not known:
        return 0
    newest = max(known, key=lambda one: one.checkpoint.size)
    signed = [one.checkpoint.size for one in known if one.where == LOCK_STORE]
    if not signed or signed[0] < newest.checkpoint.size:
        service.lock.swap(old=held, new=newest.note)
    return newest.checkpoint.size
