"""Door: later versions of certificates: what the log names is held here, opens, and is found by its code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import sqlalchemy as sa

from issuers.authority.class_facts import CertificateFact, FormerVersion, version_key
from issuers.credential import parse_credential
from ledger.errors import MalanError
from registry.certificates import revisions
from registry.fsck.departure import Departure
from registry.fsck.erased import Explained
from registry.fsck.replay import Replay
from registry.persons.people import People
from registry.storage.tables import revision

Version = CertificateFact | FormerVersion


def check_rows(connection: sa.Connection, replay: Replay, gone: Explained) -> Iterator[Departure]:
    """Each version in the log was held under its place, and nothing is held but those and the next ones.

    Nothing at all is held for a holder whom an order in force has erased.
    """
    logged = _logged(replay)
    latest = {fact.id: fact.version for fact in replay.view.all(CertificateFact)}
    missing = set(logged)
    for row in connection.execute(sa.select(revision)):
        where = _where(row.certificate, row.version)
        missing.discard((row.certificate, row.version))
        if row.certificate in gone.certificates:
            yield Departure("ERASURE_UNDONE", where, "an order in force has erased this")
            continue
        known = logged.get((row.certificate, row.version))
        if known is None:
            if row.version != latest.get(row.certificate, 0) + 1 or row.credential:
                yield Departure("REVISION_EXTRA", where, "the log knows no such version, nor is it the next")
        elif (row.status_list, row.status_index) != (known.status_list, known.status_index):
            yield Departure("REVISION_DIFFERS", where, "the version has another status place")
        elif not row.credential:
            yield Departure("CREDENTIAL_MISSING", where, "the credential is gone")
    for certificate, version in sorted(one for one in missing if one[0] not in gone.certificates):
        yield Departure(
            "REVISION_MISSING", _where(certificate, version), "a version that nothing was held for"
        )


def check_sealed(connection: sa.Connection, people: People, replay: Replay) -> Iterator[Departure]:
    """Code and credential of each version open, and are those that look-up and log know."""
    logged = _logged(replay)
    for row in connection.execute(sa.select(revision)).all():
        where = _where(row.certificate, row.version)
        try:
            held = revisions.opened(connection, people, row)
            found = revisions.credential_of(connection, people, row.certificate, row.version)
        except MalanError as error:
            yield Departure("REVISION_BROKEN", where, f"code or credential does not open: {error.code}")
            continue
        if people.index("code", held.code) != row.code_index:
            yield Departure("REVISION_CODE", where, "its code is not found by look-up")
        known = logged.get((row.certificate, row.version))
        if known is None or found is None:
            continue
        if hashlib.sha256(found[1]).digest() != known.credential:
            yield Departure("CREDENTIAL_DIFFERS", where, "the log names other bytes")
        elif parse_credential(found[1]).claims.code != held.code:
            yield Departure("REVISION_DIFFERS", where, "the code is not that of the credential")


def _logged(replay: Replay) -> dict[tuple[bytes, int], Version]:
    """Every version after the first that the log names."""
    found: dict[tuple[bytes, int], Version] = {}
    for fact in replay.view.all(CertificateFact):
        for number in range(2, fact.version):
            former = replay.view.get(FormerVersion, version_key(fact.id, number))
            if former is not None:
                found[fact.id, number] = former
        if fact.version > 1:
            found[fact.id, fact.version] = fact
    return found


def _where(certificate: bytes, version: int) -> str:
    return f"certificate {certificate.hex()} version {version}"
