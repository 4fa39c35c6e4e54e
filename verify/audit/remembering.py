"""Goes on where the last audit ended, and keeps what this one knows. Pure: whoever keeps the bytes is told.

Promises: nothing is kept of a log in which any detector found something; what is kept while the audit goes on
is no verdict, only a place to go on from. Entries audited before are skipped only where everything this audit
was asked to compare lies behind them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256

from issuers.carried import ACTS, TRUST
from ledger.checkpoint import Checkpoint
from verify.audit.findings import Findings, Severity
from verify.audit.kept import End, Memory, Record, encode
from verify.audit.replay import Heard, Replay
from verify.audit.rules import Rules
from verify.audit.signals import Signals
from verify.audit.status import StatusCheck


class Remembering:
    """Of one audit; idle without a memory."""

    def __init__(
        self,
        memory: Memory | None,
        replay: Replay,
        rules: Rules,
        signals: Signals,
        bundles: Sequence[StatusCheck],
    ) -> None:
        self._memory = memory
        self._replay, self._rules, self._signals, self._bundles = replay, rules, signals, bundles
        self._acts: list[Record] = []  # what the signers' bundle carries, and whether trust.cbor does
        self._last = b""
        self.begun: End | None = None

    @property
    def size(self) -> int:
        """How many entries are not read again."""
        return self.begun.size if self.begun is not None else 0

    def begin(self, checkpoint: Checkpoint, marks: Collection[int]) -> None:
        """Recalls the last audit of this log, if nobody asks for a size before its end."""
        kept = self._memory.kept if self._memory is not None else None
        if kept is None or kept.end.origin != checkpoint.origin:
            return
        if min([checkpoint.size, *marks]) < kept.end.size:
            return
        of = kept.records
        self._replay.recall(kept.facts, of.get("replay", ()))
        self._rules.recall(of.get("rules", ()))
        self._signals.recall(of.get("signals", ()))
        self._acts = list(of.get("acts", ()))
        for one in self._bundles:
            one.recall(self._acts, size=kept.end.size)
        self.begun = kept.end

    def take(self, heard: Heard) -> None:
        """Remembers what a bundle would carry."""
        statement, view = heard.statement, self._replay.view
        if self._memory is not None and ACTS.carries(view, statement):
            digest, in_trust = sha256(statement.raw).digest(), TRUST.carries(view, statement)
            self._acts.append(["act", heard.seq, statement.kind, heard.time_ms, digest, in_trust])

    def pause(self, end: End, *, last: bool, at_ms: int) -> None:
        """After a full bundle: keeps what is known if it is time, and holds it ready after the last."""
        memory = self._memory
        if memory is None or not (last or memory.keeper.due()) or not self._clean():
            return
        data = encode(end, at_ms=at_ms, facts=self._replay.view.facts.values(), records=self._records())
        if last:
            self._last = data
        else:
            memory.keeper.take(data)

    def close(self) -> None:
        """The audit found the log sound."""
        if self._memory is not None and self._last:
            self._memory.keeper.take(self._last)

    def _clean(self) -> bool:
        looked: list[Findings] = [self._replay.findings, self._rules.findings]
        looked += [one.findings for one in self._bundles]
        worse = (Severity.DEPARTURE, Severity.COULD_NOT_CHECK)
        return not any(one.counts[severity] for one in looked for severity in worse)

    def _records(self) -> Iterator[tuple[str, Record]]:
        owners = (
            ("replay", self._replay.remember()),
            ("rules", self._rules.remember()),
            ("signals", self._signals.remember()),
            ("acts", self._acts),
        )
        for name, records in owners:
            for record in records:
                yield name, record
