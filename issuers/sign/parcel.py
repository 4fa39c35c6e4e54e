"""A parcel: a signed statement with what travels beside it, and the service's answer to it. Pure.

Promises: what is stored, sent and sent again is one and the same value. Knows no act: `issuers.sign.drafting`
makes parcels, `issuers.sign.outbox` keeps them, `issuers.sign.client` sends them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ledger.errors import MalanError, Refused
from ledger.statement import parse_statement


@dataclass(frozen=True, slots=True)
class Parcel:
    """`openings` in the order of the entries; `attachment` the credential of a certificate-issued act.

    `key` names what may be said once only (`roster/<class>`): an outbox holds at most one parcel with it that
    is on its way or logged. None where an act may be repeated.
    """

    statement: bytes
    openings: tuple[bytes, ...] = field(default=(), repr=False)
    attachment: bytes | None = field(default=None, repr=False)
    key: str | None = None

    @property
    def cti(self) -> bytes:
        """The id of the statement, 16 bytes."""
        return parse_statement(self.statement).cti


class Fate(StrEnum):
    """What became of a statement; `known` repeats an earlier answer."""

    APPENDED = "appended"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """`seq`, `time_ms` and `receipt` unless refused; else `code`, `what`, `where` and `fix`."""

    fate: Fate
    seq: int = -1
    time_ms: int = 0
    receipt: bytes = b""
    code: str = ""
    what: str = ""
    where: str = ""
    fix: str = ""

    @property
    def refused(self) -> bool:
        """Whether the statement is not in the log."""
        return self.fate is Fate.REFUSED

    def error(self) -> MalanError:
        """The refusal as the error it is."""
        return Refused(self.code, self.what, where=self.where, fix=self.fix)


def need_appended(answer: Answer) -> Answer:
    """The answer, unless it is a refusal. Raises Refused with the service's code."""
    if answer.refused:
        raise answer.error()
    return answer
