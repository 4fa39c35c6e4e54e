"""Door: whether the money of a claim may be paid as far as witnesses go: its entries stand under a quorum.

Promises: nothing is payable on an entry that only the operator vouches for, where witnesses are appointed;
where nobody is, nothing is held back and the answer says so (design 9). Knows no rules of a policy.
"""

from __future__ import annotations

import sqlalchemy as sa

from issuers.authority.class_facts import CertificateFact, Claim
from ledger.errors import Refused
from registry.published.finality import Quorum
from registry.storage.tables import named_entry


def payable(
    connection: sa.Connection, quorum: Quorum, certificate: CertificateFact, claim: Claim
) -> bool | None:
    """Whether certificate and claim are final; None where nobody witnesses the log."""
    query = sa.select(sa.func.min(named_entry.c.seq)).where(named_entry.c.subject == f"claim/{claim.key}")
    submitted = connection.execute(query).scalar_one()
    return quorum.covers(max(certificate.proof_seq, submitted))


def need_payable(
    connection: sa.Connection, quorum: Quorum, certificate: CertificateFact, claim: Claim
) -> None:
    """Raises Refused NOT_FINAL."""
    if payable(connection, quorum, certificate, claim) is False:
        raise Refused(
            "NOT_FINAL",
            "the certificate or the claim does not stand under a quorum of witnesses yet: nothing is payable",
            fix="Decide again in some minutes; after a day, tell the operator, who asks the districts.",
        )
