"""Door: effects of claims: the holder is the holder, the nullifiers are theirs, and the hold is a row.

Promises: a claim stands in the log only together with its hold, whose constraints let nobody have two.
"""

from __future__ import annotations

import hmac
from datetime import date

import sqlalchemy as sa

from issuers.acts.certificates import ClaimSubmitted
from issuers.authority.case import shanghai_date
from issuers.identifiers.codes import check_uscc
from issuers.identifiers.identity import IdNumber, IdType, normalise
from issuers.identifiers.names import check_text
from issuers.identifiers.organisations import OrganisationRole
from issuers.office.roster import ORGANISATION_MAX
from ledger.errors import Malformed, Refused
from registry import holds
from registry.effects.deed import Deed
from registry.tables import reservation


def claim_submitted(deed: Deed) -> None:
    """The holder claims for themselves, with their own nullifiers.

    Raises Refused CERTIFICATE_UNKNOWN (also for another's), NULLIFIER_WRONG, ALREADY_CLAIMED, VALUE_FORM.
    """
    act: ClaimSubmitted = deed.act
    person = _holder(deed, act.certificate)
    key = deed.nullifier_key
    if not hmac.compare_digest(holds.project_nullifier(key, person, act.project), act.project_nullifier):
        raise _nullifier_wrong("project_nullifier")
    slots = [n for n in holds.SLOTS if holds.slot_nullifier(key, person, n) == act.slot_nullifier]
    if not slots:
        raise _nullifier_wrong("slot_nullifier")
    claim = bytes.fromhex(deed.statement.subject.removeprefix("claim/"))
    holds.take(deed.connection, person=person, project=act.project, slot=slots[0], claim=claim)
    deed.keep([person])


def claim_decided(deed: Deed) -> None:
    """A decision that releases frees project and slot."""
    if deed.act.release:
        claim_withdrawn(deed)


def claim_withdrawn(deed: Deed) -> None:
    """Frees project and slot."""
    holds.release(deed.connection, bytes.fromhex(deed.statement.subject.removeprefix("claim/")))


def _holder(deed: Deed, certificate: bytes) -> bytes:
    """The holder, if the opened document is theirs; somebody else's certificate is as good as none."""
    person = deed.people.find(deed.connection, _document(deed))
    query = sa.select(reservation.c.person).where(reservation.c.certificate == certificate)
    holder: bytes | None = deed.connection.execute(query).scalar_one_or_none()
    if person is None or person != holder:
        raise Refused("CERTIFICATE_UNKNOWN", "no such certificate is logged")
    return holder


def _document(deed: Deed) -> IdNumber:
    fields = deed.openings[0].fields
    text = {name: value for name, value in fields.items() if type(value) is str}
    if len(text) < len(fields):
        raise Refused("VALUE_FORM", "a value is not text", where="openings[0]")
    try:
        number = normalise(IdType(text["id_type"]), text["id_number"], today=shanghai_date(deed.time_ms))
        OrganisationRole(text["role"])
        forms = (
            ("id_number", number.number),
            ("organisation", check_text(text["organisation"], ORGANISATION_MAX)),
            ("uscc", check_uscc(text["uscc"]).code if text["uscc"] else ""),
            ("founded_on", date.fromisoformat(text["founded_on"]).isoformat()),
        )
    except (ValueError, Malformed) as error:
        raise Refused("VALUE_FORM", "a value has not its form", where="openings[0]") from error
    for name, normal in forms:
        if text[name] != normal:
            raise Refused("VALUE_FORM", "a value is not in its normal form", where=f"openings[0].{name}")
    return number


def _nullifier_wrong(where: str) -> Refused:
    return Refused("NULLIFIER_WRONG", "the nullifier is not this person's", where=where, fix="Prepare again.")
