"""Door: who looked at somebody's data, from the read audit: which office, when, why, how often.

Promises: no name and no staff id of whoever looked, no address of a stranger; a day's reads of one office for
one purpose are one line (of one place, for those in the holder's own name), so nobody pushes another's reads
out of sight by looking often. Reads of a whole class stand there as well. What the law has kept secret
(`words.WITHHELD`) is left out.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from issuers.authority.party_facts import Party
from registry.holders.words import NAMELESS, OTHER_PURPOSE, OTHER_ROLE, PURPOSES, ROLES, WITHHELD
from registry.persons.read_audit import Nameless, who_read
from registry.storage.facts import TableView
from registry.storage.tables import read_audit
from verify.words import Words

LINES_MAX: Final = 200
_DAY_MS: Final = 86_400_000
_SHANGHAI_MS: Final = 8 * 3_600_000  # ahead of UTC, all year


def reads_of(connection: sa.Connection, subjects: list[str]) -> dict[str, object]:
    """The newest lines about these objects, and whether there are more."""
    who = who_read()
    # Whoever came in as the holder from another place stands apart: one of the two may be a thief.
    place = sa.case((who == Nameless.HOLDER.value, read_audit.c.reader), else_="")
    day = (read_audit.c.time_ms + _SHANGHAI_MS) // sa.literal(_DAY_MS)
    named = (who.label("who"), place.label("place"), day.label("day"))
    own = sa.select(read_audit, *named)
    own = own.where(read_audit.c.object.in_(subjects), read_audit.c.purpose.not_in(WITHHELD))
    read = own.subquery().c
    what = (read.who, read.purpose, read.object)
    last, times = sa.func.max(read.time_ms), sa.func.count()
    query = sa.select(*what, last.label("last_ms"), times.label("times"))
    query = query.group_by(*what, read.place, read.day).order_by(sa.func.max(read.id).desc())
    rows = connection.execute(query.limit(LINES_MAX + 1)).all()
    view = TableView(connection)
    return {"lines": [_told(view, row) for row in rows[:LINES_MAX]], "more": len(rows) > LINES_MAX}


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
