"""Rules for the log, its parties, their officers and keys (rules version 1). Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from issuers.acts.parties import (
    AdminAppointed,
    BodyAppointed,
    BodySuspended,
    Genesis,
    KeyEnrolled,
    KeyRevoked,
    OfficerAppointed,
    OfficerDismissed,
    PartyAdmitted,
    PartyWithdrawn,
    ServiceKey,
)
from issuers.acts.words import Duty, RevocationCause, Role, ServicePurpose
from issuers.authority.case import Case, officer_in_force
from issuers.authority.party_facts import (
    BodyAppointment,
    BodyCode,
    GenesisFact,
    Key,
    Officer,
    Party,
    ServiceKeyFact,
    officer_key,
)
from issuers.authority.view import Fact
from issuers.enrolment import open_enrolment
from ledger.errors import Refused
from ledger.keys import EDDSA
from ledger.statement import Statement

CITY = "city"
ENROLMENT_AGE_MAX = 30 * 86_400  # seconds between the holder's proof and the leaf that enrols the key
SELF_REPORT_MAX = 7 * 86_400  # seconds a party may reach back alone when it reports a compromise
FOREVER = date(9999, 12, 31)
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
ADMIN_GIVES = frozenset(Duty) - {Duty.ROOT, Duty.ADMIN}


def genesis(statement: Statement, act: Genesis, *, seq: int, time_ms: int) -> list[Fact]:
    """Leaf 0: the city, its three keys in three hands. In force once a second key approves it."""
    if seq != 0:
        raise Refused("GENESIS_PLACE", "genesis is the first leaf and no other")
    if statement.subject != "log" or statement.issuer != CITY or statement.audience != act.origin:
        raise Refused("GENESIS_NAMES", "genesis is said by city, about log, for the origin it names")
    facts: list[Fact] = [
        GenesisFact(act.origin, act.rules, statement.hash, in_force=False),
        Party(CITY, Role.CITY, act.city, act.city_en, "310000"),
    ]
    for item in act.keys:
        claims = (CITY, f"officer/{item.staff.hex()}", act.origin)
        facts.append(_key(item.enrolment, claims, seq=seq, time_ms=time_ms, staff=item.staff))
        facts.append(Officer(CITY, item.staff, (Duty.ROOT,), (), date(2000, 1, 1), FOREVER))
    if len({item.staff for item in act.keys}) < 3 or len({f.key for f in facts if isinstance(f, Key)}) < 3:
        raise Refused("GENESIS_KEYS", "three different keys of three different people")
    return facts


def party_admitted(case: Case, act: PartyAdmitted) -> list[Fact]:
    """A district, body, institution or operator joins."""
    name = case.subject("party")
    case.need_absent(Party, name, "PARTY_EXISTS", "a party of this name was admitted before")
    if act.role is Role.CITY or not is_slug(name):
        raise Refused("PARTY_ROLE", "there is one city, named in genesis; names are lower-case words")
    if (act.code is not None) != (act.role is Role.BODY):
        raise Refused("PARTY_CODE", "an evaluation body, and only a body, has a three-digit code")
    party = Party(name, act.role, act.name, act.name_en, act.region, act.uscc, act.code)
    if act.code is None:
        return [party]
    # Whoever reads a number finds one body by its code, now and later; so does a reader of bundles.
    case.need_absent(BodyCode, act.code, "PARTY_CODE_TAKEN", "another body has or had this code")
    return [party, BodyCode(act.code, name)]


def party_withdrawn(case: Case, act: PartyWithdrawn) -> list[Fact]:
    """Its officers can say nothing from here on; what they said before stands."""
    party = _party(case)
    if party.role is Role.CITY:
        raise Refused("PARTY_ROLE", "the city cannot be withdrawn")
    return [replace(party, withdrawn_ms=case.time_ms)]


def admin_appointed(case: Case, act: AdminAppointed) -> list[Fact]:
    """The city hands a party its first key; the admin enrols everybody else."""
    party = _party(case)
    _term(act.first_day, act.last_day)
    key = _enrolled(case, act.enrolment, party.id, act.staff)
    _not_root(case, act.staff)
    return [Officer(party.id, act.staff, (Duty.ADMIN,), (), act.first_day, act.last_day), key]


def service_key(case: Case, act: ServiceKey) -> list[Fact]:
    """The key the service signs checkpoints, receipts or status lists with."""
    purpose = case.subject("service")
    if purpose not in ServicePurpose.__members__.values():
        raise Refused("SERVICE_PURPOSE", "a service key is for checkpoint, receipt or status")
    claims = (CITY, f"service/{purpose}", case.statement.audience)
    key = _key(act.enrolment, claims, seq=case.seq, time_ms=case.time_ms, purpose=purpose)
    if purpose == ServicePurpose.CHECKPOINT and key.alg != EDDSA:
        raise Refused("SERVICE_ALG", "checkpoints are signed with Ed25519 (C2SP signed-note)")
    case.need_absent(Key, key.key, "KEY_EXISTS", "a key is enrolled once ever")
    return [key, ServiceKeyFact(purpose, key.kid)]


def body_appointed(case: Case, act: BodyAppointed) -> list[Fact]:
    """Selection of an evaluation body for projects and a term; a new appointment replaces the old."""
    party = _party(case)
    _term(act.first_day, act.last_day)
    if party.role is not Role.BODY:
        raise Refused("PARTY_ROLE", "only an evaluation body is appointed")
    return [BodyAppointment(party.id, act.projects, act.first_day, act.last_day)]


def body_suspended(case: Case, act: BodySuspended) -> list[Fact]:
    """No evaluation and no certificate from here on, until appointed anew."""
    appointment = case.need(
        BodyAppointment, _party(case).id, "BODY_NOT_APPOINTED", "the body has no appointment"
    )
    return [replace(appointment, suspended_ms=case.time_ms)]


def officer_appointed(case: Case, act: OfficerAppointed) -> list[Fact]:
    """A party's admin appoints its own people; who is admin or root only the city decides."""
    staff = case.subject_id("officer")
    _term(act.first_day, act.last_day)
    if not set(act.duties) <= ADMIN_GIVES or len(set(act.duties)) < len(act.duties):
        raise Refused("DUTY_NOT_GIVABLE", "an admin cannot give this duty, or gives it twice")
    _not_root(case, staff)
    former = case.view.get(Officer, officer_key(case.party.id, staff))
    _not_admin(former)
    duties = tuple(sorted(act.duties))
    officer = Officer(case.party.id, staff, duties, act.projects, act.first_day, act.last_day)
    stays = former is not None and former.dismissed_ms is None
    return [replace(officer, since_seq=former.since_seq if former is not None and stays else case.seq)]


