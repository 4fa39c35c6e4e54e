"""The judge: may this statement stand at this place in the log, and what does it change? Pure and replayable.

Steps, the same for the service at its door, the auditor and the holder of a bundle:
1 the act is of a known kind and well formed; 2 it is meant for this log; 3 its time is within a day of the
leaf's; 4 its key is enrolled for its party and not revoked; 5 its party stands; 6 its signer's appointment
fits a row of the authority table on the Shanghai date of the leaf; 7 the rule of its kind holds; 8 where a
second officer must agree, it waits, and steps 6 and 7 are done again at the place of the approval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from issuers.acts import read_act
from issuers.acts.parties import Genesis
from issuers.authority import (
    certificate_rules,
    class_rules,
    erasure_rules,
    life_rules,
    log_rules,
    party_rules,
    witness_rules,
)
from issuers.authority.case import Case, officer_in_force, shanghai_date
from issuers.authority.party_facts import GenesisFact, Key, Officer, Party, Pending, Settled, settled_key
from issuers.authority.table import TABLE, Row
from issuers.authority.view import Fact, View
from issuers.enrolment import open_enrolment
from ledger.errors import Refused
from ledger.keys import PublicKey, public_key
from ledger.statement import Statement, check_statement, parse_statement

WAIT_MAX_MS = 7 * 86_400_000  # a statement may wait so long for its second officer
SKEW_MAX_MS = 86_400_000  # a statement's own time and the leaf's differ by at most a day (decision 6)

# Acts that undo one another: a later one in force overtakes an earlier one that still waits.
FAMILIES = {
    "party-withdrawn": "party-admitted",
    "admin-appointed": "party-admin",
    "body-suspended": "body-appointed",
}

Rule = Callable[[Case, Any], list[Fact]]

RULES_1: dict[str, Rule] = {
    "party-admitted": party_rules.party_admitted,
    "party-withdrawn": party_rules.party_withdrawn,
    "admin-appointed": party_rules.admin_appointed,
    "service-key": party_rules.service_key,
    "witness-set": witness_rules.witness_set,
    "log-continued": log_rules.log_continued,
    "body-appointed": party_rules.body_appointed,
    "body-suspended": party_rules.body_suspended,
    "officer-appointed": party_rules.officer_appointed,
    "officer-dismissed": party_rules.officer_dismissed,
    "key-enrolled": party_rules.key_enrolled,
    "key-revoked": party_rules.key_revoked,
    "policy-published": class_rules.policy_published,
    "standard-published": class_rules.standard_published,
    "institution-accredited": class_rules.institution_accredited,
    "accreditation-withdrawn": class_rules.accreditation_withdrawn,
    "class-opened": class_rules.class_opened,
    "roster": class_rules.roster,
    "sheet": class_rules.sheet,
    "evaluation-confirmed": class_rules.evaluation_confirmed,
    "certificate-issued": certificate_rules.certificate_issued,
    "number-voided": certificate_rules.number_voided,
    "certificate-suspended": life_rules.certificate_suspended,
    "certificate-restored": life_rules.certificate_restored,
    "certificate-revoked": life_rules.certificate_revoked,
    "certificate-cancelled": life_rules.certificate_cancelled,
    "certificate-corrected": life_rules.certificate_renewed,
    "certificate-reissued": life_rules.certificate_renewed,
    "claim-submitted": certificate_rules.claim_submitted,
    "claim-decided": certificate_rules.claim_decided,
    "claim-withdrawn": certificate_rules.claim_withdrawn,
    "erasure-order": erasure_rules.erasure_order,
}
RULES: dict[int, dict[str, Rule]] = {1: RULES_1}


def admit(
    view: View,
    statement: Statement,
    *,
    seq: int,
    time_ms: int,
    act: object | None = None,
    verified: tuple[int, bytes] | None = None,
) -> list[Fact]:
    """`judge` after checking the signature with the enrolled key. Raises Refused, BadSignature, Malformed.

    `verified`: alg and SubjectPublicKeyInfo of the key under which the signature was found good elsewhere;
    where the enrolled key is another, or none is given, it is checked here.
    """
    key = signing_key(view, statement)
    if (key.alg, key.spki) != verified:
        check_statement(statement, key)
    return judge(view, statement, seq=seq, time_ms=time_ms, act=act)


def signing_key(view: View, statement: Statement) -> PublicKey:
    """The key the statement names, as enrolled (a kid is enrolled once ever, so this may be asked early).

    Raises Refused KEY_UNKNOWN or KEY_ALG.
    """
    key = view.get(Key, statement.kid.hex())
    if key is not None:
        if key.alg != statement.alg:
            raise Refused("KEY_ALG", "the key is enrolled for another algorithm")
        return public_key(key.alg, key.spki)
    if statement.kind == "genesis" and view.get(GenesisFact, "log") is None:
        act = cast(Genesis, read_act(statement))
        for item in act.keys:
            enrolled, _ = open_enrolment(item.enrolment)
            if enrolled.kid == statement.kid:
                return enrolled
    raise Refused("KEY_UNKNOWN", "the signing key is not enrolled in this log")


def judge(
    view: View, statement: Statement, *, seq: int, time_ms: int, act: object | None = None
) -> list[Fact]:
    """The facts the act changes at leaf `seq` with the leaf's `time_ms`; its signature was checked before.

    `act`: what `read_act` made of this very statement, where the caller has it already.
    Raises Refused with the code of the first rule that does not hold, or Malformed for an act that cannot be
    read. Never changes `view`.
    """
    act = read_act(statement) if act is None else act
    if abs(statement.issued_at * 1000 - time_ms) > SKEW_MAX_MS:
        raise Refused("STATEMENT_TIME", "the statement's time is more than a day from the log's")
    genesis = view.get(GenesisFact, "log")
    if genesis is None:
        if statement.kind != "genesis":
            raise Refused("GENESIS_MISSING", "the log has no genesis yet")
        facts = party_rules.genesis(statement, cast(Genesis, act), seq=seq, time_ms=time_ms)
        staff = _kid_staff(facts, statement.kid)
        return [*facts, Pending(statement.hash, statement.raw, seq, time_ms, staff)]
    if statement.kind == "genesis":
        raise Refused("GENESIS_PLACE", "genesis is the first leaf and no other")
    if statement.audience != genesis.origin:
        raise Refused("AUDIENCE_OTHER", "the statement is meant for another log", where="aud")
    if not genesis.in_force and statement.kind != "approve":
        raise Refused("GENESIS_PENDING", "genesis waits for the second officer")
    case, row = _open_case(view, statement, seq=seq, time_ms=time_ms)
    if statement.kind == "approve":
        return _approve(case, genesis)
    case.need_absent(Pending, statement.hash.hex(), "PENDING_EXISTS", "this very statement was said before")
    facts = RULES[genesis.rules][statement.kind](case, act)
    if row.approval:
        return [Pending(statement.hash, statement.raw, seq, time_ms, case.officer.staff)]
    return facts


def _approve(case: Case, genesis: GenesisFact) -> list[Fact]:
    """A second person's yes: the waiting act takes force here, judged again as things stand here."""
    pending = case.need(
        Pending, case.subject_id("statement", 32).hex(), "PENDING_UNKNOWN", "no such act waits for approval"
    )
    if pending.done:
        raise Refused("PENDING_DONE", "the act is in force already")
    if case.time_ms - pending.time_ms > WAIT_MAX_MS:
        raise Refused("PENDING_OLD", "the act waited longer than seven days", fix="Say it anew.")
    if pending.signer == case.officer.staff:
        raise Refused("APPROVER_SAME", "the second officer is another person")
    done = replace(pending, done=True)
    if not genesis.in_force:
        return [done, GenesisFact(genesis.origin, genesis.rules, genesis.statement, in_force=True)]
    waiting = parse_statement(pending.raw)
    family = FAMILIES.get(waiting.kind, waiting.kind)
    settled = case.view.get(Settled, settled_key(family, waiting.subject))
    if settled is not None and settled.seq > pending.seq:
        # Or a forgotten signature could undo what two officers decided meanwhile.
        raise Refused("PENDING_OVERTAKEN", "another act about this took force meanwhile", fix="Say it anew.")
    again, _ = _open_case(case.view, waiting, seq=case.seq, time_ms=case.time_ms)
    facts = RULES[genesis.rules][waiting.kind](again, read_act(waiting))
    return [done, Settled(family, waiting.subject, case.seq), *facts]


