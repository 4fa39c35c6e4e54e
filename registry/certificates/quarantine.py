"""Certificates whose signing key was reported compromised: nobody can tell who signed them. Pure.

The verdict on such a certificate is "could not check" unless a quorum of witnesses had cosigned its entry
before the compromise (design 16). This service configures no witnesses, so every certificate by such a key
waits here.
"""

from __future__ import annotations

from issuers.acts.words import RevocationCause
from issuers.authority.class_facts import CertificateFact
from issuers.authority.party_facts import Key
from issuers.authority.view import View
from ledger.errors import Refused


def in_quarantine(view: View, certificate: CertificateFact) -> bool:
    """Whether the key that signed it is reported compromised."""
    key = view.get(Key, certificate.signer.hex())
    return key is None or key.cause is RevocationCause.COMPROMISED


def need_no_quarantine(view: View, certificate: CertificateFact) -> None:
    """Raises Refused CERTIFICATE_QUARANTINED."""
    if in_quarantine(view, certificate):
        raise Refused(
            "CERTIFICATE_QUARANTINED",
            "the key that signed the certificate is reported compromised",
            fix="Let the body issue it anew.",
        )
