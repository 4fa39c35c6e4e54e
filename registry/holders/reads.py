"""Door: who looked at somebody's data, from the read audit: which office, when, why, how often.

Promises: no name and no staff id of whoever looked, no address of a stranger; a day's reads of one office for
one purpose are one line (of one place, for those in the holder's own name), so nobody pushes another's reads
out of sight by looking often. Reads of a whole class stand there as well. What the law has kept secret
(`words.WITHHELD`) is left out, on every page alike.

Older lines come page by page, all as of the moment of the first, so that none is left out or told otherwise
because somebody looked meanwhile. Where a page begins, only this service can write, for one visit: whoever
could choose the moment would learn at which minute each read of a day was.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from issuers.authority.party_facts import Party
from issuers.base64url import from_b64, to_b64
from ledger import cbor
from ledger.errors import MalanError, Malformed
from registry.holders.visits import Visit
from registry.holders.words import NAMELESS, OTHER_PURPOSE, OTHER_ROLE, PURPOSES, ROLES, WITHHELD
from registry.persons.people import People
from registry.persons.read_audit import Nameless, who_read
from registry.storage.facts import TableView
from registry.storage.tables import read_audit
from verify.words import Words

LINES_MAX: Final = 200
"""On a page."""

_UNTIL, _SKIP, _MAC = 8, 4, 16  # bytes of a place as it is told
_DAY_MS: Final = 86_400_000
_SHANGHAI_MS: Final = 8 * 3_600_000  # ahead of UTC, all year


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: so many lines on in what had been read at a moment."""

    until_ms: int
    skip: int


def reads_of(
    connection: sa.Connection,
    people: People,
    visit: Visit,
    subjects: list[str],
    *,
    now_ms: int,
    place: Place | None = None,
) -> dict[str, object]:
    """A page of the lines about these objects, the newest first, and where the next begins, or None."""
    who = who_read()
    # Whoever came in as the holder from another place stands apart: one of the two may be a thief.
    where_from = sa.case((who == Nameless.HOLDER.value, read_audit.c.reader), else_="")
    day = (read_audit.c.time_ms + _SHANGHAI_MS) // sa.literal(_DAY_MS)
    named = (who.label("who"), where_from.label("where_from"), day.label("day"))
    own = sa.select(read_audit, *named)
    own = own.where(read_audit.c.object.in_(subjects), read_audit.c.purpose.not_in(WITHHELD))
    if place is not None:
        own = own.where(read_audit.c.time_ms <= place.until_ms)
    read = own.subquery().c
    what = (read.who, read.purpose, read.object)
    last, times = sa.func.max(read.time_ms), sa.func.count()
    query = sa.select(*what, last.label("last_ms"), times.label("times"))
    query = query.group_by(*what, read.where_from, read.day).order_by(sa.func.max(read.id).desc())
    skip = 0 if place is None else place.skip
    rows = connection.execute(query.offset(skip).limit(LINES_MAX + 1)).all()
    older = None
    if len(rows) > LINES_MAX:
        # A clock that was set back puts what is on the page after now.
        until_ms = place.until_ms if place else max(now_ms, *(row.last_ms for row in rows))
        older = _written(people, visit, Place(until_ms, skip + LINES_MAX))
    view = TableView(connection)
    return {"lines": [_told(view, row) for row in rows[:LINES_MAX]], "older": older}


def read_place(people: People, visit: Visit, told: str) -> Place:
    """Where the page of this visit begins. Raises Malformed READS_PLACE for what no page of it told."""
    try:
        raw = from_b64(told, bytes_max=_UNTIL + _SKIP + _MAC, where="older")
    except MalanError:
        raw = b""
    place = Place(int.from_bytes(raw[:_UNTIL], "big"), int.from_bytes(raw[_UNTIL : _UNTIL + _SKIP], "big"))
    if not hmac.compare_digest(raw, _bytes(people, visit, place)):
        what = "no page of this visit named that place"
        raise Malformed("READS_PLACE", what, where="older", fix="Load the page anew.")
    return place


def _written(people: People, visit: Visit, place: Place) -> str:
    return to_b64(_bytes(people, visit, place))


def _bytes(people: People, visit: Visit, place: Place) -> bytes:
    mac = people.seal_of("holder-reads", cbor.encode([visit.csrf, visit.person, place.until_ms, place.skip]))
    return place.until_ms.to_bytes(_UNTIL, "big") + place.skip.to_bytes(_SKIP, "big") + mac[:_MAC]


def _told(view: TableView, row: sa.Row[Any]) -> dict[str, object]:
    party = None if row.who in NAMELESS else view.get(Party, row.who)
    role = NAMELESS.get(row.who, OTHER_ROLE) if party is None else ROLES.get(party.role.value, OTHER_ROLE)
    name = role if party is None else Words(party.name, party.name_en)
    noun, _, identifier = row.object.partition("/")
    return {
        "last_ms": row.last_ms,
        "times": row.times,
        "own": row.who == Nameless.HOLDER,
        "role": both(role),
        "party": both(name),
        "purpose": both(PURPOSES.get(row.purpose, OTHER_PURPOSE)),
        "about": noun,
        "certificate": identifier if noun == "certificate" else None,
    }


def both(words: Words) -> dict[str, str]:
    """Words as JSON."""
    return {"zh": words.zh, "en": words.en}
