"""Door: registers statements: the one way an act enters the log.

Order of a write: parse, check signatures and commitments (outside the lock); then in one transaction, under
the write lock, for each item in a savepoint: judge at the place and time its leaf will have, do what its kind
does beside its facts, append; then write the facts, commit, and only then answer with receipts. An item that
is refused leaves nothing; a commit that fails leaves nothing of anybody. The same statement sent again gets
its first answer again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from issuers.authority.judge import judge, signing_key
from ledger.errors import MalanError, Refused, Unavailable
from ledger.leaf import leaf_hash, parse_leaf
from ledger.receipt import Receipt, sign_receipt
from ledger.store import Head, NewEntry, append, find_by_cti, read_head
from registry.clock import DRIFT_MAX_MS
from registry.effects import EFFECTS
from registry.effects.claims import UNFOUNDED, note_guess, told
from registry.effects.deed import Item, Submission, check_item, deed_of, read_item
from registry.facts import TableView
from registry.places import add_places
from registry.service import Service

ITEMS_MAX = 1_000  # one transaction of them takes seconds, and everybody else waits

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Registered:
    """An entry in the log. `repeated`: it was there before this call."""

    seq: int
    time_ms: int
    receipt: bytes
    repeated: bool


@dataclass(slots=True)
class _Work:
    """One item on its way: `error` or `leaf` once it is decided."""

    item: Item | None = None
    checked: bool = False
    error: MalanError | None = None
    leaf: bytes | None = None
    repeated: bool = False

    @property
    def decided(self) -> bool:
        return self.error is not None or self.leaf is not None


def submit(service: Service, submissions: Sequence[Submission]) -> list[Registered | MalanError]:
    """An answer for each of 1 to 1,000 submissions, in their order, which is their order in the log.

    Raises Refused BATCH_SIZE; Unavailable when nothing can be appended now (clock, database, read-only), and
    then nothing of the batch is stored.
    """
    if not 1 <= len(submissions) <= ITEMS_MAX:
        raise Refused("BATCH_SIZE", f"a batch has 1 to {ITEMS_MAX} items")
    works = [_read(submission) for submission in submissions]
    _check_outside(service, works)
    if not all(work.decided for work in works):
        if service.alarms.read_only is not None:
            raise service.alarms.read_only
        _append_all(service, [work for work in works if not work.decided])
    # Crash here: the entries are in the log; whoever sends them again is answered as below.
    return [_answer(service, work) for work in works]


def _read(submission: Submission) -> _Work:
    try:
        return _Work(read_item(submission))
    except MalanError as error:
        return _Work(error=error)


def _check_outside(service: Service, works: Sequence[_Work]) -> None:
    """What needs no lock: repeats, and signatures by keys that are enrolled already."""
    readable = [work for work in works if work.item is not None]
    with service.database.reading() as connection:
        _find_repeated(connection, readable)
        view = TableView(connection)
        keys = {}
        for work in readable:
            if not work.decided and work.item is not None:
                try:
                    keys[work.item.statement.kid] = signing_key(view, work.item.statement)
                except MalanError:
                    continue  # an earlier item of this batch may enrol the key; asked again under the lock
    for work in readable:
        if not work.decided and work.item is not None and work.item.statement.kid in keys:
            try:
                check_item(work.item, keys[work.item.statement.kid])
            except MalanError as error:
                work.error = error
            work.checked = True


def _find_repeated(connection: sa.Connection, works: Sequence[_Work]) -> None:
    items = [work.item for work in works if work.item is not None]
    found = find_by_cti(connection, [item.statement.cti for item in items])
    for work, item in zip(works, items, strict=True):
        leaf = found.get(item.statement.cti)
        if leaf is not None and not work.decided:
            _repeat(work, leaf)


def _repeat(work: _Work, leaf: bytes) -> None:
    assert work.item is not None
    if parse_leaf(leaf).statement == work.item.statement.raw:
        work.leaf, work.repeated = leaf, True
    else:
        work.error = Refused("CTI_REUSED", "another statement has this id", where="cti", fix="Sign it anew.")


def _append_all(service: Service, works: Sequence[_Work]) -> None:
    with service.database.transaction() as connection:
        head = read_head(connection, service.origin)
        time_ms = leaf_time(service, head)
        view = TableView(connection)
        _find_repeated(connection, works)
        fresh: dict[bytes, bytes] = {}
        for work in works:
            if work.item is None or work.decided:
                continue
            cti = work.item.statement.cti
            if cti in fresh:
                _repeat(work, fresh[cti])
                continue
            head = _append(service, connection, view, work, head=head, time_ms=time_ms)
            if work.leaf is not None:
                fresh[cti] = work.leaf
        view.flush()
        # Crash here: nothing is committed; the senders retry with the same bytes.


def leaf_time(service: Service, head: Head) -> int:
    """The time of the next leaf (design 6). Raises Unavailable CLOCK_JUMPED or CLOCK_BEHIND."""
    service.clock.check_steady()
    now = service.clock.now_ms()
    if head.time_ms - now > DRIFT_MAX_MS:
        raise Unavailable(
            "CLOCK_BEHIND", "the clock is behind the newest entry", fix="Check it against a time server."
        )
    return max(now, head.time_ms)


def _append(
    service: Service, connection: sa.Connection, view: TableView, work: _Work, *, head: Head, time_ms: int
) -> Head:
    """Judges and appends one item in a savepoint of its own; the head after it."""
    item = work.item
    assert item is not None
    statement = item.statement
    try:
        with connection.begin_nested():
            if not work.checked:
                check_item(item, signing_key(view, statement))
            changes = judge(view, statement, seq=head.size, time_ms=time_ms)
            if (effect := EFFECTS.get(statement.kind)) is not None:
                key = service.secrets.nullifier
                effect(deed_of(item, connection, view, service.people, nullifier_key=key, time_ms=time_ms))
            entry = NewEntry(statement.raw, statement.cti, statement.hash)
            (appended,), after = append(connection, head=head, items=[entry], time_ms=time_ms)
            add_places(connection, statement, item.act, seq=appended.leaf.seq)
    except MalanError as error:
        work.error = told(view, item.act, error)
        if work.error.code == UNFOUNDED:
            note_guess(connection, view, service.people, item, time_ms=time_ms)
        return head
    except SQLAlchemyError:
        raise  # the database is in doubt: nothing of this batch may stand
    except Exception as error:
        log.error("item_failed", kind=statement.kind, error=type(error).__name__)
        work.error = unexpected()
        return head
    view.put(changes, seq=appended.leaf.seq)
    work.leaf = appended.data
    return after


def unexpected() -> MalanError:
    """What the world is told of a fault of ours."""
    return Unavailable(
        "INTERNAL",
        "an unexpected fault of the service; nothing of this was stored",
        fix="Send it again; if it repeats, tell the operator.",
    )


def _answer(service: Service, work: _Work) -> Registered | MalanError:
    if work.error is not None:
        return work.error
    assert work.leaf is not None
    leaf = parse_leaf(work.leaf)
    receipt = Receipt(service.origin, leaf.seq, leaf_hash(work.leaf), leaf.time_ms)
    signed = sign_receipt(receipt, service.secrets.receipt)
    return Registered(leaf.seq, leaf.time_ms, signed, work.repeated)
