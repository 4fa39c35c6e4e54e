"""What an act does in the service beyond its facts: one effect for each kind that has any.

An effect runs after the judge and before the append: it may refuse, and what it wrote is gone if anything
after it fails. `EFFECTS` is the whole list; all other kinds only change facts. The kinds of `ADDING` write
only rows that nobody reads before the commit, so many of them share one insert; the others have a savepoint.
"""

from registry.writing.effects.certificates import certificate_issued, number_voided
from registry.writing.effects.claims import claim_decided, claim_submitted, claim_withdrawn
from registry.writing.effects.classes import evaluation_confirmed, roster, sheet
from registry.writing.effects.deed import Deed, Effect
from registry.writing.effects.erasures import approved, erasure_ordered
from registry.writing.effects.parties import officer_appointed, policy_published
from registry.writing.effects.reasons import known_reason
from registry.writing.effects.versions import certificate_renewed

EFFECTS: dict[str, Effect] = {
    "officer-appointed": officer_appointed,
    "policy-published": policy_published,
    "roster": roster,
    "sheet": sheet,
    "evaluation-confirmed": evaluation_confirmed,
    "certificate-issued": certificate_issued,
    "number-voided": number_voided,
    "certificate-suspended": known_reason,
    "certificate-restored": known_reason,
    "certificate-revoked": known_reason,
    "certificate-cancelled": known_reason,
    "certificate-corrected": certificate_renewed,
    "certificate-reissued": certificate_renewed,
    "claim-submitted": claim_submitted,
    "claim-decided": claim_decided,
    "claim-withdrawn": claim_withdrawn,
    "erasure-order": erasure_ordered,
    "approve": approved,
}

ADDING = frozenset({"certificate-issued", "number-voided"})

__all__ = ["ADDING", "EFFECTS", "Deed", "Effect"]
