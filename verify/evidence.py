"""What is shown to the verifier: a QR text or a credential, and what came with it. Pure.

Promises: carries bytes, believes nothing. `verify.check` takes it apart; `verify.logged` opens the proof.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Exactly one of `text` (the QR text) and `credential` (COSE bytes of a file) is given.

    `proof`: the bytes of a `.tlog-proof`. `asked_log`: the log was asked for this certificate and answered
    that it has none; leave it false when nobody asked, or nobody answered. `life`: proofs of later acts about
    the certificate, at most 16 are looked at.
    """

    text: str | None = field(default=None, repr=False)
    credential: bytes | None = field(default=None, repr=False)
    proof: bytes | None = field(default=None, repr=False)
    asked_log: bool = False
    life: tuple[bytes, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if (self.text is None) == (self.credential is None):
            raise ValueError("evidence is either a QR text or a credential")
