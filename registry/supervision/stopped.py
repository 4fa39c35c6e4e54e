"""Door: certificates and officers that were shut at the counters in the last thirty days; nobody's name.

Promises: a certificate of the reader's own district, with who missed there, of whatever district, and how
often it was opened again; an officer of the own district, with how many misses at how many certificates.
Counts end when thirty days pass without another, not when a certificate is opened again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from issuers.authority.party_facts import Officer, officer_key
from ledger.errors import Refused
from registry.callers.limit_counts import tallies
from registry.callers.misses import MISS, SHUT_CERTIFICATE, SHUT_OFFICER
from registry.callers.reopening import REOPENED, times_reopened
from registry.service import Service
from registry.storage.facts import TableView
from registry.supervision.holders import own_certificate
from registry.supervision.ward import Ward


def stopped(service: Service, connection: sa.Connection, ward: Ward) -> dict[str, list[dict[str, Any]]]:
    """`certificates` and `officers`, the last first. What was opened again may have been shut 0 times."""
    now_ms, view = service.clock.now_ms(), TableView(connection)
    certificates, officers = dict[str, dict[str, Any]](), list[dict[str, Any]]()
    found = sorted(tallies(connection, now_ms), key=lambda one: one.last_ms, reverse=True)
    misses = [(*one.words[1:], one.count) for one in found if one.words[0] == MISS]
    for one in found:
        kind, name = one.words[:2]
        if kind in (SHUT_CERTIFICATE, REOPENED):
            with suppress(Refused):  # another district's
                fact = own_certificate(view, ward, bytes.fromhex(name))
                row = {"certificate": name, "seq": fact.seq, "shut": 0, "last_ms": None}
                row = certificates.setdefault(name, row)
                if kind == SHUT_CERTIFICATE:
                    row.update(shut=one.count, last_ms=one.last_ms)
        elif kind == SHUT_OFFICER and view.get(Officer, officer_key(ward.district.id, bytes.fromhex(name))):
            counts = [count for _, staff, count in misses if staff == name]
            row = {"staff": name, "stopped": one.count, "last_ms": one.last_ms}
            officers.append({**row, "misses": sum(counts), "certificates": len(counts)})
    for name, row in certificates.items():
        row["officers"] = [{"staff": staff, "misses": count} for at, staff, count in misses if at == name]
        row["reopened"] = times_reopened(connection, name, now_ms)
    return {"certificates": list(certificates.values()), "officers": officers}
