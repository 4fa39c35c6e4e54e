"""The rule for a log that goes on where another ended (rules version 1). Pure."""

from __future__ import annotations

from issuers.acts.parties import LogContinued
from issuers.authority.case import Case
from issuers.authority.party_facts import Continued
from issuers.authority.view import Fact
from ledger.errors import Refused


def log_continued(case: Case, act: LogContinued) -> list[Fact]:
    """Of another log, and said once: which one it was never changes."""
    if case.statement.subject != "log":
        raise Refused("SUBJECT_KIND", "the subject of this act is log", where="sub")
    if act.origin == case.statement.audience:
        raise Refused("CONTINUED_SELF", "a log goes on from another one", where="origin")
    case.need_absent(Continued, "log", "CONTINUED_TWICE", "which log this one goes on from is said already")
    return [Continued(act.origin, act.size, act.root, act.checkpoint)]
