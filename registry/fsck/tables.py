"""How every table stands to the log, and by which codes fsck names a row of it that departs. Pure data.

A test holds this complete over all tables there are, tries each column of each, and prints
`registry/docs/fsck.md` from it. A new table gets its row here before its first row there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Standing(StrEnum):
    """What can be said of a row by who has the log and nothing else, or the secrets as well."""

    LOG = "log"
    REBUILT = "rebuilt"
    RESTATED = "restated"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Stands:
    """`codes`: what fsck says of a departure, none for `APART` rows it cannot judge; `scratch`: columns that
    answer nobody and follow from nothing."""

    standing: Standing
    codes: tuple[str, ...]
    zh: str
    en: str
    scratch: tuple[str, ...] = ()


_OPENED: Final = ("OPENING_BROKEN", "RESERVATION_BROKEN", "CREDENTIAL_BROKEN", "STAFF_BROKEN")

TABLES: Final[Mapping[str, Stands]] = MappingProxyType(
    {
        "ledger_entry": Stands(
            Standing.LOG,
            ("LEAF_GAP", "LEAF_HASH", "LEAF_COLUMNS", "LOG_AHEAD", "ROOT_DIFFERS"),
            "账本本身：逐条重算哈希链、列值与树根，签名与权限由同一裁判函数重判",
            "the log itself: chain, columns and root recomputed, every act judged again by the same function",
        ),
        "fact": Stands(
            Standing.REBUILT,
            ("FACT_EXTRA", "FACT_MISSING", "FACT_DIFFERS", "FACT_SEQ"),
            "证书状态、申领、任职等一切业务事实：由账本重放得出，逐字节比对",
            "state of certificates, claims, offices: replayed from the log and compared byte for byte",
        ),
        "bundled": Stands(
            Standing.REBUILT,
            ("BUNDLED_DIFFERS",),
            "信任包所含条目的序号",
            "places of the acts of a trust bundle",
        ),
        "class_entry": Stands(
            Standing.REBUILT,
            ("CLASS_ENTRY_DIFFERS",),
            "每个班级相关条目的序号（督导取证用）",
            "places of the acts about a class, for its evidence",
        ),
        "named_entry": Stands(
            Standing.REBUILT,
            ("NAMED_ENTRY_DIFFERS",),
            "其余条目按对象的序号",
            "places of all other acts by subject",
        ),
        "open_claim": Stands(
            Standing.REBUILT,
            ("OPEN_CLAIM_EXTRA", "OPEN_CLAIM_MISSING", "OPEN_CLAIM_DIFFERS"),
            "待各区审核的申领清单",
            "claims that wait for a district",
        ),
        "hold": Stands(
            Standing.RESTATED,
            ("HOLD_EXTRA", "HOLD_MISSING", "HOLD_DIFFERS"),
            "补贴名额占用：以密钥重算作废符，须与账本中的申领一致",
            "reserved subsidy slots: nullifiers recomputed with their key equal those of the claim",
        ),
        "candidate": Stands(
            Standing.RESTATED,
            ("CANDIDATE_DIFFERS", "CANDIDATE_MISSING", "CANDIDATE_PERSON", "CANDIDATE_PLACE"),
            "学员与名册条目的对应：名册密文开启后比对",
            "who a candidate is: the opened entry of the roster says it",
        ),
        "opening": Stands(
            Standing.RESTATED,
            ("OPENING_MISSING", "OPENING_BROKEN", "OPENING_EXTRA", "ERASURE_UNDONE"),
            "承诺背后的个人信息：开启后须与账本中的承诺相符；缺失的须有生效的删除令",
            "what stands behind a commitment: it opens it, or an order in force has erased it",
        ),
        "reservation": Stands(
            Standing.RESTATED,
            (
                *("RESERVATION_EXTRA", "RESERVATION_MISSING", "RESERVATION_DIFFERS", "RESERVATION_PERSON"),
                *("RESERVATION_CODE", "RESERVATION_BROKEN", "NUMBER_TWICE", "NUMBER_GAP"),
            ),
            "编号、查询码与状态位：已签发或作废的，与账本、证书字节及承诺的编号一致",
            "number, code, status place: of what was issued or voided, those of log, credential and opening",
            scratch=("batch", "expires_ms"),
        ),
        "revision": Stands(
            Standing.RESTATED,
            (
                *("REVISION_EXTRA", "REVISION_MISSING", "REVISION_DIFFERS", "REVISION_CODE"),
                *("REVISION_BROKEN", "CREDENTIAL_MISSING", "CREDENTIAL_DIFFERS", "ERASURE_UNDONE"),
            ),
            "证书后续版本的查询码、状态位与字节：已记账的版本逐一对应，另可预留下一版",
            "code, status place and bytes of later versions: one for each in the log, and perhaps the next",
            scratch=("expires_ms",),
        ),
        "claimant_mark": Stands(
            Standing.RESTATED,
            ("CLAIMANT_MARK", "PERSON_KEY", "PERSON_DOCUMENT"),
            "个人信息已删除但仍占用补贴名额者：确有占用，且已无密钥",
            "who was erased and holds grants: somebody with a hold and without a key",
            scratch=("mark",),
        ),
        "retired_code": Stands(
            Standing.RESTATED,
            ("RETIRED_EXTRA", "RETIRED_MISSING"),
            "持证人已删除的证书的查询码：逐张对应生效的删除令",
            "codes of certificates whose holders were erased: one for each that an order in force names",
            scratch=("code_index",),
        ),
        "number_series": Stands(
            Standing.RESTATED,
            ("NUMBER_GAP",),
            "各机构每年已发到的编号：与预留逐一相接，持证人已删除的除外",
            "how far numbers are given out: the reservations without a gap but for holders who were erased",
        ),
        "credential": Stands(
            Standing.RESTATED,
            ("CREDENTIAL_MISSING", "CREDENTIAL_EXTRA", "CREDENTIAL_BROKEN", "CREDENTIAL_DIFFERS"),
            "证书字节：哈希须等于账本所记",
            "the bytes of a certificate: their hash is the one of the log",
        ),
        "person": Stands(
            Standing.RESTATED,
            ("PERSON_KEY", "PERSON_DOCUMENT"),
            "人员编号：每人有密钥、有证件，无一多余",
            "a person: one with a key and a document, and nobody else",
        ),
        "person_document": Stands(
            Standing.RESTATED,
            ("DOCUMENT_DIFFERS", "PERSON_DIFFERS", "PERSON_DOCUMENT"),
            "证件索引：与开启的名册、申领、人员详情一致",
            "look-up by document: as opened rosters, claims and staff details say",
        ),
        "person_key": Stands(
            Standing.RESTATED,
            ("PERSON_KEY", *_OPENED),
            "个人密钥：能开启其名下的密文",
            "a person's key: what is sealed for them opens",
        ),
        "staff": Stands(
            Standing.RESTATED,
            ("STAFF_MISSING", "STAFF_BROKEN", "DOCUMENT_DIFFERS"),
            "履职人员编号：详情可开启，账本任命的人员都在",
            "staff ids: details open to the person's document, everybody the log appoints is there",
            scratch=("party",),
        ),
        "read_audit": Stands(
            Standing.APART,
            ("READ_AUDIT_GAP", "READ_AUDIT_CHAIN", "READ_AUDIT_END"),
            "谁查看了什么：查看不入账本；以密钥哈希链防改防删",
            "who read what: reads are no acts; a keyed chain of its own shows change and loss",
        ),
        "chain_head": Stands(
            Standing.APART,
            ("READ_AUDIT_END",),
            "上述哈希链的末端",
            "where that chain ends",
        ),
        "secret_mark": Stands(
            Standing.APART,
            ("SECRET_OTHER",),
            "密钥标记：由密钥本身重算",
            "marks of the secrets: recomputed from the secrets",
        ),
        "audit_report": Stands(
            Standing.APART,
            ("REPORT_DIFFERS",),
            "督导自行运行的审计报告：不入账本；内容与当时的哈希一致",
            "reports supervisors ran here: no acts; the kept bytes have the hash of their day",
            scratch=(
                *("id", "party", "staff", "begun_ms", "seen_ms", "done", "total", "classes", "code"),
                *("departures", "doubts", "checkpoint"),
            ),
        ),
        "session": Stands(
            Standing.APART,
            (),
            "登录状态：数小时即失效；各行带密钥校验码，使用时核对",
            "who is signed in: gone within hours; each row has a MAC that is checked when used",
        ),
        "session_ticket": Stands(
            Standing.APART,
            (),
            "一次性登录票：一用即删；带密钥校验码",
            "tickets for one sign-in: gone once used; each with a MAC",
        ),
        "holder_visit": Stands(
            Standing.APART,
            (),
            "持证人打开本人页面：数分钟即失效；带密钥校验码",
            "holders at their own page: gone within minutes; each with a MAC that is checked when used",
        ),
        "share_link": Stands(
            Standing.APART,
            (),
            "持证人给出的限时链接：只存令牌的哈希；带密钥校验码",
            "links that holders gave away: the hash of a token; each with a MAC that is checked when used",
        ),
        "request_seen": Stands(
            Standing.APART,
            (),
            "已用过的签名请求：过期即忘；只防重放",
            "signed requests that were used: they stop replays, and are forgotten when too old to work",
        ),
        "limit_count": Stands(
            Standing.APART,
            (),
            "限流计数，及供督导查看的不符计数：期满即忘",
            "counts against limits, and of misses for supervisors: forgotten with their time",
        ),
        "heartbeat": Stands(
            Standing.APART,
            (),
            "写入探测：不回答任何人",
            "written to see that writing works: answers nobody",
        ),
    }
)

PUBLISHED: Final[Mapping[str, Stands]] = MappingProxyType(
    {
        "log/checkpoint": Stands(
            Standing.REBUILT,
            ("CHECKPOINT_BROKEN", "ROOT_DIFFERS", "LOG_AHEAD"),
            "检查点：由我方密钥签署，树根由各行重算",
            "the checkpoint: by our key, its root the one of the rows",
        ),
        "log/tile/": Stands(
            Standing.REBUILT,
            ("FILE_MISSING", "FILE_DIFFERS"),
            "条目与哈希分片：逐字节重算",
            "entries and hash tiles: recomputed byte for byte",
        ),
        "status/": Stands(
            Standing.REBUILT,
            ("LIST_BROKEN", "LIST_DIFFERS", "LIST_MISSING", "LOG_AHEAD"),
            "状态列表：按所称条数的事实重算每一位",
            "status lists: every bit recomputed from the facts at the size they name",
        ),
        "trust.cbor": Stands(
            Standing.REBUILT,
            ("BUNDLE_BROKEN", "BUNDLE_DIFFERS", "LOG_AHEAD"),
            "信任包：条目、状态列表、检查点、创世、密钥、核验网址与见证方逐项重算",
            "the trust bundle: acts, lists, checkpoint, genesis, key, hosts and witnesses, each recomputed",
        ),
        "acts.cbor": Stands(
            Standing.REBUILT,
            ("BUNDLE_BROKEN", "BUNDLE_DIFFERS", "LOG_AHEAD"),
            "签署端信任包：同上，含各主体全部人员的条目，不含状态列表",
            "the signers' bundle: likewise, with the people of every party, without lists",
        ),
    }
)
"""The files a stranger reads, by path below home."""
