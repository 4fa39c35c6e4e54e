"""Effects of what is said of a certificate after its issue: the reason is a word of the table. Pure."""

from __future__ import annotations

from issuers.acts.reasons import REASONS
from ledger.errors import Refused
from registry.writing.effects.deed import Deed


def known_reason(deed: Deed) -> None:
    """A log that is read for ever gets no word of somebody's own. Raises Refused REASON_UNKNOWN."""
    words = REASONS[deed.statement.kind]
    if deed.act.reason not in words:
        raise Refused(
            "REASON_UNKNOWN",
            "not one of the reasons for this",
            where="reason",
            fix=f"One of: {', '.join(words)}.",
        )
