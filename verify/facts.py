"""What a verdict shows of a credential whose signature held: claims, signer, place in the log. Pure.

Promises: nothing here decides anything. Called only after step 5 has passed.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from issuers.authority.party_facts import Key, Party
from issuers.credential import Credential
from issuers.identifiers.numbers import parse_number
from issuers.status import REVOKED, SUPERSEDED, SUSPENDED, StatusList
from verify.logged import Logged
from verify.scope import Entitled
from verify.times import day_of
from verify.trust import Trust
from verify.verdict import State, VerifiedFacts

_STATUS: Final = {
    REVOKED: State.REVOKED,
    SUSPENDED: State.SUSPENDED,
    SUPERSEDED: State.SUPERSEDED,
}


def facts_of(
    claims: Credential,
    key: Key,
    logged: Logged | None,
    right: Entitled | None,
    listed: StatusList | None,
    trust: Trust,
) -> VerifiedFacts:
    """`logged`, `right` and `listed` are None where proof, right or list did not hold or was not there."""
    number = parse_number(claims.number)
    party = right.party if right is not None else trust.facts.get(Party, key.party)
    value = None if listed is None else listed.value(claims.status_index)
    return VerifiedFacts(
        number=claims.number,
        code=claims.code,
        name=claims.name,
        last_four=claims.last_four,
        course=claims.course,
        hours=claims.hours,
        kind=number.kind,
        stage=number.stage,
        project=right.standard.project if right is not None else f"{number.project3:03d}",
        body=key.party,
        body_name="" if party is None else party.name,
        body_name_en="" if party is None else party.name_en,
        signatory=(key.staff or b"").hex(),
        kid=key.kid.hex(),
        version=claims.version,
        issued_on=_first_day(claims, logged),
        version_on=day_of(claims.issued_at) if logged is None else logged.made_on,
        issued_at=claims.issued_at,
        expires_at=claims.expires_at,
        status=None if value is None else _STATUS.get(value, State.VALID).value,
        status_at=None if listed is None else listed.issued_at,
        seq=None if logged is None else logged.leaf.seq,
        logged_ms=None if logged is None else logged.leaf.time_ms,
        certificate=None if logged is None else logged.certificate.hex(),
        origin=trust.origin,
        genesis=trust.genesis.hex(),
    )


def _first_day(claims: Credential, logged: Logged | None) -> date:
    """The day of first issue, on which rights hang; every version says the same."""
    if logged is not None:
        return logged.act.issued_on
    return claims.first_issued_on or day_of(claims.issued_at)
