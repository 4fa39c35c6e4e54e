"""Door: effects of claims: the holder is the holder, the nullifiers are theirs, and the hold is a row.

Promises: a claim stands in the log only together with its hold, whose constraints let nobody have two.
"""

from __future__ import annotations

import hmac
from datetime import date

import sqlalchemy as sa

from issuers.acts.certificates import ClaimSubmitted
from issuers.acts.words import Outcome
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import (
    CertificateFact,
    Claim,
    ClassFact,
    Hold,
    PolicyFact,
    StandardFact,
)
from issuers.authority.party_facts import Key
from issuers.authority.view import View
from issuers.identifiers.codes import check_uscc
from issuers.identifiers.identity import IdNumber, IdType, normalise
from issuers.identifiers.names import check_text
from issuers.identifiers.organisations import OrganisationRole
from issuers.office.roster import ORGANISATION_MAX
from issuers.standard import Standard
from ledger.errors import MalanError, Malformed, Refused
from registry.callers.misses import Tries
from registry.certificates.quarantine import need_no_quarantine
from registry.persons.people import People
from registry.persons.read_audit import record_attempt
from registry.storage.facts import all_of
from registry.storage.tables import open_claim, reservation
from registry.subsidy import holds
from registry.subsidy.payable import need_payable
from registry.writing.effects.deed import Deed
from registry.writing.item import Item
from verify.subsidy.policy import Policy, policies_on

UNFOUNDED = "CLAIM_UNFOUNDED"


def claim_submitted(deed: Deed) -> None:
    """The holder claims for themselves, with their own nullifiers, under the policy that applies.

    Raises Refused CLAIM_UNFOUNDED, POLICY_OTHER, CERTIFICATE_QUARANTINED, ALREADY_CLAIMED, SLOT_TAKEN or
    VALUE_FORM.
    """
    act: ClaimSubmitted = deed.act
    certificate = deed.need(CertificateFact, act.certificate.hex())
    need_no_quarantine(deed.view, certificate)
    _need_policy(deed, certificate)
    person, slot = _founded(deed, act)
    claim = bytes.fromhex(deed.statement.subject.removeprefix("claim/"))
    holds.take(deed.connection, person=person, project=act.project, slot=slot, claim=claim)
    waits = {"claim": claim, "district": act.district, "submitted_ms": deed.time_ms}
    deed.connection.execute(sa.insert(open_claim).values(**waits, statement=deed.statement.hash))
    deed.keep([person])


def claim_decided(deed: Deed) -> None:
    """A decision that releases frees project and slot; nobody decides on their own claim.

    Raises Refused OWN_CLAIM, CERTIFICATE_QUARANTINED, NOT_FINAL.
    """
    claim = deed.need(Claim, deed.statement.subject.removeprefix("claim/"))
    if deed.signer is not None and deed.signer == _holder(deed, claim.certificate):
        raise Refused("OWN_CLAIM", "nobody decides on their own claim")
    if deed.act.outcome is Outcome.APPROVED:
        certificate = deed.need(CertificateFact, claim.certificate.hex())
        need_no_quarantine(deed.view, certificate)
        need_payable(deed.connection, deed.quorum(), certificate, claim)
    if deed.act.release:
        holds.release(deed.connection, claim.id)
    _closed(deed, claim.id)


def claim_withdrawn(deed: Deed) -> None:
    """Frees project and slot."""
    claim = bytes.fromhex(deed.statement.subject.removeprefix("claim/"))
    holds.release(deed.connection, claim)
    _closed(deed, claim)


def told(view: View, act: object, error: MalanError) -> MalanError:
    """The judge's "already claimed" as it is for the claimant: only the slot was lost to another project."""
    if error.code == "ALREADY_CLAIMED" and isinstance(act, ClaimSubmitted):
        hold = view.get(Hold, act.project_nullifier.hex())
        if hold is None or hold.released:
            return holds.slot_taken()
    return error


def tries_of(view: View, item: Item) -> Tries | None:
    """For whom an unfounded claim counts, once the act was judged; None for one that shows no document."""
    if not isinstance(item.act, ClaimSubmitted):
        return None
    key = view.get(Key, item.statement.kid.hex())
    assert key is not None and key.staff is not None, "the judge has seen the officer"
    return Tries(key.staff, item.act.certificate)


def note_guess(connection: sa.Connection, view: View, people: People, item: Item, *, time_ms: int) -> None:
    """Records an unfounded claim: who signed it, and at which certificate it aimed. It is not in the log."""
    key = view.get(Key, item.statement.kid.hex())
    assert key is not None, "the judge has seen the key"
    what = f"certificate/{item.act.certificate.hex()}"
    record_attempt(connection, people, key, purpose="claim-refused", what=what, now_ms=time_ms)


def _closed(deed: Deed, claim: bytes) -> None:
    deed.connection.execute(sa.delete(open_claim).where(open_claim.c.claim == claim))


def _need_policy(deed: Deed, certificate: CertificateFact) -> None:
    """The amount is judged by the policy the claim names, so that is the one that pays this certificate."""
    published = [Policy.from_body(one.document) for one in all_of(deed.connection, PolicyFact)]
    known = deed.need(ClassFact, certificate.class_id.hex())
    stage = Standard.from_body(deed.need(StandardFact, known.standard).document).stage
    in_force = policies_on(published, certificate.issued_on)
    if [one.id for one in in_force] == [deed.act.policy]:
        (policy,) = in_force
        over = policy.valid_to is not None and shanghai_date(deed.time_ms) > policy.valid_to
        pays = any(
            rule.subsidised and (rule.stage, rule.kind) == (stage, certificate.kind)
            for rule in policy.stage_rules
        )
        if pays and (policy.honour_open_windows or not over):
            return
    what = "this is not the one policy for the day of issue, or it pays nothing for this certificate"
    raise Refused("POLICY_OTHER", what, where="policy", fix="Check the application: it says what applies.")


def _founded(deed: Deed, act: ClaimSubmitted) -> tuple[bytes, int]:
    """The claimant and their slot.

    Whatever does not belong together gets one answer: a counter must not learn whose certificate it is by
    guessing documents.
    """
    document, key = _document(deed), deed.nullifier_key
    person, holder = deed.people.find(deed.connection, document), _holder(deed, act.certificate)
    if person is not None and person == holder:
        own = hmac.compare_digest(holds.project_nullifier(key, person, act.project), act.project_nullifier)
        for slot in holds.SLOTS:
            if own and hmac.compare_digest(holds.slot_nullifier(key, person, slot), act.slot_nullifier):
                return person, slot
    what = "certificate, document and nullifiers do not belong together"
    raise Refused(UNFOUNDED, what, fix="Prepare again.")


def _holder(deed: Deed, certificate: bytes) -> bytes | None:
    query = sa.select(reservation.c.person).where(reservation.c.certificate == certificate)
    holder: bytes | None = deed.connection.execute(query).scalar_one_or_none()
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
