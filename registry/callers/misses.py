"""Door: documents tried at a counter that do not fit the certificate: how many, before the trying ends.

Promises: a miss is counted for the officer, for the officer at this certificate and for the certificate at
all counters, in the database, in the transaction that records it; past a limit the fitting document is
refused like any other, so that the refusal tells nothing. A miss here also uses up a try at the holder's
page, never the reverse: whoever knows a code can fail there without a name, and would shut the holder out of
the counters. What supervisors are shown of misses is tallied apart: it outlasts the limits, and their early
end by the operator (`reopening`).

Typing errors are stopped by check digits before anything is counted, so an honest officer misses when
somebody brings another's paper; with birth date and home town known, some 500 numbers of a resident ID are
left to a guesser.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa

from registry.callers.limit_counts import tally_in
from registry.callers.limiting import (
    HOLDER_CERTIFICATE,
    Limit,
    count_in,
    is_full_in,
    need_room_in,
    note_in,
)
from registry.service import Service

COUNTER_OFFICER: Final = Limit(
    "counter-officer",
    "10/hour;20/day;60/month",
    shared=True,
    code="OFFICER_MISSES",
    what="too many documents that did not fit were tried by this officer",
    instead="Let another officer take it over, and tell the supervisor how it came.",
)
# Less than the next, so that no officer alone shuts a certificate out of all counters.
COUNTER_PAIR: Final = replace(COUNTER_OFFICER, name="counter-pair", windows="5/day;8/month")
COUNTER_CERTIFICATE: Final = Limit(
    "counter-certificate",
    "10/day;20/month",
    shared=True,
    code="CERTIFICATE_MISSES",
    what="too many documents that did not fit were tried at this certificate",
    instead="Somebody may be guessing: tell the supervisor.",
)
# The first words of tallies: a miss by certificate and officer; what ran full, by certificate or officer.
MISS: Final = "miss"
SHUT_CERTIFICATE: Final = "certificate"
SHUT_OFFICER: Final = "officer"


@dataclass(frozen=True, slots=True)
class Tries:
    """An officer who shows documents for a certificate; None where there is none to guess at."""

    officer: bytes
    certificate: bytes | None

    def need_room(self, connection: sa.Connection, service: Service) -> None:
        """Raises TooMany OFFICER_MISSES or CERTIFICATE_MISSES, whatever document is about to be shown."""
        for limit, counted in self._counted():
            need_room_in(connection, service, limit, counted)

    def count_miss(self, connection: sa.Connection, service: Service) -> None:
        """Counts a document that did not fit. Raises as `need_room`."""
        for limit, counted in self._counted():
            count_in(connection, service, limit, counted)
        self._note_elsewhere(connection, service)

    def note_miss(self, connection: sa.Connection, service: Service) -> None:
        """As `count_miss`, and refuses nothing: who writes for many at once asked for room before."""
        for limit, counted in self._counted():
            note_in(connection, service, limit, counted)
        self._note_elsewhere(connection, service)

    def _note_elsewhere(self, connection: sa.Connection, service: Service) -> None:
        """At the holder's page, and for supervisors."""
        if self.certificate is None:
            return
        certificate, officer, now_ms = self.certificate.hex(), self.officer.hex(), service.clock.now_ms()
        note_in(connection, service, HOLDER_CERTIFICATE, certificate)
        tally_in(connection, now_ms, MISS, certificate, officer)
        full = {
            limit.code
            for limit, counted in self._counted()
            if is_full_in(connection, service, limit, counted)
        }
        if COUNTER_CERTIFICATE.code in full:
            tally_in(connection, now_ms, SHUT_CERTIFICATE, certificate)
        if COUNTER_OFFICER.code in full:
            tally_in(connection, now_ms, SHUT_OFFICER, officer)

    def _counted(self) -> Iterator[tuple[Limit, str]]:
        if self.certificate is not None:
            yield COUNTER_CERTIFICATE, self.certificate.hex()  # first: another officer would not help there
            yield COUNTER_PAIR, pair(self.officer.hex(), self.certificate.hex())
            yield COUNTER_OFFICER, self.officer.hex()


def pair(officer: str, certificate: str) -> str:
    """What the misses of an officer at a certificate are counted by."""
    return f"{officer} {certificate}"
