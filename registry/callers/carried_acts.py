"""Door: how much one party may add in a day to the bundles that everybody holds.

An act in a bundle stays there for good, and there is a size beyond which nobody opens a bundle. Without a
bound one admin of one party, or a thief of one key of the city, whose acts need not even be approved, would
end every check, or all issuing, within minutes and for ever.

Promises: what stops a key or ends an office is never refused to an admin; each of the city's three has a
count of their own, so that two of them can always stop the third.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from issuers.acts.words import Duty
from issuers.authority.party_facts import Key, Officer, officer_key
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
    what="more acts about people and keys by one party than a day has room for",
    instead="If they were not yours, have the key revoked.",
)
CITY_ACTS: Final = replace(ADMIN_ACTS, name="city-acts", windows="1000/day")
"""The city admits every party and appoints its admin."""

_FREE: Final = frozenset({"approve", "officer-dismissed"})  # no more of them than of what they answer


def count_carried(connection: sa.Connection, service: Service, view: View, statement: Statement) -> None:
    """Counts an act that a bundle carries, in the transaction that appends it. Raises TooMany."""
    if statement.kind not in ACTS.kinds or statement.kind in _FREE:
        return
    key = view.get(Key, statement.kid.hex())
    if key is None or key.staff is None:
        return
    root = _is_root(view, key.party, key.staff)
    if statement.kind == "key-revoked" and not root:
        return
    limit = CITY_ACTS if key.party == CITY else ADMIN_ACTS
    # An admin appoints as many others as it likes, so all that an admin appointed share one count with it.
    counted = f"{key.party} {key.staff.hex()}" if root else key.party
    need_room_in(connection, service, limit, counted)
    note_in(connection, service, limit, counted, times=-(-len(statement.raw) // UNIT))


def _is_root(view: View, party: str, staff: bytes) -> bool:
    held = view.get(Officer, officer_key(party, staff))
    return held is not None and Duty.ROOT in held.duties
