"""The words of subsidy findings: a stable code, a reason in Chinese and in English. Pure.

Promises that a reason says what was found and never who: dates, counts and sources are evidence, names and
numbers of documents appear nowhere. Knows no case.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REASONS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        # R1
        "POLICY_IN_FORCE": ("证书颁发日适用该政策。", "The policy applies to the day of issue."),
        "POLICY_UNCONFIRMED": (
            "适用未经确认的演示政策，仅供演示。",
            "An unconfirmed policy applies, for demonstration only.",
        ),
        "POLICY_TRANSITION": (
            "政策已到期；证书在政策有效期内颁发，申请期限按原政策计满，由区经办部门确认。",
            "The policy has ended; the certificate was issued in time, so its window runs on. The district "
            "confirms.",
        ),
        "POLICY_ENDED": (
            "政策已到期，不再受理申请。",
            "The policy has ended and takes no more applications.",
        ),
        "NO_POLICY": (
            "证书颁发日没有已载入的适用政策，转人工处理。",
            "No loaded policy applies to the day of issue; a person decides.",
        ),
        "POLICY_OVERLAP": (
            "证书颁发日同时适用多个政策，转人工处理。",
            "More than one policy applies to the day of issue; a person decides.",
        ),
        # R2
        "CERTIFICATE_VALID": ("证书真实有效。", "The certificate is genuine and stands."),
        "CERTIFICATE_UNWITNESSED": (
            "证书真实有效；目前没有见证方为账本签署，只有运营方为账本作保。",
            "The certificate is genuine and stands; nobody witnesses the log: its operator alone vouches.",
        ),
        "NOT_FINAL": (
            "见证方尚未达到规定数量，暂不能付款；通常几分钟即可，请稍后再查；"
            "若超过一天，请联系市级运营方催促各区见证。",
            "The quorum of witnesses is not reached, so nothing is payable yet; it takes minutes as a rule: "
            "ask again. After a day, tell the operator, who asks the districts.",
        ),
        "CERTIFICATE_UNKNOWN": ("未查到该证书。", "No such certificate was found."),
        "CERTIFICATE_INVALID": (
            "证书核验未通过，不能作为补贴依据。",
            "The certificate does not stand and cannot open a subsidy.",
        ),
        "CERTIFICATE_SUSPENDED": (
            "证书现已暂扣，待调查结论。",
            "The certificate is suspended; the inquiry decides.",
        ),
        "CERTIFICATE_SUPERSEDED": (
            "证书已换发，请出示新证。",
            "A newer version of the certificate exists; please show that one.",
        ),
        "CERTIFICATE_UNCHECKED": (
            "证书暂时无法完整核验，转人工处理。",
            "The certificate could not be checked completely; a person decides.",
        ),
        # R3
        "STAGE_SUBSIDISED": (
            "证书种类和培训阶段符合补贴范围。",
            "Kind of certificate and stage of training are subsidised.",
        ),
        "STAGE_NOT_SUBSIDISED": (
            "该培训阶段的该类证书不在补贴范围内。",
            "This kind of certificate of this stage of training is not subsidised.",
        ),
        # R4
        "IN_WINDOW": ("在规定期限内申请。", "Applied for within the period."),
        "WINDOW_OVER": ("已超过规定的申请期限。", "The period for applying has passed."),
        "BEFORE_ISSUE": (
            "申请日早于证书颁发日，转人工处理。",
            "Applied for before the day of issue; a person decides.",
        ),
        "CALENDAR_UNKNOWN": (
            "期限最后一日前后的节假日安排尚未载入，转人工处理。",
            "The days of rest around the last day are not loaded; a person decides.",
        ),
        # facts of R5 to R7
        "FACT_MISSING": ("缺少所需信息，转人工处理。", "A needed fact is missing; a person decides."),
        "FACT_UNCHECKED": (
            "信息为本人申报，尚未核实，转人工处理。",
            "The fact is only declared and not checked; a person decides.",
        ),
        "FACT_STALE": (
            "核实日期早于所需日期，需重新核实，转人工处理。",
            "The fact was checked before the day that counts; a person checks again.",
        ),
        # R5
        "ORGANISATION_IN_SHANGHAI": ("创业组织在本市登记。", "The organisation is registered in Shanghai."),
        "ORGANISATION_ELSEWHERE": (
            "创业组织未在本市登记。",
            "The organisation is not registered in Shanghai.",
        ),
        # R6
        "ORGANISATION_YOUNG": ("创业组织成立未超过规定年限。", "The organisation is young enough."),
        "ORGANISATION_TOO_OLD": ("创业组织成立已超过规定年限。", "The organisation is too old."),
        "ORGANISATION_NOT_FOUNDED": (
            "创业组织在认定基准日尚未成立。",
            "The organisation was not yet founded on the day that counts.",
        ),
        "ORG_AGE_AMBIGUOUS": (
            "按不同日期计算，创业年限结论不一致，转人工处理。",
            "The age comes out differently on the days that may count; a person decides.",
        ),
        # R7
        "ROLE_HELD": (
            "在认定基准日是法定代表人（负责人）或持股合伙人。",
            "Legal representative, person in charge or partner on the day that counts.",
        ),
        "ROLE_NOT_HELD": (
            "在认定基准日不是法定代表人（负责人）或持股合伙人。",
            "Not legal representative, person in charge or partner on the day that counts.",
        ),
        # R8
        "IDENTITY_MATCHES": ("申请人与持证人一致。", "The applicant is the holder."),
        "IDENTITY_UNCHECKED": (
            "申请人身份未能核对，转人工处理。",
            "The applicant's identity could not be compared; a person decides.",
        ),
        # R9, R10
        "PROJECT_FREE": ("该培训项目未申请过补贴。", "No subsidy was applied for in this project."),
        "PROJECT_USED": (
            "同一培训项目的补贴申请次数已用完。",
            "The applications for this project are used up.",
        ),
        "BELOW_LIMIT": ("享受补贴次数未达上限。", "The number of grants is below the limit."),
        "LIMIT_REACHED": ("享受补贴次数已达上限。", "The limit of grants is reached."),
        "HOLDS_UNKNOWN": (
            "未能查询补贴记录，转人工处理。",
            "Earlier grants could not be looked up; a person decides.",
        ),
    }
)
"""Code to (Chinese, English)."""
