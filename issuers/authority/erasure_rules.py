"""The rule of erasure (rules version 1). Pure.

Which persons stand behind the places, and that none of their places is left out, only the service knows; here
is what everybody can check. `registry/writing/effects/erasures.py` has the rest.
"""

from __future__ import annotations

from issuers.acts.erasures import ErasureOrder
from issuers.authority.case import Case
from issuers.authority.erasure_facts import Erased, erased_key
from issuers.authority.view import Fact
from ledger.errors import Refused


def erasure_order(case: Case, act: ErasureOrder) -> list[Fact]:
    """Each place once, in order, and erased once ever: an order that is in force is not said again."""
    order = case.subject_id("erasure")
    named = [(one.statement, one.place) for one in act.places]
    if named != sorted(set(named)):
        raise Refused(
            "ERASURE_ORDER", "places stand in order of statement and place, each once", where="places"
        )
    for statement, place in named:
        case.need_absent(
            Erased, erased_key(statement, place), "ERASED_ALREADY", "this entry was erased before"
        )
    return [Erased(statement, place, order) for statement, place in named]
