"""What must be, in a list: the log so far, the state of each certificate, the clock. Knows no service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

DAY_MS = 86_400_000
DRIFT_MS = 5_000
VALID, SUSPENDED, REVOKED = "valid", "suspended", "revoked"
MOVES = {
    "certificate-suspended": ({VALID}, SUSPENDED),
    "certificate-restored": ({SUSPENDED}, VALID),
    "certificate-revoked": ({VALID, SUSPENDED}, REVOKED),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A signed statement: of a certificate, or (None) a standard nobody published before."""

    raw: bytes
    kind: str
    certificate: bytes | None
    issued_s: int


@dataclass
class Model:
    """`log`: statement and time of each entry. Times in milliseconds."""

    log: list[tuple[bytes, int]]
    states: dict[bytes, str]
    places: dict[bytes, int] = field(default_factory=dict)

    def foresee(self, drafts: Sequence[Draft], *, wall_ms: int, drift_ms: int) -> list[str]:
        """The code each draft is refused with, "" for a new entry, "again" for one that is there; the code
        of all where nothing can be appended, which then holds for those that are there already as well."""
        clock = self.clock(wall_ms, drift_ms)
        if clock:
            return [clock] * len(drafts)
        time_ms, states = self.time(wall_ms), dict(self.states)
        said, told = dict(self.places), []
        for draft in drafts:
            code = self._one(draft, time_ms, states, said)
            if not code:
                said[draft.raw] = len(said)
            told.append(code)
        return told

    def accept(self, drafts: Sequence[Draft], told: Sequence[str], *, wall_ms: int) -> None:
        """What was new is logged."""
        time_ms = self.time(wall_ms)
        for draft, code in zip(drafts, told, strict=True):
            if not code:
                self.places[draft.raw] = len(self.log)
                self.log.append((draft.raw, time_ms))
                if draft.certificate is not None:
                    self.states[draft.certificate] = MOVES[draft.kind][1]

    def clock(self, wall_ms: int, drift_ms: int) -> str:
        """What stands against any entry now."""
        if abs(drift_ms) > DRIFT_MS:
            return "CLOCK_JUMPED"
        return "CLOCK_BEHIND" if self.log[-1][1] - wall_ms > DRIFT_MS else ""

    def time(self, wall_ms: int) -> int:
        """Of the next leaf."""
        return max(wall_ms, self.log[-1][1])

    def _one(self, draft: Draft, time_ms: int, states: dict[bytes, str], said: dict[bytes, int]) -> str:
        if draft.raw in said:
            return "again"
        if abs(draft.issued_s * 1000 - time_ms) > DAY_MS:
            return "STATEMENT_TIME"
        if draft.certificate is not None:
            before, after = MOVES[draft.kind]
            if states[draft.certificate] not in before:
                return "CERTIFICATE_STATE"
            states[draft.certificate] = after
        return ""
