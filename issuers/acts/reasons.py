"""Why a certificate changes its state: a closed vocabulary, beside it the national status codes. Pure data.

A reason is a word of this table and never free text, which could name a person for ever. What a log of an
earlier version says under another word is shown as 99 (other).

Source: status codes 01 to 07 and 99 of the national interfaces for electronic certificates (domain B7).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class National(StrEnum):
    """Status of a certificate in the national interfaces."""

    IN_FORCE = "01"
    WITHHELD = "02"
    REVOKED = "03"
    CANCELLED = "04"
    LAPSED = "05"
    TRANSFERRED = "06"
    WITHDRAWN = "07"
    OTHER = "99"


@dataclass(frozen=True, slots=True)
class Cause:
    """What a reason means, and the national status it leaves the certificate in."""

    national: National
    zh: str
    en: str


NATIONAL_WORDS: Final[dict[National, tuple[str, str]]] = {
    National.IN_FORCE: ("有效", "in force"),
    National.WITHHELD: ("暂扣", "withheld"),
    National.REVOKED: ("撤销", "revoked"),
    National.CANCELLED: ("注销", "cancelled"),
    National.LAPSED: ("失效", "lapsed"),
    National.TRANSFERRED: ("办理转出", "transferred out"),
    National.WITHDRAWN: ("吊销", "withdrawn as a penalty"),
    National.OTHER: ("其他", "other"),
}


class CorrectionReason(StrEnum):
    """Why a certificate says something else than before."""

    NAME = "name-corrected"
    LAYOUT = "layout-changed"


class ReissueReason(StrEnum):
    """Why the same certificate is made again."""

    LOST = "lost"
    DAMAGED = "damaged"
    KEY = "key-replaced"


class CancellationReason(StrEnum):
    """Why the body takes a certificate back without blame."""

    ERROR = "issued-in-error"
    DUPLICATE = "duplicate"
    DECEASED = "holder-deceased"
    TRANSFERRED = "transferred-out"


_ORDERED: Final = ("按主管部门决定", "as the authority decided")
_KEY: Final = ("签名密钥泄露", "the signing key was compromised")

REASONS: Final[dict[str, dict[str, Cause]]] = {
    "certificate-suspended": {
        "investigation": Cause(National.WITHHELD, "调查核实期间", "while it is investigated"),
        "complaint": Cause(National.WITHHELD, "投诉举报待查", "a complaint is looked into"),
        "ordered": Cause(National.WITHHELD, *_ORDERED),
        "key-compromised": Cause(National.WITHHELD, *_KEY),
    },
    "certificate-restored": {
        "cleared": Cause(National.IN_FORCE, "核查无误", "nothing was found against it"),
        "suspended-in-error": Cause(National.IN_FORCE, "暂扣有误", "it was suspended in error"),
        "ordered": Cause(National.IN_FORCE, *_ORDERED),
    },
    "certificate-revoked": {
        "fraud": Cause(National.REVOKED, "弄虚作假取得", "obtained by fraud"),
        "conditions-unmet": Cause(National.REVOKED, "不符合发证条件", "the conditions were not met"),
        "evaluation-annulled": Cause(National.REVOKED, "评价结果作废", "the evaluation was annulled"),
        "result-overturned": Cause(National.REVOKED, "复核改判不合格", "the result was overturned on review"),
        "key-compromised": Cause(National.REVOKED, *_KEY),
        "ordered": Cause(National.REVOKED, *_ORDERED),
        "penalty": Cause(National.WITHDRAWN, "受行政处罚", "an administrative penalty"),
    },
    "certificate-cancelled": {
        CancellationReason.ERROR: Cause(National.CANCELLED, "误发", "issued in error"),
        CancellationReason.DUPLICATE: Cause(National.CANCELLED, "重复发证", "issued twice"),
        CancellationReason.DECEASED: Cause(National.CANCELLED, "持证人死亡", "the holder died"),
        CancellationReason.TRANSFERRED: Cause(
            National.TRANSFERRED, "转出至其他登记机构", "moved to another registry"
        ),
    },
    "certificate-corrected": {
        CorrectionReason.NAME: Cause(National.LAPSED, "姓名更正", "the name was corrected"),
        CorrectionReason.LAYOUT: Cause(
            National.LAPSED, "证面内容调整", "what is printed beside the name was changed"
        ),
    },
    "certificate-reissued": {
        ReissueReason.LOST: Cause(National.LAPSED, "遗失补发", "the former one was lost"),
        ReissueReason.DAMAGED: Cause(National.LAPSED, "损坏换发", "the former one was damaged"),
        ReissueReason.KEY: Cause(National.LAPSED, "更换签名密钥", "signed again by another key"),
    },
}
"""By kind of act. For a new version the status is that of the former one, which lapses."""

OTHER: Final = Cause(National.OTHER, "其他", "another reason")


_KIND_OF_STATE: Final = {
    "suspended": ("certificate-suspended",),
    "revoked": ("certificate-revoked",),
    "cancelled": ("certificate-cancelled",),
    "superseded": ("certificate-corrected", "certificate-reissued"),
}


def cause_of_state(state: str, reason: str) -> Cause | None:
    """What led to a state, from the reason that stands beside it; None for a state that needs none."""
    if state not in _KIND_OF_STATE:
        return None
    known = (REASONS[kind].get(reason) for kind in _KIND_OF_STATE[state])
    return next((cause for cause in known if cause is not None), OTHER)


def cause_of(kind: str, reason: str) -> Cause:
    """What a reason of this kind of act means; `OTHER` for a word that is not in the table."""
    return REASONS.get(kind, {}).get(reason, OTHER)
