"""Chinese names of acts, states and parts of a report, for people who file it. Pure data."""

from __future__ import annotations

from typing import Final

from verify.audit.report import CheckState, State

ICONS: Final = {State.SOUND: "✔", State.DEPARTURES: "✘", State.COULD_NOT_CHECK: "?"}
"""Told apart without colour, on paper too."""

CHECK_STATES: Final = {
    CheckState.SOUND: ("✔", "相符", "sound"),
    CheckState.DEPARTURES: ("✘", "有偏离", "departures"),
    CheckState.COULD_NOT_CHECK: ("?", "未能核查", "could not check"),
    CheckState.NOT_ASKED: ("–", "未进行", "not made"),
}

ACTS: Final = {
    "genesis": "创世",
    "approve": "第二人同意",
    "party-admitted": "接纳主体",
    "party-withdrawn": "主体退出",
    "admin-appointed": "任命管理员",
    "service-key": "登记服务密钥",
    "witness-set": "指定见证方",
    "log-continued": "接续原账本",
    "body-appointed": "遴选评价机构",
    "body-suspended": "暂停评价机构",
    "policy-published": "发布补贴政策",
    "standard-published": "发布评价规范",
    "officer-appointed": "任命人员",
    "officer-dismissed": "免去人员",
    "key-enrolled": "登记密钥",
    "key-revoked": "撤销密钥",
    "institution-accredited": "培训机构准入",
    "accreditation-withdrawn": "撤回准入",
    "class-opened": "开班",
    "roster": "名册",
    "sheet": "评分表",
    "evaluation-confirmed": "确认评价",
    "certificate-issued": "颁发证书",
    "number-voided": "作废编号",
    "certificate-suspended": "暂扣证书",
    "certificate-restored": "恢复证书",
    "certificate-revoked": "撤销证书",
    "certificate-cancelled": "注销证书",
    "certificate-corrected": "更正证书",
    "certificate-reissued": "补发证书",
    "claim-submitted": "受理补贴申领",
    "claim-decided": "审定补贴申领",
    "claim-withdrawn": "撤回补贴申领",
    "erasure-order": "删除个人信息令",
}
