"""Rules for issuing certificates and for the claims that rest on them (rules version 1). Pure."""

from __future__ import annotations

from dataclasses import replace

from issuers.acts.certificates import (
    CertificateIssued,
    ClaimDecided,
    ClaimSubmitted,
    ClaimWithdrawn,
    NumberVoided,
)
from issuers.acts.words import Outcome
from issuers.authority.case import Case, shanghai_date
from issuers.authority.class_facts import (
    CertificateFact,
    Claim,
    ClaimedCertificate,
    ClaimState,
    ClassFact,
    CredentialFact,
    FormerVersion,
    Hold,
    Passed,
    PolicyFact,
    StandardFact,
    State,
    StatusSlot,
    passed_key,
    slot_key,
    version_key,
)
from issuers.authority.class_rules import body_in_force, need_apart
from issuers.authority.party_facts import Key
from issuers.authority.view import Fact
from issuers.standard import Standard
from ledger.errors import Refused


def certificate_issued(case: Case, act: CertificateIssued) -> list[Fact]:
    """One certificate for one who passed, dated the day it enters the log, under a confirmed evaluation."""
    certificate = case.subject_id("certificate")
    known, passed = _passed(case, act.class_id, act.candidate)
    case.need_absent(CertificateFact, certificate.hex(), "CERTIFICATE_EXISTS", "this id is taken")
    case.need_absent(CredentialFact, act.credential.hex(), "CREDENTIAL_EXISTS", "this credential is logged")
    case.need_entries(act.entries)
    if act.standard != known.standard:
        raise Refused("STANDARD_OTHER", "the class pins another standard")
    if act.evaluation != known.evaluation:
        raise Refused("EVALUATION_OTHER", "the act names another evaluation than the confirmed one")
    standard = case.need(StandardFact, known.standard, "STANDARD_UNKNOWN", "no such standard was published")
    if Standard.from_body(standard.document).kind != act.kind:
        raise Refused("CERTIFICATE_KIND", "the standard is for another kind of certificate")
    if act.issued_on != case.day or shanghai_date(case.statement.issued_at * 1000) != case.day:
        raise Refused("DATE_PASSED", "the issue date is no longer the date of the log", fix="Sign it anew.")
    if act.expires_on is not None and act.expires_on <= act.issued_on:
        raise Refused("EXPIRY_ORDER", "a certificate expires after the day it is issued")
    fact = CertificateFact(
        id=certificate,
        class_id=act.class_id,
        candidate=act.candidate,
        body=known.body,
        project=known.project,
        kind=act.kind,
        credential=act.credential,
        status_list=act.status_list,
        status_index=act.status_index,
        issued_on=act.issued_on,
        kid=case.key.kid,
        seq=case.seq,
        time_ms=case.time_ms,
        state=State.VALID,
        changed_ms=case.time_ms,
        expires_on=act.expires_on,
    )
    slot = free_slot(case, act.status_list, act.status_index, certificate)
    used = replace(passed, certificate=certificate)
    return [fact, slot, used, CredentialFact(act.credential, certificate)]


def number_voided(case: Case, act: NumberVoided) -> list[Fact]:
    """A reserved number is accounted for, and so is its place in the status list."""
    if case.subject_id("class") != act.class_id:
        raise Refused("SUBJECT_ID", "the subject names another class", where="sub")
    _, passed = _passed(case, act.class_id, act.candidate)
    case.need_entries(act.entries)
    return [replace(passed, voided=True), free_slot(case, act.status_list, act.status_index, None)]


def claim_submitted(case: Case, act: ClaimSubmitted) -> list[Fact]:
    """Holds (person, project) and (person, slot) by nullifiers; nobody else can hold them meanwhile."""
    claim = case.subject_id("claim")
    case.need_absent(Claim, claim.hex(), "CLAIM_EXISTS", "this claim was submitted before")
    certificate = certificate_of(case, act.certificate)
    case.need_entries(act.entries)
    case.need(PolicyFact, act.policy, "POLICY_UNKNOWN", "no such policy was published")
    known = case.need(ClassFact, certificate.class_id.hex(), "CLASS_UNKNOWN", "no such class was opened")
    expired = certificate.expires_on is not None and case.day > certificate.expires_on
    if certificate.state is not State.VALID or expired:
        raise Refused("CERTIFICATE_NOT_VALID", "the certificate is not in force")
    if act.project != certificate.project or act.district != known.district:
        raise Refused("CLAIM_OTHER", "project or reviewing district is not that of the certificate")
    if act.project_nullifier == act.slot_nullifier:
        raise Refused("NULLIFIERS_EQUAL", "project and slot have different nullifiers")
    before = case.view.get(ClaimedCertificate, act.certificate.hex())
    if before is not None and not before.released:
        raise Refused("ALREADY_CLAIMED", "a claim rests on this certificate already")
    holds: list[Fact] = [ClaimedCertificate(act.certificate, claim, released=False)]
    for nullifier in (act.project_nullifier, act.slot_nullifier):
        hold = case.view.get(Hold, nullifier.hex())
        if hold is not None and not hold.released:
            raise Refused("ALREADY_CLAIMED", "this person holds this project or slot already")
        holds.append(Hold(nullifier, claim, released=False))
    record = Claim(
        id=claim,
        certificate=act.certificate,
        project=act.project,
        policy=act.policy,
        district=act.district,
        intake_staff=case.officer.staff,
        project_nullifier=act.project_nullifier,
        slot_nullifier=act.slot_nullifier,
        state=ClaimState.SUBMITTED,
        submitted_ms=case.time_ms,
    )
    return [record, *holds]


