"""Rules for what becomes of a certificate after its issue (rules version 1). Pure.

    valid      suspended, revoked, cancelled, or followed by its next version
    suspended  restored, revoked, cancelled
    revoked    nothing: it never comes back
    cancelled  nothing

A new version keeps number, kind, dates and certificate id; it has a credential and a place in the status list
of its own, and the former version is superseded for ever.

Source: domain B7; design 13 to 15.
"""

from __future__ import annotations

from dataclasses import replace

from issuers.acts.certificates import (
    CertificateCancelled,
    CertificateRestored,
    CertificateRevoked,
    CertificateSuspended,
    NewVersion,
)
from issuers.authority.case import Case, shanghai_date
from issuers.authority.certificate_rules import certificate_of, free_slot
from issuers.authority.class_facts import (
    CertificateFact,
    ClassFact,
    CredentialFact,
    FormerVersion,
    Renewal,
    State,
    version_key,
)
from issuers.authority.class_rules import body_in_force, need_apart
from issuers.authority.view import Fact
from ledger.errors import Refused

_STANDING = {State.VALID, State.SUSPENDED}


def certificate_suspended(case: Case, act: CertificateSuspended) -> list[Fact]:
    """暂扣: for the time of an investigation."""
    return [_moved(case, {State.VALID}, State.SUSPENDED, act.reason)]


def certificate_restored(case: Case, act: CertificateRestored) -> list[Fact]:
    """Ends a suspension, under what issuing asks for too. A revocation never ends."""
    _need_issuing(case, certificate_of(case, case.subject_id("certificate")))
    return [_moved(case, {State.SUSPENDED}, State.VALID, act.reason)]


def certificate_revoked(case: Case, act: CertificateRevoked) -> list[Fact]:
    """撤销: for good."""
    return _ended(case, _moved(case, _STANDING, State.REVOKED, act.reason))


def certificate_cancelled(case: Case, act: CertificateCancelled) -> list[Fact]:
    """注销: for good as well, without blame."""
    return _ended(case, _moved(case, _STANDING, State.CANCELLED, act.reason))


def certificate_renewed(case: Case, act: NewVersion) -> list[Fact]:
    """Corrected or reissued: the next version, dated the day it enters the log; the issue date stays."""
    fact = _own(case, {State.VALID})
    known = _need_issuing(case, fact)
    if fact.expires_on is not None and case.day > fact.expires_on:
        raise Refused("CERTIFICATE_STATE", "an expired certificate gets no new version")
    if act.version != fact.version + 1 or act.former != fact.credential:
        raise Refused("VERSION_OTHER", "another version is in force", fix="Prepare again.")
    said = (act.standard, act.kind, act.issued_on, act.expires_on)
    if said != (known.standard, fact.kind, fact.issued_on, fact.expires_on):
        raise Refused("VERSION_DIFFERS", "a new version keeps standard, kind, issue date and expiry")
    if act.version_on != case.day or shanghai_date(case.statement.issued_at * 1000) != case.day:
        raise Refused("DATE_PASSED", "the date is no longer the date of the log", fix="Sign it anew.")
    case.need_absent(CredentialFact, act.credential.hex(), "CREDENTIAL_EXISTS", "this credential is logged")
    case.need_entries(act.entries)
    renewed = replace(
        fact,
        credential=act.credential,
        status_list=act.status_list,
        status_index=act.status_index,
        changed_ms=case.time_ms,
        reason=act.reason.value,
        renewed=Renewal(act.version, case.seq, case.time_ms, case.key.kid, case.day),
    )
    former = FormerVersion(
        certificate=fact.id,
        version=fact.version,
        credential=fact.credential,
        status_list=fact.status_list,
        status_index=fact.status_index,
        kid=fact.signer,
        seq=fact.proof_seq,
    )
    slot = free_slot(case, act.status_list, act.status_index, fact.id)
    return [renewed, former, slot, CredentialFact(act.credential, fact.id, act.version)]


def _need_issuing(case: Case, fact: CertificateFact) -> ClassFact:
    """What issuing asks of body and signatory holds now too; the class of the certificate."""
    known = case.need(ClassFact, fact.class_id.hex(), "CLASS_UNKNOWN", "no such class was opened")
    body_in_force(case, known.body, known.project)
    case.need_scope(known.project)
    need_apart(case, known)
    return known


def _own(case: Case, before: set[State]) -> CertificateFact:
    """The certificate of the subject, of the signer's own body, in one of these states."""
    fact = certificate_of(case, case.subject_id("certificate"))
    if fact.body != case.party.id:
        raise Refused("CERTIFICATE_OTHER", "another body answers for this certificate")
    if fact.state not in before:
        raise Refused("CERTIFICATE_STATE", f"this cannot be said of a {fact.state} certificate")
    return fact


def _moved(case: Case, before: set[State], after: State, reason: str) -> CertificateFact:
    return replace(_own(case, before), state=after, changed_ms=case.time_ms, reason=reason)


def _ended(case: Case, fact: CertificateFact) -> list[Fact]:
    """Its former versions end with it: who shows one learns that, and not only that there is a newer."""
    former = (case.view.get(FormerVersion, version_key(fact.id, number)) for number in range(1, fact.version))
    return [fact, *(replace(one, ended=True) for one in former if one is not None)]
