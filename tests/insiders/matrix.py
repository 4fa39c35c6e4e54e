"""What each attack is, and the exact codes by which each reader notices it. `test_matrix` holds it to be true
on both databases, and prints `registry/docs/insiders.md` from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.insiders.watch import Detector


@dataclass(frozen=True)
class Told:
    """`by`: codes, parted by spaces, by who says them; whoever is silent is not in it."""

    zh: str
    en: str
    by: Mapping[str, str] = field(default_factory=dict)

    def codes(self, who: str) -> frozenset[str]:
        return frozenset(self.by.get(who, "").split())

    def by_codes(self) -> dict[str, frozenset[str]]:
        """As `watch.look` answers."""
        return {who: self.codes(who) for who in self.by}


_FORGED = "CREDENTIAL_EXTRA FACT_DIFFERS FACT_EXTRA SIGNATURE_BAD"
_TORN = "BUNDLE_DIFFERS CREDENTIAL_EXTRA FACT_DIFFERS FACT_EXTRA FILE_DIFFERS OPENING_EXTRA OPENING_MISSING"
_LISTS = "BUNDLE_DIFFERS FACT_DIFFERS LIST_DIFFERS"
_NOT_THIS = "PROOF_OTHER RECEIPT_BROKEN"
_SHORTER = {"audit": "SINCE_LARGER", "receipts": "RECEIPT_OVERDUE", "witness": "PULL_BACKWARDS"}

MATRIX: Mapping[int, Told] = {
    0: Told("不做任何改动（对照）", "nothing is done (control)"),
    1: Told(
        "改写一行：证书换成他人姓名，数据库与已发布条目文件一并改动，不持有任何密钥",
        "a row is edited: another name on a certificate, in the database and the published bundle; no key",
        {
            "fsck": f"{_TORN} LEAF_COLUMNS LEAF_HASH LEAF_PREV ROOT_DIFFERS SIGNATURE_BAD",
            "gate": "LOG_AHEAD",
            "audit": "ENTRY_ALTERED FILE_LEFTOVER_DIFFERS OPENING_MISSING SIGNATURE_BAD",
            "receipts": "PROOF_OTHER",
            "witness": "MIRROR_ROOT",
        },
    ),
    2: Told(
        "改写后重算其后全部哈希与分片，仍无密钥",
        "the same, with every hash and tile after it recomputed; still no key",
        {
            "fsck": f"{_TORN} ROOT_DIFFERS SIGNATURE_BAD",
            "gate": "LOG_AHEAD",
            "audit": "FILE_LEFTOVER_DIFFERS OPENING_MISSING ROOT_MISMATCH SIGNATURE_BAD SINCE_FORK"
            " TRUST_FORK",
            "receipts": f"{_NOT_THIS} ROOT_MISMATCH",
            "witness": "MIRROR_ROOT",
        },
    ),
    3: Told(
        "改写后以服务密钥重签整个账本（SK）",
        "the same, and the whole log signed anew with the service's keys (SK)",
        {
            "fsck": _FORGED,
            "audit": "SIGNATURE_BAD SINCE_FORK",
            "receipts": _NOT_THIS,
            "witness": "WITNESS_OTHER_ROOT",
        },
    ),
    4: Told(
        "服务、评价机构与考评员合谋：重签成绩单及其后一切，并丢弃回执（SK＋机构＋考评员密钥）",
        "service, body and evaluators together sign other marks and all that follows; no receipt is left",
        {"audit": "SINCE_FORK", "witness": "WITNESS_OTHER_ROOT"},
    ),
    5: Told(
        "删去末尾几条，并放回旧的、真实签署的检查点与文件，无密钥",
        "the newest rows are deleted and the files of an older, truly signed checkpoint put back; no key",
        {"fsck": "FACT_DIFFERS NAMED_ENTRY_DIFFERS", "gate": "LOG_AHEAD", **_SHORTER},
    ),
    6: Told(
        "删去末尾几条（含一次撤销），以服务密钥重签（SK）",
        "the newest entries, a revocation among them, were never said; signed anew (SK)",
        _SHORTER,
    ),
    7: Told(
        "整机恢复旧备份：数据库、文件、锁存储都是真的，只是旧的",
        "an old backup of everything: database, files and lock store are genuine, and old",
        _SHORTER,
    ),
    8: Told(
        "恢复旧备份后继续办理，直至超过原来的条数",
        "the same, then regrown past the old size",
        {"audit": "SINCE_FORK", "receipts": "PROOF_OTHER", "witness": "OLD_ROOT"},
    ),
    9: Told(
        "替换密封的个人信息（成绩），账本不动",
        "sealed marks are exchanged under the right key; the log is not touched",
        {"fsck": "OPENING_BROKEN", "audit": "OPENING_MISMATCH"},
    ),
    10: Told(
        "同时替换个人信息与账本中的承诺，并重签（SK）",
        "a sealed name and its commitment in the log are exchanged; signed anew (SK)",
        {
            "fsck": _FORGED,
            "audit": "CERTIFICATE_NAME_OTHER SIGNATURE_BAD SINCE_FORK",
            "receipts": _NOT_THIS,
            "witness": "WITNESS_OTHER_ROOT",
        },
    ),
    11: Told(
        "在业务表中把已撤销的证书改为有效，并照此发布状态列表",
        "a revoked certificate is made valid in the table, and lists are published from it",
        {"fsck": _LISTS, "audit": "STATUS_LIST_DIFFERS"},
    ),
    12: Told(
        "从业务表删去一笔补贴申领，使其可再次申领",
        "a subsidy claim is deleted from the tables, so that it can be made again",
        {"fsck": "FACT_MISSING HOLD_MISSING OPEN_CLAIM_MISSING"},
    ),
    13: Told(
        "服务冒用签发人名义编造一条“恢复”（SK）",
        "the service invents a restoration in the signatory's name (SK)",
        {"fsck": f"{_LISTS} SIGNATURE_BAD", "audit": "SIGNATURE_BAD STATUS_LIST_DIFFERS"},
    ),
    14: Told(
        "把签发人曾经真实签署的“恢复”再次写入账本（SK）",
        "a restoration the signatory once signed is logged a second time (SK)",
        {"fsck": "LEAF_COLUMNS", "audit": "STATEMENT_TWICE STATUS_LIST_DIFFERS"},
    ),
    15: Told(
        "机构把声明日期倒填一个月，服务放行",
        "a body dates a statement a month back, and the service lets it in",
        {"fsck": f"{_LISTS} STATEMENT_TIME", "audit": "STATEMENT_TIME STATUS_LIST_DIFFERS"},
    ),
    16: Told(
        "机构与服务合谋，声明与条目时间一并倒填",
        "body and service date statement and leaf back together",
        {"audit": "ENTRY_BACKDATED"},
    ),
    17: Told(
        "交换两条的先后并重签（SK）",
        "two entries change places; signed anew (SK)",
        {
            "fsck": "LEAF_TIME",
            "audit": "LEAF_TIME SINCE_FORK",
            "receipts": _NOT_THIS,
            "witness": "WITNESS_OTHER_ROOT",
        },
    ),
    18: Told(
        "对区里出示另一份账本，其中没有撤销；服务与机构看到的是真账本（SK）",
        "the district is shown another log, without the revocation; service and body see the true one (SK)",
        {"audit": "SINCE_FORK", "witness": "OLD_ROOT"},
    ),
    19: Told(
        "给出回执后、发布之前删去条目，他人条目占其位",
        "an entry is dropped after its receipt and before anybody saw it; another takes its place",
        {"receipts": "PROOF_OTHER"},
    ),
    20: Told(
        "未经账本记载的删除令，销毁一名学员的密封成绩",
        "a trainee's sealed marks are destroyed, and no act in the log says why",
        {"fsck": "OPENING_MISSING", "audit": "OPENING_MISSING"},
    ),
}

# Attacks that nobody notices once this detector is taken out of the product, wherever it looks.
ONLY: Mapping[Detector, tuple[int, ...]] = {
    Detector.CLIENT: (13,),
    Detector.COMMITMENTS: (9,),
    Detector.PROJECTION: (11, 12),
    Detector.RECEIPTS: (19,),
    Detector.TIME: (15, 16),
    Detector.WITNESS: (4, 18),
}
