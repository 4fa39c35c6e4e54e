"""Door: the transaction that appends: judge, effects, links, rows; all or nothing of a group of statements.

Each item is judged at the place and time its leaf will have, under the write lock. Items whose effects only
add rows write them together at the end; all others run in a savepoint of their own, so that a refused item
leaves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from issuers.authority.judge import judge, signing_key
from ledger.errors import MalanError, Unavailable
from ledger.receipt import Receipt
from ledger.store import Entry, Head, NewEntry, find_by_cti, insert, link, read_head
from registry.callers.carried_acts import count_carried
from registry.clock import DRIFT_MAX_MS
from registry.published.finality import quorum_now
from registry.service import Service
from registry.storage.places import add_places
from registry.storage.rows import Rows
from registry.writing.effects import ADDING, EFFECTS
from registry.writing.effects.claims import UNFOUNDED, note_guess, told, tries_of
from registry.writing.effects.deed import Deed
from registry.writing.effects.foreseen import foresee
from registry.writing.expected import expected
from registry.writing.item import Item, check_item
from registry.writing.work import Work, unexpected

log = structlog.get_logger()


def append_all(service: Service, works: Sequence[Work]) -> None:
    """Decides every work that is not decided yet; on disk when it returns.

    Raises Unavailable when nothing can be appended now (clock, database); then nothing of it is stored, and
    the works are as before.
    """
    open_works = [work for work in works if not work.decided]
    try:
        with service.writing() as connection:
            appending = _Appending(service, connection)
            appending.run(open_works)
            # Crash here: nothing is committed; the senders retry with the same bytes.
    except BaseException:
        for work in open_works:
            work.forget()
        raise
    service.kept.give_back(appending.view, appending.head)


def find_repeated(connection: sa.Connection, works: Sequence[Work], *, origin: str) -> None:
    """Answers those whose statement stands in the log already."""
    open_works = [(work, work.item) for work in works if work.item is not None and not work.decided]
    found = find_by_cti(connection, [item.statement.cti for _, item in open_works])
    for work, item in open_works:
        if (leaf := found.get(item.statement.cti)) is not None:
            work.repeat(leaf, origin=origin)


def leaf_time(service: Service, head: Head) -> int:
    """The time of the next leaf (design 6). Raises Unavailable CLOCK_JUMPED, _WITNESSES or _BEHIND."""
    service.clock.check_steady()
    now = service.clock.now_ms()
    service.witness_clock.check(now)
    if head.time_ms - now > DRIFT_MAX_MS:
        raise Unavailable(
            "CLOCK_BEHIND", "the clock is behind the newest entry", fix="Check it against a time server."
        )
    return max(now, head.time_ms)


class _Appending:
    """One transaction at work: the head so far, and what waits to be written."""

    def __init__(self, service: Service, connection: sa.Connection) -> None:
        self._service = service
        self._connection = connection
        self.head = read_head(connection, service.origin)
        self._time_ms = leaf_time(service, self.head)
        self.view = service.kept.take(connection, self.head)
        self._entries: list[Entry] = []
        self._rows = Rows()

    def run(self, works: Sequence[Work]) -> None:
        """Decides all works, in their order, and writes."""
        find_repeated(self._connection, works, origin=self._service.origin)
        items = [work.item for work in works if work.item is not None and not work.decided]
        self.view.expect(place for item in items for place in expected(item.statement, item.act))
        acts = (item.act for item in items)
        self._foreseen, self._people = foresee(self._connection, self._service.people, acts)
        fresh: dict[bytes, bytes] = {}
        for work in works:
            if work.item is None or work.decided:
                continue
            cti = work.item.statement.cti
            if cti in fresh:
                work.repeat(fresh[cti], origin=self._service.origin)
                continue
            self._decide(work, work.item)
            if work.promise is not None:
                fresh[cti] = self._entries[-1].data
        insert(self._connection, self._entries)
        self._rows.write(self._connection)
        self.view.flush()

    def _decide(self, work: Work, item: Item) -> None:
        statement, tries = item.statement, None
        try:
            if not work.checked:
                check_item(item, signing_key(self.view, statement))
            seq, act = self.head.size, item.act
            changes = judge(self.view, statement, seq=seq, time_ms=self._time_ms, act=act)
            tries = tries_of(self.view, item)
            if tries is not None:
                tries.need_room(self._connection, self._service)
            count_carried(self._connection, self._service, self.view, statement)
            rows = self._effect(item)
            entry = NewEntry(statement.raw, statement.cti, statement.hash)
            (linked,), after = link(self.head, [entry], time_ms=self._time_ms)
            add_places(rows, statement, item.act, seq=linked.leaf.seq)
        except MalanError as error:
            work.error = told(self.view, item.act, error)
            if tries is not None and work.error.code == UNFOUNDED:
                tries.note_miss(self._connection, self._service)
                note_guess(self._connection, self.view, self._people, item, time_ms=self._time_ms)
            return
        except SQLAlchemyError:
            raise  # the database is in doubt: nothing of this group may stand
        except Exception as error:
            log.error("item_failed", kind=statement.kind, error=type(error).__name__)
            work.error = unexpected()
            return
        self.view.put(changes, seq=linked.leaf.seq)
        self._entries.append(linked)
        self._rows.extend(rows)
        self.head = after
        work.promise = Receipt(self._service.origin, linked.leaf.seq, linked.hash, linked.leaf.time_ms)

    def _effect(self, item: Item) -> Rows:
        """What the act does beside its facts: written in its savepoint, or rows that wait."""
        rows = Rows()
        effect = EFFECTS.get(item.statement.kind)
        if effect is None:
            return rows
        deed = Deed(
            connection=self._connection,
            view=self.view,
            people=self._people,
            nullifier_key=self._service.secrets.nullifier,
            statement=item.statement,
            act=item.act,
            openings=item.openings,
            credential=item.credential,
            time_ms=self._time_ms,
            rows=rows,
            foreseen=self._foreseen,
            quorum=lambda: quorum_now(self._service, self._connection),
        )
        if item.statement.kind in ADDING:
            effect(deed)
            return rows
        self._rows.write(self._connection)  # an effect reads what earlier items of the group wrote
        with self._connection.begin_nested():
            effect(deed)
            rows.write(self._connection)
        return rows
