"""What a signatory signs for the next version of a certificate: credential, QR text, act. Pure.

Promises: number, kind, dates and standard are those the service told for the version in force; all three say
the same. What changes, and why, the signatory says. Keys, times and randomness come in as arguments.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from issuers.acts.certificates import CertificateCorrected, CertificateReissued, NewVersion
from issuers.acts.reasons import CorrectionReason, ReissueReason
from issuers.acts.words import OneCommitment
from issuers.authority.case import shanghai_date
from issuers.credential import Credential, first_second_after, sign_credential
from issuers.qr import make_text, version_for
from issuers.shape import to_map
from issuers.sign.answers import Prepared, PreparedVersion
from issuers.sign.drafting import Speaker, commit_people
from issuers.sign.drafting_certificates import Certified
from issuers.sign.parcel import Parcel
from ledger.commitment import Opening


@dataclass(frozen=True, slots=True)
class Change:
    """What the version says: the name, whether the last four of the ID are printed, and why it is made."""

    name: str = field(repr=False)
    prints_id: bool
    reason: CorrectionReason | ReissueReason

    @property
    def kind(self) -> str:
        """The kind of act."""
        corrects = isinstance(self.reason, CorrectionReason)
        return "certificate-corrected" if corrects else "certificate-reissued"


def certify_version(
    speaker: Speaker,
    prepared: Prepared,
    told: PreparedVersion,
    change: Change,
    *,
    record_key: bytes,
    now_ms: int,
    fresh: bytes,
) -> Certified:
    """Credential, QR text and act of a version, dated the Shanghai day of `now_ms`.

    Raises Malformed from credential and QR, Refused QR_TOO_LARGE.
    """
    (item,) = prepared.items
    claims = Credential(
        issued_at=now_ms // 1000,
        number=item.number,
        code=item.code,
        name=change.name,
        course=prepared.course,
        hours=prepared.hours,
        status_list=item.status_list,
        status_index=item.status_index,
        expires_at=first_second_after(told.expires_on),
        last_four=item.shown_last4 if change.prints_id else None,
        version=told.version,
        first_issued_on=told.issued_on,
    )
    credential = sign_credential(claims, speaker.signer)
    qr = make_text(host=prepared.host, code=item.code, credential=credential)
    version_for(qr)
    opening = Opening(record_key, {"name": change.name, "number": item.number})
    entries, openings = commit_people(change.kind, [opening])
    act = _act(prepared, told, change, credential, shanghai_date(now_ms), entries)
    subject = f"certificate/{item.certificate.hex()}"
    raw = speaker.say(change.kind, subject, to_map(act), now_ms=now_ms, fresh=fresh)
    parcel = Parcel(raw, openings, credential, key=version_key(item.certificate, told.version))
    return Certified(item, told.issued_on, credential, qr, parcel)


def version_key(certificate: bytes, version: int) -> str:
    """The key under which one version of a certificate is said once."""
    return f"version/{certificate.hex()}/{version}"


def _act(
    prepared: Prepared,
    told: PreparedVersion,
    change: Change,
    credential: bytes,
    day: date,
    entries: OneCommitment,
) -> NewVersion:
    (item,) = prepared.items
    fields: dict[str, Any] = {
        "version": told.version,
        "former": told.former,
        "standard": prepared.standard,
        "kind": prepared.kind,
        "credential": hashlib.sha256(credential).digest(),
        "status_list": item.status_list,
        "status_index": item.status_index,
        "issued_on": told.issued_on,
        "version_on": day,
        "entries": entries,
        "expires_on": told.expires_on,
    }
    if isinstance(change.reason, CorrectionReason):
        return CertificateCorrected(**fields, reason=change.reason)
    return CertificateReissued(**fields, reason=change.reason)
