"""The one family of errors: a stable code, what is wrong, where, and what to do about it.

No error ever carries input values: a message names the place ("row 5, column 证件号码"), never the content.
"""

from __future__ import annotations


class MalanError(Exception):
    """Root of every error a user may meet.

    `code` is stable and upper-case; `what` is one plain sentence; `where` names the place without its
    content; `fix` says what to do. Programs print all four and exit non-zero; HTTP puts them in a problem
    document.
    """

    def __init__(self, code: str, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(code, what, where, fix)
        self.code = code
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        advice = f". {self.fix}" if self.fix else ""
        return f"{self.code}{place}: {self.what.removesuffix('.')}{advice}"


class Malformed(MalanError):
    """Bytes or text that no honest writer produces."""


class BadSignature(MalanError):
    """A signature that does not verify, or a key that may not be used that way."""


class ProofFailed(MalanError):
    """An inclusion or consistency proof, a chain link or a root that does not hold."""


class Refused(MalanError):
    """A well-formed act that its signer may not say, or not now."""


class Unavailable(MalanError):
    """Something outside (file, server, clock) could not be used; nothing is said about truth."""