def officer_dismissed(case: Case, act: OfficerDismissed) -> list[Fact]:
    """The person's keys stay known; they just speak for nobody."""
    staff = case.subject_id("officer")
    officer = _own_officer(case, staff)
    _not_admin(officer)
    return [replace(officer, dismissed_ms=case.time_ms)]


def key_enrolled(case: Case, act: KeyEnrolled) -> list[Fact]:
    """A further key for an appointed person."""
    staff = case.subject_id("officer")
    _own_officer(case, staff)
    return [_enrolled(case, act.enrolment, case.party.id, staff)]


def key_revoked(case: Case, act: KeyRevoked) -> list[Fact]:
    """Stops a key; one that was stopped for another cause may later turn out compromised.

    A party reaches back at most seven days alone; further back the city must agree: otherwise a body could
    disown its own work by claiming a compromise (assurance A.2 row 16).
    """
    kid = case.subject_id("key", 8)
    key = case.need(Key, kid.hex(), "KEY_UNKNOWN", "no such key was enrolled")
    root = case.duty is Duty.ROOT
    if not root and (key.party != case.party.id or _is_citys_own(case, key)):
        raise Refused("KEY_PARTY", "an admin revokes the keys of its party's people; the city may revoke any")
    if key.revoked_seq is not None and not _may_say_more(key, act, root=root):
        raise Refused("KEY_REVOKED", "the key is revoked already")
    if (act.cause is RevocationCause.COMPROMISED) != (act.compromised_since is not None):
        raise Refused("REVOCATION_TIME", "a compromise, and only a compromise, says since when")
    since = act.compromised_since
    if since is not None and since * 1000 > case.time_ms:
        raise Refused("REVOCATION_TIME", "a compromise cannot begin in the future")
    if since is not None and not root and case.time_ms - since * 1000 > SELF_REPORT_MAX * 1000:
        raise Refused("REVOCATION_TOO_OLD", "further back than seven days the city must revoke, two officers")
    if key.revoked_seq is None:
        key = replace(key, revoked_seq=case.seq, revoked_ms=case.time_ms)
    return [replace(key, cause=act.cause, compromised_since=since)]