def claim_decided(case: Case, act: ClaimDecided) -> list[Fact]:
    """The institution's district decides, and never the person who took the claim in."""
    claim = _open_claim(case)
    if claim.district != case.party.id:
        raise Refused("DISTRICT_OTHER", "the institution's district decides (notice 二(二))")
    case.need_scope(claim.project)
    if case.officer.staff in {claim.intake_staff, *_makers(case, claim)}:
        raise Refused("DUTIES_JOINED", "who took the claim in, taught, scored or issued cannot decide it")
    approved = act.outcome is Outcome.APPROVED
    if approved:
        policy = case.need(PolicyFact, claim.policy, "POLICY_UNKNOWN", "no such policy was published")
        if certificate_of(case, claim.certificate).state is not State.VALID:
            raise Refused("CERTIFICATE_NOT_VALID", "the certificate is not in force")
        if act.amount_fen != policy.document.get("amount_fen"):
            raise Refused("AMOUNT_WRONG", "the amount is not that of the policy")
    elif act.amount_fen or not act.reasons:
        raise Refused("AMOUNT_WRONG", "a rejection pays nothing and gives its reasons")
    if approved and act.release:
        raise Refused("RELEASE_WRONG", "an approved claim keeps its holds")
    state = ClaimState.APPROVED if approved else ClaimState.REJECTED
    decided = replace(claim, state=state, outcome=act.outcome, amount_fen=act.amount_fen)
    return [decided, *(_released(claim) if act.release else ())]


def claim_withdrawn(case: Case, act: ClaimWithdrawn) -> list[Fact]:
    """Before a decision; frees project and slot."""
    claim = _open_claim(case)
    return [replace(claim, state=ClaimState.WITHDRAWN), *_released(claim)]


def _passed(case: Case, class_id: bytes, candidate: bytes) -> tuple[ClassFact, Passed]:
    known = case.need(ClassFact, class_id.hex(), "CLASS_UNKNOWN", "no such class was opened")
    if known.body != case.party.id:
        raise Refused("CLASS_OTHER", "the class is evaluated by another body")
    if known.evaluation is None:
        raise Refused("EVALUATION_MISSING", "the evaluation of the class is not confirmed")
    body_in_force(case, known.body, known.project)
    case.need_scope(known.project)
    need_apart(case, known)
    passed = case.need(
        Passed, passed_key(class_id, candidate), "NOT_PASSED", "the candidate is not among those who passed"
    )
    if passed.certificate is not None or passed.voided:
        raise Refused("NUMBER_USED", "the candidate's number is issued or voided already")
    return known, passed


def free_slot(case: Case, status_list: int, status_index: int, certificate: bytes | None) -> StatusSlot:
    """Takes a place in a status list for ever. Raises Refused STATUS_TAKEN."""
    key = slot_key(status_list, status_index)
    case.need_absent(StatusSlot, key, "STATUS_TAKEN", "this place in the status list is taken")
    return StatusSlot(status_list, status_index, certificate)


def certificate_of(case: Case, certificate: bytes) -> CertificateFact:
    """The certificate with this id, or Refused CERTIFICATE_UNKNOWN."""
    return case.need(
        CertificateFact, certificate.hex(), "CERTIFICATE_UNKNOWN", "no such certificate is logged"
    )


def _open_claim(case: Case) -> Claim:
    claim = case.need(Claim, case.subject_id("claim").hex(), "CLAIM_UNKNOWN", "no such claim is logged")
    if claim.state is not ClaimState.SUBMITTED:
        raise Refused("CLAIM_CLOSED", "the claim is decided or withdrawn")
    return claim


def _makers(case: Case, claim: Claim) -> set[bytes]:
    """Staff ids of those whose work the claim rests on: who taught, scored and signed."""
    certificate = certificate_of(case, claim.certificate)
    known = case.need(ClassFact, certificate.class_id.hex(), "CLASS_UNKNOWN", "no such class was opened")
    former = (
        case.view.get(FormerVersion, version_key(certificate.id, number))
        for number in range(1, certificate.version)
    )
    kids = {certificate.signer, *(one.kid for one in former if one is not None)}
    signers = (case.view.get(Key, kid.hex()) for kid in kids)
    signed = {one.staff for one in signers if one is not None and one.staff is not None}
    return {*known.instructors, *(ref.staff for ref in known.sheets), *signed}


def _released(claim: Claim) -> list[Fact]:
    nullifiers = (claim.project_nullifier, claim.slot_nullifier)
    holds = [Hold(item, claim.id, released=True) for item in nullifiers]
    return [ClaimedCertificate(claim.certificate, claim.id, released=True), *holds]
