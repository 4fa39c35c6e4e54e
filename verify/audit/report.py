"""The report of an audit: facts of the log, what was checked and what was not, and every departure. Pure.

`document` is the JSON of `malan-verify audit --json`; `verify.audit.html` renders the same report to file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from issuers.authority.case import SHANGHAI
from ledger.checkpoint import Cosignature
from verify.audit.findings import Departure, Severity
from verify.audit.tallies import Tallies
from verify.verdict import Json
from verify.words import Words

__all__ = ["LIMITS", "AuditReport", "Check", "CheckState", "Departure", "LogFacts", "Severity", "State"]


class State(StrEnum):
    """The verdict of an audit."""

    SOUND = "sound"
    DEPARTURES = "departures"
    COULD_NOT_CHECK = "could_not_check"


class CheckState(StrEnum):
    """What became of one part of the audit."""

    SOUND = "sound"
    DEPARTURES = "departures"
    COULD_NOT_CHECK = "could_not_check"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What the log is. Times in milliseconds, 0 without entries; `genesis` None where none could be read.

    `cosignatures`: verified ones; `witnesses` and `needed` are those of the policy, which came from
    `policy_from` ("trust", "file", "log" or "none"). `pinned`: the genesis was compared with a given one.
    `kept`: how many of the first entries an earlier audit of the same auditor read, and this one did not.
    """

    place: str
    origin: str
    genesis: bytes | None
    pinned: bool
    size: int
    root: bytes
    first_ms: int
    last_ms: int
    cosignatures: tuple[Cosignature, ...]
    witnesses: int
    needed: int
    policy_from: str
    kept: int = 0

    @property
    def cosigned_ms(self) -> int:
        """When a witness last saw this checkpoint; 0 without one."""
        return max((one.time * 1000 for one in self.cosignatures), default=0)


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the audit; `detail` says how far it went, or what it would have needed."""

    id: str
    title: Words
    state: CheckState
    detail: Words


@dataclass(frozen=True, slots=True)
class AuditReport:
    """`findings` holds every listed departure, doubt and note in order; `counts` all of them.

    `unlisted`: findings beyond those listed. `log` is None when not even a checkpoint could be read.
    """

    at_ms: int
    log: LogFacts | None
    kinds: Mapping[str, int]
    tallies: Tallies
    findings: tuple[Departure, ...]
    counts: Mapping[Severity, int]
    signals: tuple[Departure, ...]
    checks: tuple[Check, ...]

    @property
    def state(self) -> State:
        """A departure is named even where other things could not be checked."""
        if self.counts[Severity.DEPARTURE]:
            return State.DEPARTURES
        return State.COULD_NOT_CHECK if self.counts[Severity.COULD_NOT_CHECK] else State.SOUND

    @property
    def exit_code(self) -> int:
        """0 sound, 1 departures, 2 could not check."""
        return (State.SOUND, State.DEPARTURES, State.COULD_NOT_CHECK).index(self.state)

    @property
    def words(self) -> Words:
        """The verdict in a few words."""
        return STATE_WORDS[self.state]

    @property
    def unlisted(self) -> int:
        """How many findings are counted only."""
        return sum(self.counts.values()) - len(self.findings)

    def of(self, severity: Severity) -> tuple[Departure, ...]:
        """The listed findings of one severity."""
        return tuple(one for one in self.findings if one.severity is severity)

    def document(self) -> dict[str, Json]:
        """Plain JSON with stable keys; hashes in hex, times in Shanghai time (RFC 3339)."""
        return {
            "state": self.state.value,
            "exit": self.exit_code,
            "title": _words(self.words),
            "at": instant(self.at_ms),
            "log": _log(self.log) if self.log is not None else None,
            "departures": [_finding(one) for one in self.of(Severity.DEPARTURE)],
            "could_not_check": [_finding(one) for one in self.of(Severity.COULD_NOT_CHECK)],
            "notes": [_finding(one) for one in self.of(Severity.NOTE)],
            "counts": {severity.value: self.counts[severity] for severity in Severity},
            "signals": [_finding(one) for one in self.signals],
            "checks": [
                {
                    "id": one.id,
                    "title": _words(one.title),
                    "state": one.state.value,
                    "detail": _words(one.detail),
                }
                for one in self.checks
            ],
            "acts": dict(sorted(self.kinds.items())),
            **_tallies(self.tallies),
            "cannot_show": [_words(one) for one in LIMITS],
        }


def instant(time_ms: int) -> str:
    """RFC 3339 in Shanghai time, to the second; far-away times stay a number in text."""
    try:
        time = datetime.fromtimestamp(time_ms // 1000, UTC).astimezone(SHANGHAI)
    except (ValueError, OverflowError, OSError):
        return str(time_ms)
    return time.isoformat()


def fingerprint(value: bytes) -> str:
    """32 bytes as hex in groups of eight digits, to be compared by eye."""
    text = value.hex()
    return " ".join(text[start : start + 8] for start in range(0, len(text), 8))


def _words(words: Words) -> dict[str, Json]:
    return {"zh": words.zh, "en": words.en}


def _finding(one: Departure) -> dict[str, Json]:
    return {"code": one.code, "where": one.where, "zh": one.zh, "en": one.en}


def _log(log: LogFacts) -> dict[str, Json]:
    return {
        "place": log.place,
        "origin": log.origin,
        "genesis": log.genesis.hex() if log.genesis is not None else None,
        "pinned": log.pinned,
        "size": log.size,
        "root": log.root.hex(),
        "first_entry": instant(log.first_ms) if log.first_ms else None,
        "last_entry": instant(log.last_ms) if log.last_ms else None,
        "cosigned": len(log.cosignatures),
        "cosigned_at": instant(log.cosigned_ms) if log.cosigned_ms else None,
        "witnesses": log.witnesses,
        "needed": log.needed,
        "policy_from": log.policy_from,
        "audited_before": log.kept,
        "cosignatures": [{"name": one.name, "time": instant(one.time * 1000)} for one in log.cosignatures],
    }


def _tallies(tallies: Tallies) -> dict[str, Json]:
    return {
        "parties": {role.value: count for role, count in sorted(tallies.parties.items())},
        "certificates_by_body": [
            {
                "id": row.id,
                "name": row.name,
                "name_en": row.name_en,
                "classes": row.classes,
                "candidates": row.candidates,
                "passed": row.passed,
                "issued": row.issued,
                "voided": row.voided,
                "states": {state.value: count for state, count in sorted(row.certificates.items())},
            }
            for row in tallies.bodies
        ],
        "certificates_by_day": {day.isoformat(): count for day, count in tallies.days},
        "claims_by_district": [
            {
                "id": row.id,
                "name": row.name,
                "name_en": row.name_en,
                "claims": {state.value: count for state, count in sorted(row.claims.items())},
                "approved_fen": row.approved_fen,
            }
            for row in tallies.districts
        ],
    }


STATE_WORDS: Final = {
    State.SOUND: Words("未发现偏离", "Sound: no departure found"),
    State.DEPARTURES: Words("发现偏离", "Departures found"),
    State.COULD_NOT_CHECK: Words("未能完成核查", "Could not check everything"),
}

LIMITS: Final = (
    Words(
        "真实签名下的虚假事实：考评员和评价机构真实签署的虚假成绩，账本上看不出来。",
        "True signatures on false facts: a false score that evaluator and body really signed looks sound.",
    ),
    Words(
        "不同的人员标识是否确为不同的自然人；只有抽查打开承诺才能核实。",
        "Whether different staff ids are different human beings; only sampled openings show that.",
    ),
    Words(
        "在出具回执之前被拒收、拖延或丢弃的声明；请签名方用回执核对。",
        "What was refused, delayed or dropped before a receipt was given; signers compare their receipts.",
    ),
    Words(
        "另有一份账本给别人看：只有见证签名达到规定数量，或各区相互比对检查点，才能排除。",
        "Another log shown to others: only a quorum of witnesses, or districts comparing checkpoints, "
        "excludes it.",
    ),
    Words(
        "承诺背后的姓名、证件、分数与编号；须附班级证据（--evidence）才能打开核对。",
        "Names, IDs, scores and numbers behind commitments; they need the evidence of a class (--evidence).",
    ),
    Words(
        "谁读取过个人信息，以及服务数据库中的内容是否与账本一致。",
        "Who read personal data, and whether the service's own database agrees with the log.",
    ),
)
"""What no audit of a published log can show."""
