"""The verdicts of this very second, for a crowd that shows one certificate. No I/O.

A verdict is a function of what is shown, the trust, the proof and the second; asked the same within the same
second, the answer is the same, so it is given again. With the second all of it is forgotten.
"""

from __future__ import annotations

import hashlib
from typing import Final

from verify.evidence import Evidence
from verify.trust import Trust
from verify.verdict import Verdict

KEPT_MAX: Final = 5_000


class ToldVerdicts:
    """Verdicts by what they were made of."""

    def __init__(self) -> None:
        self._second = -1
        self._told: dict[tuple[bytes, bytes, bytes, bool, int], tuple[Trust, Verdict]] = {}

    def get(self, evidence: Evidence, trust: Trust, *, now: int) -> Verdict | None:
        """The verdict on exactly this, if it was made in this second under this very trust."""
        if now != self._second:
            return None
        told = self._told.get(_key(evidence, trust))
        return told[1] if told is not None and told[0] is trust else None

    def keep(self, evidence: Evidence, trust: Trust, verdict: Verdict) -> None:
        """Remembers a verdict for the rest of its second."""
        if verdict.checked_at != self._second or len(self._told) >= KEPT_MAX:
            self._told, self._second = {}, verdict.checked_at
        self._told[_key(evidence, trust)] = (trust, verdict)


def _key(evidence: Evidence, trust: Trust) -> tuple[bytes, bytes, bytes, bool, int]:
    """All that a verdict is made of, but for the second."""
    parts = ((evidence.text or "").encode("utf-8", "surrogatepass"), evidence.credential, evidence.proof)
    text, credential, proof = (hashlib.sha256(part or b"").digest() for part in parts)
    return text, credential, proof, evidence.asked_log, id(trust)