def _may_say_more(key: Key, act: KeyRevoked, *, root: bool) -> bool:
    """Of a stopped key it may be said once that it was compromised, and by the city that it was so earlier.

    Otherwise whoever reports first, thief or party, would fix the date for ever.
    """
    if act.cause is not RevocationCause.COMPROMISED or act.compromised_since is None:
        return False
    return key.compromised_since is None or (root and act.compromised_since < key.compromised_since)


def _party(case: Case) -> Party:
    party = case.need(Party, case.subject("party"), "PARTY_UNKNOWN", "no such party was admitted")
    if party.withdrawn_ms is not None:
        raise Refused("PARTY_WITHDRAWN", "the party was withdrawn")
    return party


def _not_root(case: Case, staff: bytes) -> None:
    """Who holds a genesis key holds no other duty anywhere."""
    holder = case.view.get(Officer, officer_key(CITY, staff))
    if holder is not None and Duty.ROOT in holder.duties:
        raise Refused("DUTIES_JOINED", "who holds a genesis key holds no other duty")


def _not_admin(officer: Officer | None) -> None:
    """An admin holds no other duty and is made and unmade by the city alone, or it could extend its term."""
    held = set(officer.duties) if officer is not None and officer.dismissed_ms is None else set()
    if held & {Duty.ROOT, Duty.ADMIN}:
        raise Refused("DUTIES_JOINED", "an admin or holder of a genesis key has no other duty")


def _is_citys_own(case: Case, key: Key) -> bool:
    """Keys of the service and of the three genesis holders: two officers of the city stop them."""
    if key.staff is None:
        return True
    holder = case.view.get(Officer, officer_key(key.party, key.staff))
    return holder is not None and Duty.ROOT in holder.duties


def _own_officer(case: Case, staff: bytes) -> Officer:
    for duty in ADMIN_GIVES:
        officer = officer_in_force(case.view, case.party.id, staff, duty, case.day)
        if officer is not None:
            return officer
    raise Refused("OFFICER_UNKNOWN", "the party has no such officer in force")


def _enrolled(case: Case, enrolment: bytes, party: str, staff: bytes) -> Key:
    claims = (party, f"officer/{staff.hex()}", case.statement.audience)
    key = _key(enrolment, claims, seq=case.seq, time_ms=case.time_ms, staff=staff)
    case.need_absent(Key, key.key, "KEY_EXISTS", "a key is enrolled once ever")
    return key


def _key(
    enrolment: bytes,
    expected: tuple[str, str, str],
    *,
    seq: int,
    time_ms: int,
    staff: bytes | None = None,
    purpose: str | None = None,
) -> Key:
    public, claims = open_enrolment(enrolment)
    if (claims.iss, claims.sub, claims.aud) != expected:
        raise Refused("ENROLMENT_OTHER", "the key was made for another person, party or log")
    if abs(time_ms - claims.iat * 1000) > ENROLMENT_AGE_MAX * 1000:
        raise Refused("ENROLMENT_OLD", "the proof of possession is older than 30 days")
    return Key(public.kid, public.alg, public.spki, expected[0], seq, time_ms, staff, purpose)


def _term(first_day: date, last_day: date) -> None:
    if last_day < first_day:
        raise Refused("TERM_ORDER", "a term ends on or after the day it begins")


def is_slug(name: str) -> bool:
    """Whether it is lower-case words and digits joined by hyphens, 40 characters at most."""
    return len(name) <= 40 and _SLUG.fullmatch(name) is not None
