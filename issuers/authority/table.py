"""The authority table (design 3): which officer of which party may say an act, and who must agree.

Pure data. Rules version 1. An act with two rows is said under the first that fits its signer.
"""

from __future__ import annotations

from dataclasses import dataclass

from issuers.acts.words import Duty, Role


@dataclass(frozen=True, slots=True)
class Row:
    """`approval`: a second officer of the same duty must approve before the act takes force."""

    roles: frozenset[Role]
    duty: Duty
    approval: bool = False


_CITY = frozenset({Role.CITY})
_DISTRICT = frozenset({Role.DISTRICT})
_BODY = frozenset({Role.BODY})
_INSTITUTION = frozenset({Role.INSTITUTION})
_ANY = frozenset(Role)
_COUNTER = frozenset({Role.DISTRICT, Role.OPERATOR})

_ROOT = Row(_CITY, Duty.ROOT, approval=True)
_ADMIN = Row(_ANY, Duty.ADMIN)
_SIGNATORY = Row(_BODY, Duty.SIGNATORY)

TABLE: dict[str, tuple[Row, ...]] = {
    "genesis": (_ROOT,),
    "approve": (Row(_CITY, Duty.ROOT),),
    "party-admitted": (_ROOT,),
    "party-withdrawn": (_ROOT,),
    "admin-appointed": (_ROOT,),
    "service-key": (_ROOT,),
    "witness-set": (_ROOT,),
    "log-continued": (_ROOT,),
    "body-appointed": (_ROOT,),
    "body-suspended": (_ROOT,),
    "policy-published": (_ROOT,),
    "erasure-order": (_ROOT,),
    "standard-published": (Row(_CITY, Duty.STANDARDS),),
    "officer-appointed": (_ADMIN,),
    "officer-dismissed": (_ADMIN,),
    "key-enrolled": (_ADMIN,),
    "key-revoked": (_ROOT, _ADMIN),
    "institution-accredited": (Row(_DISTRICT, Duty.SUPERVISOR),),
    "accreditation-withdrawn": (Row(_DISTRICT, Duty.SUPERVISOR),),
    "class-opened": (Row(_INSTITUTION, Duty.REGISTRAR),),
    "roster": (Row(_INSTITUTION, Duty.REGISTRAR),),
    "sheet": (Row(_BODY, Duty.EVALUATOR),),
    "evaluation-confirmed": (_SIGNATORY,),
    "certificate-issued": (_SIGNATORY,),
    "number-voided": (_SIGNATORY,),
    "certificate-suspended": (_SIGNATORY,),
    "certificate-restored": (_SIGNATORY,),
    "certificate-revoked": (_SIGNATORY,),
    "certificate-cancelled": (_SIGNATORY,),
    "certificate-corrected": (_SIGNATORY,),
    "certificate-reissued": (_SIGNATORY,),
    "claim-submitted": (Row(_COUNTER, Duty.INTAKE),),
    "claim-decided": (Row(_DISTRICT, Duty.REVIEWER),),
    "claim-withdrawn": (Row(_COUNTER, Duty.INTAKE),),
}