def _open_case(view: View, statement: Statement, *, seq: int, time_ms: int) -> tuple[Case, Row]:
    key = view.get(Key, statement.kid.hex())
    if key is None or key.staff is None:
        raise Refused("KEY_UNKNOWN", "the signing key is not enrolled for a person")
    if key.revoked_seq is not None:
        raise Refused("KEY_REVOKED", "the signing key was revoked")
    if key.party != statement.issuer:
        raise Refused("KEY_PARTY", "the key speaks for another party", where="iss")
    party = view.get(Party, statement.issuer)
    if party is None or party.withdrawn_ms is not None:
        raise Refused("PARTY_WITHDRAWN", "the party is not admitted, or was withdrawn")
    officer, row = _matching_row(view, statement.kind, party, key.staff, time_ms)
    return Case(view, statement, seq, time_ms, key, party, officer, row.duty), row


def _matching_row(view: View, kind: str, party: Party, staff: bytes, time_ms: int) -> tuple[Officer, Row]:
    rows = [row for row in TABLE[kind] if party.role in row.roles]
    if not rows:
        raise Refused("ROLE_WRONG", f"a {party.role} cannot say {kind}")
    day = shanghai_date(time_ms)
    for row in rows:
        officer = officer_in_force(view, party.id, staff, row.duty, day)
        if officer is not None:
            return officer, row
    duties = ", ".join(row.duty for row in rows)
    raise Refused("DUTY_MISSING", f"the signer is not appointed as {duties} on this day")


def _kid_staff(facts: list[Fact], kid: bytes) -> bytes:
    for fact in facts:
        if isinstance(fact, Key) and fact.kid == kid and fact.staff is not None:
            return fact.staff
    raise Refused("GENESIS_KEYS", "genesis is signed by one of the keys it names")
