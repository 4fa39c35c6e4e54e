"""Door: effects of acts about people in office and about policies: nobody unknown, nothing unreadable."""

from __future__ import annotations

import sqlalchemy as sa

from ledger.errors import Malformed, Refused
from registry.storage.tables import staff
from registry.writing.effects.deed import Deed
from verify.subsidy.policy import Policy


def officer_appointed(deed: Deed) -> None:
    """A staff id is one the service gave out, so that one natural person has one (design 5).

    Raises Refused STAFF_UNKNOWN.
    """
    named = bytes.fromhex(deed.statement.subject.removeprefix("officer/"))
    query = sa.select(staff.c.staff).where(staff.c.staff == named)
    if deed.connection.execute(query).scalar_one_or_none() is None:
        raise Refused(
            "STAFF_UNKNOWN",
            "no such staff id was given out",
            where="sub",
            fix="Ask for the person's id first (POST /api/staff); a person has one id for every party.",
        )


def policy_published(deed: Deed) -> None:
    """What claims are decided by can be read by whoever decides.

    Raises Refused POLICY_UNREADABLE, POLICY_NAME.
    """
    try:
        policy = Policy.from_body(deed.act.document)
    except Malformed as error:
        raise Refused("POLICY_UNREADABLE", error.what, where=error.where) from error
    if f"policy/{policy.id}" != deed.statement.subject:
        raise Refused("POLICY_NAME", "the document names another policy than the subject", where="sub")
