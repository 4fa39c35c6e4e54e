"""Door: how much one person may add in a day to the bundles that everybody holds.

An act in a bundle stays there for good, and there is a size beyond which nobody opens a bundle. Without a
bound one admin of one party, or a thief of one key of the city, whose acts need not even be approved, would
end every check, or all issuing, within minutes and for ever.

Promises: what stops a key or ends an office is never refused to an admin; each person has a count of their
own, so that two others of the city can always stop the third.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from issuers.authority.party_facts import Key
from issuers.authority.party_rules import CITY
from issuers.authority.view import View
from issuers.carried import ACTS
from ledger.statement import Statement
from registry.callers.limiting import Limit, need_room_in, note_in
from registry.service import Service

UNIT: Final = 1024
"""Bytes of a statement: each begun one counts, so an ordinary appointment is one."""

ADMIN_ACTS: Final = Limit(
    "admin-acts",
    "400/day",
    shared=True,
    code="ACTS_OF_THE_DAY",
    what="more acts about people and keys by one person than a day has room for",
    instead="If these were not yours, have your key revoked.",
)
CITY_ACTS: Final = replace(ADMIN_ACTS, name="city-acts", windows="1000/day")
"""The city admits every party and appoints its admin."""

_FREE: Final = frozenset({"approve", "officer-dismissed"})  # no more of them than of what they answer


def count_carried(connection: sa.Connection, service: Service, view: View, statement: Statement) -> None:
    """Counts an act that a bundle carries, in the transaction that appends it. Raises TooMany."""
    city = statement.issuer == CITY
    free = _FREE if city else _FREE | {"key-revoked"}
    if statement.kind not in ACTS.kinds or statement.kind in free:
        return
    key = view.get(Key, statement.kid.hex())
    if key is None or key.staff is None:
        return
    limit, person = CITY_ACTS if city else ADMIN_ACTS, f"{key.party} {key.staff.hex()}"
    need_room_in(connection, service, limit, person)
    note_in(connection, service, limit, person, times=-(-len(statement.raw) // UNIT))
