"""The parts of an audit in words: what each looked at, and what it would have needed. Pure."""

from __future__ import annotations

from typing import Final

from verify.audit.findings import Findings, Severity
from verify.audit.report import Check, CheckState
from verify.words import Words

_TITLES: Final = {
    "checkpoint": Words("检查点签名与见证", "Signatures and witnesses of the checkpoint"),
    "bytes": Words("全部条目、哈希链与树", "Every entry, the hash chain and the tree"),
    "files": Words("目录中的其他文件", "Other files of the directory"),
    "replay": Words("每条声明的签名与权限", "Signature and authority of every statement"),
    "rules": Words("证书、编号与资金占用", "Certificates, numbers and holds"),
    "since": Words("与留存检查点的一致性", "Consistency with the checkpoint kept"),
    "trust": Words("信任包与状态列表", "Trust bundle and status lists"),
    "acts": Words("签署端信任包", "The signers' bundle"),
    "evidence": Words("打开的证据与成绩重算", "Opened evidence, results recomputed"),
}
_DETAILS: Final = {
    "checkpoint": Words(
        "每一行签名均须属于账本密钥或见证策略中的见证方。",
        "Every line must be by the log's key or a witness of the policy.",
    ),
    "bytes": Words(
        "逐字节重算，并与检查点的树根比对。",
        "Recomputed byte by byte and compared with the root of the checkpoint.",
    ),
    "files": Words(
        "不属于该账本大小的文件须为合法的旧部分文件。",
        "A file the size does not imply must be a lawful older partial file.",
    ),
    "replay": Words(
        "以当时登记的密钥验签，并按当时的规则逐条重放。",
        "Verified with the key enrolled then, judged under the rules in force there.",
    ),
    "rules": Words(
        "每张证书有已确认的评价；编号 72 小时内颁发或作废；名额不重复占用。",
        "Each certificate under a confirmed result, each number issued or voided within 72 hours, "
        "nothing held twice.",
    ),
    "since": Words("账本只增不改，时间未倒签。", "The log only grew, and nothing was back-dated."),
    "trust": Words(
        "信任包的行为与账本逐条一致，状态列表逐位一致。",
        "Its acts are exactly the log's, its status lists equal to the bit.",
    ),
    "acts": Words(
        "各主体、人员、密钥与删除令的行为与账本逐条一致。",
        "Its acts about parties, people, keys and erasures are exactly the log's.",
    ),
    "evidence": Words(
        "打开的内容与承诺一致，按评价规范重算的成绩与确认的名单一致。",
        "Openings open their commitments, and recomputed results equal the confirmed list.",
    ),
}
_NOT_ASKED: Final = {
    "files": Words(
        "网络账本无法列出文件；请审计目录副本。",
        "A web server cannot be listed; audit a copy of the directory.",
    ),
    "since": Words("需要上次留存的检查点（--since）。", "Needs the checkpoint you kept (--since)."),
    "trust": Words("需要信任包（--trust）。", "Needs a trust bundle (--trust)."),
    "acts": Words("需要签署端信任包 acts.cbor（--acts）。", "Needs the signers' bundle, acts.cbor (--acts)."),
    "evidence": Words("需要班级证据（--evidence）。", "Needs the evidence of a class (--evidence)."),
}
_NOT_REACHED: Final = Words("未能进行到这一步。", "The audit did not get this far.")


def check(name: str, findings: Findings | None) -> Check:
    """The state of one part from what it found; None where it was not made."""
    if findings is None:
        return Check(name, _TITLES[name], CheckState.NOT_ASKED, _NOT_ASKED.get(name, _NOT_REACHED))
    state = CheckState.SOUND
    if findings.counts[Severity.COULD_NOT_CHECK]:
        state = CheckState.COULD_NOT_CHECK
    if findings.counts[Severity.DEPARTURE]:
        state = CheckState.DEPARTURES
    return Check(name, _TITLES[name], state, _DETAILS[name])
