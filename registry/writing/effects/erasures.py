"""Door: effects of an erasure order: refused unless it is for whole persons, carried out when it takes force.

Promises: a person is erased in the transaction of the approval that puts the order in force, or not at all;
an order explains every opening that is gone, because it must name all places of each person; nothing is
erased that somebody still has to decide on, because nobody could decide then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import sqlalchemy as sa

from issuers.acts import read_act
from issuers.acts.erasures import ErasureOrder
from issuers.authority.class_facts import Passed, passed_key
from issuers.authority.party_facts import Pending
from issuers.authority.view import View
from ledger.errors import Refused
from ledger.statement import parse_statement
from registry.persons.erasing import erase, persons_at, places_of
from registry.storage.tables import candidate, open_claim, opening
from registry.writing.effects.deed import Deed


def erasure_ordered(deed: Deed) -> None:
    """Says at once what would stop the order later. Raises Refused ERASURE_PLACES, ERASURE_WAITS."""
    _persons(deed, deed.act)


def approved(deed: Deed) -> None:
    """Erases, where the act that takes force here is an erasure order. Raises as `erasure_ordered`."""
    pending = deed.view.get(Pending, deed.statement.subject.removeprefix("statement/"))
    if pending is None:
        return
    waiting = parse_statement(pending.raw)
    if waiting.kind == "erasure-order":
        erase(deed.connection, deed.people, _persons(deed, read_act(waiting)))


def waits_for(connection: sa.Connection, view: View, persons: Collection[bytes]) -> Iterator[str]:
    """What has to be decided before these persons can be erased: open claims, numbers not accounted for."""
    for one in sorted(persons):
        mine = sa.select(opening.c.statement).where(opening.c.person == one)
        claims = sa.select(open_claim.c.claim).where(open_claim.c.statement.in_(mine))
        for claim in connection.execute(claims).scalars():
            yield f"claim/{claim.hex()}"
        places = sa.select(candidate.c.class_id, candidate.c.candidate).where(candidate.c.person == one)
        for row in connection.execute(places):
            passed = view.get(Passed, passed_key(row.class_id, row.candidate))
            if passed is not None and not passed.voided and passed.certificate is None:
                yield f"class/{row.class_id.hex()}"


def _persons(deed: Deed, act: object) -> set[bytes]:
    assert isinstance(act, ErasureOrder), "the kind says so"
    named = {(one.statement, one.place) for one in act.places}
    found = persons_at(deed.connection, named)
    persons = set(found.values())
    if found.keys() != named or places_of(deed.connection, persons) != named:
        raise Refused(
            "ERASURE_PLACES",
            "an order names entries that are open here, and all of each person",
            where="places",
            fix="Have the operator make the list anew (malan erasure).",
        )
    for where in waits_for(deed.connection, deed.view, persons):
        raise Refused(
            "ERASURE_WAITS",
            "something of these persons waits: a claim undecided, or a number neither issued nor voided",
            where=where,
            fix="Settle it first, then make the order anew.",
        )
    return persons
