"""What a trainee is in the organisation that the training is for. Pure.

Promises the three roles the notice names (二(二): 法定代表人、负责人、持股合伙人) and the words that
mean one of them for other kinds of organisation (domain B9.6). Knows no register: whether the
role is true is for the subsidy rules and their facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from ledger.errors import Malformed


class OrganisationRole(StrEnum):
    """A role that can carry a subsidy."""

    LEGAL_REPRESENTATIVE = "legal-representative"
    PERSON_IN_CHARGE = "person-in-charge"
    PARTNER = "partner"


ROLE_LABELS: Final[Mapping[OrganisationRole, str]] = {
    OrganisationRole.LEGAL_REPRESENTATIVE: "法定代表人",
    OrganisationRole.PERSON_IN_CHARGE: "负责人",
    OrganisationRole.PARTNER: "持股合伙人",
}
"""The words of the notice."""

# An individual business has an operator, a sole proprietorship an investor, a partnership a managing partner:
# each is the one in charge. Shareholders and partners hold a share by definition.
_ALIASES: Final[Mapping[str, OrganisationRole]] = {
    **{label: role for role, label in ROLE_LABELS.items()},
    **{role.value: role for role in OrganisationRole},
    "法人代表": OrganisationRole.LEGAL_REPRESENTATIVE,
    "法定代表人(负责人)": OrganisationRole.LEGAL_REPRESENTATIVE,
    "经营者": OrganisationRole.PERSON_IN_CHARGE,
    "投资人": OrganisationRole.PERSON_IN_CHARGE,
    "执行事务合伙人": OrganisationRole.PERSON_IN_CHARGE,
    "股东": OrganisationRole.PARTNER,
    "合伙人": OrganisationRole.PARTNER,
}


def parse_organisation_role(text: str) -> OrganisationRole:
    """The role named by a Chinese word or by the word of the enum. Raises Malformed ROLE_UNKNOWN."""
    folded = text.strip().replace("\uff08", "(").replace("\uff09", ")")
    role = _ALIASES.get(folded)
    if role is None:
        raise Malformed(
            "ROLE_UNKNOWN", "not a role the notice names", fix=f"One of: {', '.join(ROLE_LABELS.values())}."
        )
    return role
