"""Which facts the judge will ask for about an act: a guess that saves one query each. Pure.

A wrong guess costs a query and changes no answer: `TableView` asks for whatever was not guessed.
"""

from __future__ import annotations

from collections.abc import Iterator

from issuers.acts.certificates import (
    CertificateCorrected,
    CertificateIssued,
    CertificateReissued,
    ClaimSubmitted,
    NumberVoided,
)
from issuers.authority.class_facts import (
    CertificateFact,
    Claim,
    ClaimedCertificate,
    ClassFact,
    CredentialFact,
    Hold,
    Passed,
    StatusSlot,
    passed_key,
    slot_key,
)
from issuers.authority.party_facts import Key, Pending
from issuers.authority.view import Fact
from ledger.statement import Statement

_OF_SUBJECT: dict[str, type[Fact]] = {"class": ClassFact, "certificate": CertificateFact, "claim": Claim}


def expected(statement: Statement, act: object) -> Iterator[tuple[type[Fact], str]]:
    """Class and key of facts this act alone is likely to need; signer and party are asked once anyway."""
    yield Key, statement.kid.hex()
    yield Pending, statement.hash.hex()
    noun, _, name = statement.subject.partition("/")
    if noun in _OF_SUBJECT:
        yield _OF_SUBJECT[noun], name
    match act:
        case CertificateIssued():
            yield ClassFact, act.class_id.hex()
            yield Passed, passed_key(act.class_id, act.candidate)
            yield CredentialFact, act.credential.hex()
            yield StatusSlot, slot_key(act.status_list, act.status_index)
        case CertificateCorrected() | CertificateReissued():
            yield CredentialFact, act.credential.hex()
            yield StatusSlot, slot_key(act.status_list, act.status_index)
        case NumberVoided():
            yield Passed, passed_key(act.class_id, act.candidate)
            yield StatusSlot, slot_key(act.status_list, act.status_index)
        case ClaimSubmitted():
            yield CertificateFact, act.certificate.hex()
            yield ClaimedCertificate, act.certificate.hex()
            yield Hold, act.project_nullifier.hex()
            yield Hold, act.slot_nullifier.hex()
