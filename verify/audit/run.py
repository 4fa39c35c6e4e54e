"""One audit from end to end: every detector over one pass of the log, then a report. Pure.

`audit` reads through a `verify.source` and is told the time; it never stops at the first departure. What a
detector needs and was not given stands among the checks of the report as not asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

from issuers.authority.party_facts import Continued, GenesisFact
from issuers.carried import ACTS, Form
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import MalanError, Unavailable
from ledger.leaf import Leaf
from ledger.note import Note, parse_note
from ledger.policy import Policy, satisfied
from ledger.tiles import Fetch
from verify.audit import ahead, since
from verify.audit.checks import check
from verify.audit.evidence import EvidenceCheck
from verify.audit.findings import Findings
from verify.audit.kept import End, Memory
from verify.audit.leftovers import CHECKPOINT, check_listed
from verify.audit.numbers import NumberBook
from verify.audit.policies import choose_policy, judging, keys_given
from verify.audit.remembering import Remembering
from verify.audit.replay import Replay
from verify.audit.report import AuditReport, LogFacts, State
from verify.audit.rules import Rules
from verify.audit.signals import Signals
from verify.audit.signatures import Signed, check_signatures, log_keys
from verify.audit.status import StatusCheck
from verify.audit.tallies import tally
from verify.audit.walk import Progress, Walked, walk
from verify.source import Source

PARTS = ("checkpoint", "bytes", "files", "replay", "rules", "since", "trust", "acts", "evidence")


@dataclass(frozen=True, slots=True)
class Asked:
    """What to audit against. All but the time is optional: bytes of files the auditor holds, and a pin.

    `place` only names the log in the report. `genesis` is the pinned statement hash (32 bytes). `offered`:
    the bundles that the log's own host gives out; compared like those given, and nobody is believed for them.
    """

    at_ms: int
    place: str = ""
    trust: bytes | None = None
    acts: bytes | None = None
    since: bytes | None = None
    evidence: tuple[bytes, ...] = ()
    policy: bytes | None = None
    genesis: bytes | None = None
    offered: Mapping[Form, bytes] = field(default_factory=dict)


def audit(
    source: Source,
    asked: Asked,
    *,
    progress: Progress | None = None,
    memory: Memory | None = None,
    executor: Executor | None = None,
) -> AuditReport:
    """The report; what cannot be read or does not hold is in it. Raises nothing of the log's making.

    With a `memory`, entries audited before are not read again where nothing asked for needs them; whatever
    such an audit would accuse the log of, a whole one says. With an `executor`, its processes help.
    """
    report = _Audit(source, asked, memory, executor).run(progress)
    if memory is not None and report.log is not None and report.log.kept and report.state is not State.SOUND:
        return _Audit(source, asked, Memory(None, memory.keeper), executor).run(progress)
    return report


class _Audit:
    def __init__(
        self,
        source: Source,
        asked: Asked,
        memory: Memory | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.source, self.asked, self.executor = source, asked, executor
        self.found: dict[str, Findings | None] = dict.fromkeys(PARTS)
        self.replay, self.rules, self.signals = Replay(), Rules(), Signals()
        self.trust = StatusCheck(asked.trust) if asked.trust is not None else None
        self.acts = StatusCheck(asked.acts, ACTS) if asked.acts is not None else None
        self.given = [one for one in (self.trust, self.acts) if one is not None]
        self.bundles = [*self.given, *(StatusCheck(raw, form) for form, raw in asked.offered.items())]
        for one in self.bundles[len(self.given) :]:
            one.findings.note("TRUST_OFFERED", one.name)
        self.evidence = [EvidenceCheck(raw) for raw in asked.evidence]
        self.since = Findings()
        self.kept = since.open_kept(asked.since, self.since) if asked.since is not None else None
        self.first_new_ms: int | None = None
        self.remembering = Remembering(memory, self.replay, self.rules, self.signals, self.bundles)

    def run(self, progress: Progress | None) -> AuditReport:
        own = self.found["checkpoint"] = Findings()
        read = self._checkpoint(own)
        if read is None:
            return self._report(None)
        note, checkpoint = read
        if not self.evidence:
            self.remembering.begin(checkpoint, self._marks())
        walked = walk(
            self._fetch(checkpoint),
            checkpoint,
            visit=self._visit,
            marks=self._marks(),
            progress=progress,
            pause=self._pause,
            begun=self.remembering.begun,
        )
        self._snapshot(checkpoint.size)
        self.found["bytes"] = walked.findings
        self._close_replay()
        policy, policy_from = choose_policy(self.asked.policy, self.trust, self.source, own)
        policy = judging(policy, policy_from, note, self.replay.view, self.trust, own, at_ms=self.asked.at_ms)
        signed = self._signatures(note, checkpoint, policy, own)
        self._times(walked, checkpoint, signed, own)
        self.found["files"] = check_listed(self.source, checkpoint, walked)
        self._close_since(checkpoint, walked, policy)
        keys = log_keys(self.replay.view, checkpoint.origin, revoked=True)
        for one in self.bundles:
            one.close(checkpoint.size, walked.roots, keys=keys)
            self.found[one.name] = one.findings
        self._close_evidence()
        report = self._report(self._log_facts(checkpoint, walked, signed, policy, policy_from))
        if report.state is State.SOUND:
            self.remembering.close()
        return report

    def _fetch(self, checkpoint: Checkpoint) -> Fetch:
        start = self.remembering.size
        if self.executor is None or checkpoint.size - start < ahead.WORTH_IT:
            return self.source.fetch
        helped = ahead.Ahead(self.source.fetch, self.executor, size=checkpoint.size, start=start)
        self.replay.help(helped)
        return helped.fetch

    def _pause(self, end: End, last: bool) -> None:
        self.remembering.pause(end, last=last, at_ms=self.asked.at_ms)

    def _checkpoint(self, findings: Findings) -> tuple[Note, Checkpoint] | None:
        try:
            raw = self.source.fetch(CHECKPOINT)
            if raw is None:
                findings.could_not_check("CHECKPOINT_MISSING", CHECKPOINT)
                return None
            note = parse_note(raw)
            return note, parse_checkpoint(note.text)
        except Unavailable:
            findings.could_not_check("FILE_UNAVAILABLE", CHECKPOINT)
        except MalanError as error:
            findings.refused(error, CHECKPOINT)
        return None

    def _marks(self) -> set[int]:
        kept = {self.kept.checkpoint.size} if self.kept is not None else set()
        return kept | {one.size for one in self.bundles}

    def _snapshot(self, size: int) -> None:
        for one in self.bundles:
            if size == one.size:
                one.snapshot(self.replay.view, gap=self.replay.gap)

    def _visit(self, seq: int, leaf: Leaf | None, doubtful: bool) -> None:
        self._snapshot(seq)
        gap = self.replay.gap
        heard = self.replay.take(seq, leaf, doubtful=doubtful)
        if heard is not None:
            self.signals.take(heard, self.rules.take(heard, gap=gap))
            self.remembering.take(heard)
        for bundle in self.bundles:
            bundle.take(seq, leaf, heard, self.replay.view, gap=self.replay.gap)
        for one in self.evidence:
            one.take(seq, leaf, heard)
        if self.kept is not None and seq == self.kept.checkpoint.size and leaf is not None:
            self.first_new_ms = leaf.time_ms

    def _close_replay(self) -> None:
        pin = self.asked.genesis or next((one.genesis for one in self.given if one.genesis), None)
        self.replay.close(pin)
        self.found["replay"] = self.replay.findings
        self.rules.close(at_ms=self.asked.at_ms)
        self.found["rules"] = self.rules.findings

    def _signatures(
        self, note: Note, checkpoint: Checkpoint, policy: Policy | None, findings: Findings
    ) -> Signed:
        keys = log_keys(self.replay.view, checkpoint.origin)
        if not keys and self.replay.gap:
            keys = keys_given(policy, self.trust, checkpoint.origin)
        genesis = self.replay.view.get(GenesisFact, "log")
        if genesis is not None and genesis.origin != checkpoint.origin:
            findings.departure("ORIGIN_OTHER", "checkpoint, line 1")
        if not keys:
            findings.could_not_check("LOG_KEY_UNKNOWN", CHECKPOINT)
            return Signed(False, ())
        if policy is not None and policy.logs and not set(keys) & set(policy.log_keys):
            findings.departure("POLICY_OTHER_LOG", "policy")
        signed = check_signatures(note, keys, policy, findings, where=CHECKPOINT)
        if policy is not None and not satisfied(policy, [one.name for one in signed.cosignatures]):
            count = len(signed.cosignatures)
            findings.note("QUORUM_MISSED", CHECKPOINT, n=count, needed=policy.needed)
        return signed

    def _times(self, walked: Walked, checkpoint: Checkpoint, signed: Signed, findings: Findings) -> None:
        seen_ms = since.first_seen(signed)
        if seen_ms is not None:
            seq = checkpoint.size - 1
            since.check_not_postdated(last_ms=walked.last_ms, seen_ms=seen_ms, seq=seq, findings=findings)
        if walked.last_ms > self.asked.at_ms + since.CLOCKS_APART_MS:
            findings.could_not_check("AHEAD_OF_CLOCK", CHECKPOINT)

    def _close_since(self, checkpoint: Checkpoint, walked: Walked, policy: Policy | None) -> None:
        if self.asked.since is None:
            return
        self.found["since"] = self.since
        if self.kept is None:
            return
        signed = since.check_since(
            self.kept,
            checkpoint,
            walked.roots,
            keys=log_keys(self.replay.view, checkpoint.origin, revoked=True),
            policy=policy,
            findings=self.since,
            before=self.replay.view.get(Continued, "log"),
        )
        seen_ms, size = since.first_seen(signed), self.kept.checkpoint.size
        if seen_ms is not None and self.first_new_ms is not None:
            since.check_not_backdated(
                first_new_ms=self.first_new_ms, seen_ms=seen_ms, seq=size, findings=self.since
            )

    def _close_evidence(self) -> None:
        if not self.evidence:
            return
        findings, book = Findings(), NumberBook()
        for one in self.evidence:
            one.close(self.replay.view, book)
            findings.extend(one.findings)
        self.found["evidence"] = findings

    def _log_facts(
        self,
        checkpoint: Checkpoint,
        walked: Walked,
        signed: Signed,
        policy: Policy | None,
        policy_from: str,
    ) -> LogFacts:
        genesis = self.replay.view.get(GenesisFact, "log")
        return LogFacts(
            place=self.asked.place,
            origin=checkpoint.origin,
            genesis=genesis.statement if genesis is not None else None,
            pinned=self.asked.genesis is not None or bool(self.given),
            size=checkpoint.size,
            root=checkpoint.root,
            first_ms=walked.first_ms,
            last_ms=walked.last_ms,
            cosignatures=signed.cosignatures,
            witnesses=policy.witness_count if policy is not None else 0,
            needed=policy.needed if policy is not None else 0,
            policy_from=policy_from,
            kept=self.remembering.size,
        )

    def _report(self, log: LogFacts | None) -> AuditReport:
        tallies = tally(self.replay.view)
        self.signals.close(self.replay.view, tallies)
        whole = Findings()
        for part in self.found.values():
            if part is not None:
                whole.extend(part)
        return AuditReport(
            at_ms=self.asked.at_ms,
            log=log,
            kinds=Counter(self.replay.kinds),
            tallies=tallies,
            findings=tuple(whole.listed),
            counts=whole.counts,
            signals=tuple(self.signals.findings.listed),
            checks=tuple(check(name, found) for name, found in self.found.items()),
        )
