"""What the holder's page says, in Chinese and English: states with what to do, who looked and why. Pure data.

Promises: every state of a certificate has its advice, every purpose of a read its words (a test finds them
all in the code); an unknown word is told as one that has none, never shown raw.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from registry.persons.read_audit import Nameless
from verify.words import Words

ADVICE: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "valid": Words(
            "可正常使用。需要出示时，给对方看证书上的二维码，或在下方生成限时链接。",
            "It stands. To show it, let others scan its QR code, or make a link below that expires.",
        ),
        "suspended": Words(
            "暂扣期间请勿使用。请联系评价机构了解原因和期限；补贴申请期限照常计算。",
            "Do not use it while suspended. Ask the evaluation body why and how long; the time for the "
            "subsidy runs on.",
        ),
        "revoked": Words(
            "不能再使用，也不能用于申领补贴。有异议的，请向评价机构或所在区主管部门申请复核。",
            "It may not be used any more, nor for the subsidy. If you object, ask the evaluation body or "
            "your district for a review.",
        ),
        "cancelled": Words(
            "不能再使用；注销不代表您有过错。请向评价机构了解原因，需要时由其重新签发。",
            "It may not be used any more, which does not mean you did wrong. Ask the evaluation body why; "
            "it may issue another.",
        ),
        "expired": Words(
            "已过有效期。请向评价机构了解如何续办。",
            "Its time is over. Ask the evaluation body how to renew it.",
        ),
        "not_yet_valid": Words("尚未生效，请稍后再看。", "It is not valid yet. Look again later."),
        "could_not_check": Words(
            "暂时不能核验，请稍后再看；几天后仍是这样，请联系评价机构。",
            "It cannot be checked at present. Look again later; after some days, ask the evaluation body.",
        ),
        "not_logged": Words(
            "账本尚未公布此证，通常几分钟内即可，请稍后再看。",
            "The log has not published it yet, which takes minutes as a rule. Look again later.",
        ),
    }
)

OTHER_ADVICE: Final = Words(
    "核验未通过。请联系评价机构核实，并可拨打 12333 咨询。",
    "The check was not passed. Ask the evaluation body, or call 12333.",
)
"""For whatever no genuine certificate of a holder should come to."""

ROLES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "city": Words("市级主管部门", "city authority"),
        "district": Words("区主管部门", "district authority"),
        "body": Words("评价机构", "evaluation body"),
        "institution": Words("培训机构", "training institution"),
        "operator": Words("运营方", "Operator"),
    }
)

NAMELESS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        Nameless.OPERATOR: Words("系统运维", "Operator of the system"),
        Nameless.STRANGER: Words("不具名的查询者", "Somebody without a name"),
        Nameless.HOLDER: Words("以您的名义", "In your name"),
    }
)

OTHER_ROLE: Final = Words("其他单位", "another office")

PURPOSES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "holder-page": Words("凭验证码和证件号码打开本页", "opened this page by code and document"),
        "holder-reads": Words("翻看更早的查阅记录", "read on in who looked"),
        "holder-pdf": Words("下载证书 PDF", "downloaded the PDF"),
        "holder-card": Words("下载证书图片", "downloaded the picture"),
        "holder-link": Words("生成限时链接", "made a link"),
        "holder-link-withdrawn": Words("撤回限时链接", "withdrew a link"),
        "holder-refused": Words(
            "用此证验证码和不符的证件号码尝试打开本页，被拒绝",
            "tried to open this page with a document that is not the holder's; refused",
        ),
        "shared-link": Words("打开您给出的限时链接", "opened a link you gave away"),
        "public-look-up": Words(
            "按验证码查询（只见遮盖后的信息）", "looked the code up (masked particulars only)"
        ),
        "prepare": Words("准备签发证书", "prepared certificates for signing"),
        "evidence": Words("调取班级评价材料", "took the evidence of the class"),
        "audit": Words("审计班级评价材料", "audited the evidence of the class"),
        "trace": Words("督导追溯（只见遮盖后的信息）", "traced it for supervision (masked particulars only)"),
        "unmask-inspection": Words("因检查查看姓名和编号", "saw name and number, for an inspection"),
        "unmask-complaint": Words("因投诉查看姓名和编号", "saw name and number, for a complaint"),
        "unmask-correction": Words("因更正查看姓名和编号", "saw name and number, for a correction"),
        "unmask-holder-request": Words("应您的申请查看姓名和编号", "saw name and number, as you asked"),
        "subsidy-check": Words("核对补贴条件", "checked whether the subsidy is due"),
        "claim": Words("准备受理补贴申领", "prepared a claim for the subsidy"),
        "claim-review": Words("审核补贴申领", "reviewed a claim for the subsidy"),
        "reopened-holder-request": Words(
            "应您的申请，提前恢复窗口和本页的证件核对（此前不符次数过多）",
            "opened counters and this page again early, as you asked: too many documents had not fitted",
        ),
        "reopened-supervision": Words(
            "经督导员提出，提前恢复窗口和本页的证件核对（此前不符次数过多）",
            "opened counters and this page again early, as a supervisor asked: "
            "too many documents had not fitted",
        ),
        "claim-refused": Words("提交的补贴申领被拒绝", "sent a claim that was refused"),
    }
)

WITHHELD: Final = frozenset({"unmask-court-order"})
"""What the law has kept secret: reads for a court or for investigators (PIPL Art. 18, 35)."""

OTHER_PURPOSE: Final = Words("其他", "for another reason")
