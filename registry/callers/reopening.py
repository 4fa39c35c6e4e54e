"""Door: a certificate that misses shut is opened again before its time, for the operator's hands.

Promises: what ends is the count of misses at this one certificate, by anybody at the counters and at the
holder's page; the officers' own counts go on, and at the page those of networks. It is in the read audit,
where the holder sees it, and supervisors are shown it beside the misses, which are tallied apart and stay.

Each time leaves room for as many guesses as a month does, so it is done twice in thirty days at most: once
for the holder who stands at a counter, and once more because strangers may lock the page before, whom nobody
can ask. A guesser with three officers, ten networks and an operator then has 120 tries at some 500 numbers.
The times are counted in the read audit, which nobody cuts short unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from issuers.authority.class_facts import CertificateFact
from issuers.identifiers.numbers import read_code
from ledger.errors import Refused
from registry.callers.limit_counts import TALLY_MS, tallies, tally_in
from registry.callers.limiting import HOLDER_CERTIFICATE, counted_in, forget_in, is_full_in
from registry.callers.misses import COUNTER_CERTIFICATE, COUNTER_PAIR, MISS, pair
from registry.certificates import revisions
from registry.persons.read_audit import record
from registry.service import Service
from registry.storage.facts import TableView
from registry.storage.tables import read_audit

TIMES_MAX: Final = 2  # in thirty days
REOPENED: Final = "reopened"  # the first word of its tally


class Reason(StrEnum):
    """Who asked for it; a free text would bring names into the read audit."""

    HOLDER_REQUEST = "holder-request"  # 本人申请
    SUPERVISION = "supervision"  # 督导员提出


@dataclass(frozen=True, slots=True)
class Reopened:
    """What ended, by the windows it was counted in: of all at the counters, of each officer, at the page.

    `left`: how often it can be done again before thirty days have passed.
    """

    certificate: str
    counters: Mapping[str, int]
    officers: Mapping[str, Mapping[str, int]]
    page: Mapping[str, int]
    left: int


def reopen(service: Service, typed: str, reason: Reason) -> Reopened:
    """Ends the misses at the certificate with this code.

    Raises Malformed of the code; Refused CERTIFICATE_UNKNOWN, NOTHING_SHUT, REOPENED_OFTEN.
    """
    code, now_ms = read_code(typed), service.clock.now_ms()
    with service.database.transaction() as connection:
        certificate = _issued(connection, service, code)
        misses = {one.words[1:] for one in tallies(connection, now_ms) if one.words[0] == MISS}
        officers = sorted(officer for at, officer in misses if at == certificate)
        pairs = {officer: (COUNTER_PAIR, pair(officer, certificate)) for officer in officers}
        counters, page = (COUNTER_CERTIFICATE, certificate), (HOLDER_CERTIFICATE, certificate)
        counts = (counters, page, *pairs.values())
        if not any(is_full_in(connection, service, *one) for one in counts):
            fix = "An officer over their own limit hands over to another; at the page, try another network."
            raise Refused("NOTHING_SHUT", "no limit is reached at this certificate", fix=fix)
        times = times_reopened(connection, certificate, now_ms) + 1
        if times > TIMES_MAX:
            what = f"it was opened again {TIMES_MAX} times in thirty days, and somebody goes on guessing"
            raise Refused(
                "REOPENED_OFTEN", what, fix="The supervisor sees who missed; the limits end in time."
            )
        told = Reopened(
            certificate,
            counted_in(connection, service, *counters),
            {officer: counted_in(connection, service, *one) for officer, one in pairs.items()},
            counted_in(connection, service, *page),
            TIMES_MAX - times,
        )
        for one in counts:
            forget_in(connection, service, *one)
        tally_in(connection, now_ms, REOPENED, certificate)
        purpose, what = f"{REOPENED}-{reason.value}", f"certificate/{certificate}"
        record(connection, service.people, None, purpose=purpose, what=what, fields="misses", now_ms=now_ms)
    return told


def times_reopened(connection: sa.Connection, certificate: str, now_ms: int) -> int:
    """How often in the last thirty days, by the read audit."""
    query = sa.select(sa.func.count()).where(
        read_audit.c.object == f"certificate/{certificate}",
        read_audit.c.purpose.in_([f"{REOPENED}-{reason.value}" for reason in Reason]),
        read_audit.c.time_ms > now_ms - TALLY_MS,
    )
    return connection.execute(query).scalar_one()


def _issued(connection: sa.Connection, service: Service, code: str) -> str:
    found = revisions.of_code(connection, service.people, code)
    certificate = "" if found is None else found[0].hex()
    if TableView(connection).get(CertificateFact, certificate) is None:
        raise Refused("CERTIFICATE_UNKNOWN", "no certificate has this code")
    return certificate
