"""Door: the tables that follow from the log, row by row against what a replay says."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from issuers.authority.class_facts import (
    CertificateFact,
    Claim,
    ClaimState,
    FormerVersion,
    Hold,
    Passed,
    version_key,
)
from registry.fsck.departure import Departure
from registry.fsck.erased import Explained
from registry.fsck.replay import Replay
from registry.storage.facts import encode
from registry.storage.tables import (
    bundled,
    candidate,
    class_entry,
    credential,
    fact,
    hold,
    named_entry,
    open_claim,
    reservation,
)
from registry.subsidy import holds


def check_facts(connection: sa.Connection, replay: Replay) -> Iterator[Departure]:
    """The fact table is exactly the replay's facts: nothing more, nothing less, nothing else."""
    expected = replay.facts()
    for row in connection.execute(sa.select(fact)):
        where = f"fact {row.kind} {row.key}"
        known = expected.pop((row.kind, row.key), None)
        if known is None:
            yield Departure("FACT_EXTRA", where, "the log says nothing of this fact")
        elif encode(known[0]) != row.record:
            yield Departure("FACT_DIFFERS", where, "the log adds up to another fact")
        elif known[1] != row.seq:
            yield Departure("FACT_SEQ", where, "another leaf changed it last")
    for kind, key in expected:
        yield Departure("FACT_MISSING", f"fact {kind} {key}", "the log says it, the table does not")


def check_places(connection: sa.Connection, replay: Replay) -> Iterator[Departure]:
    """The three indexes into the log."""
    listed = set(connection.execute(sa.select(bundled.c.seq)).scalars())
    for seq in sorted(listed ^ replay.bundled):
        yield Departure("BUNDLED_DIFFERS", f"seq {seq}", "the index of bundled acts is wrong here")
    rows = {(row.class_id, row.seq) for row in connection.execute(sa.select(class_entry))}
    for class_id, seq in sorted(rows ^ replay.classes):
        where = f"class {class_id.hex()} seq {seq}"
        yield Departure("CLASS_ENTRY_DIFFERS", where, "the index of class acts is wrong here")
    named = {(row.subject, row.seq) for row in connection.execute(sa.select(named_entry))}
    for seq in sorted({seq for _, seq in named ^ replay.named}):
        yield Departure("NAMED_ENTRY_DIFFERS", f"seq {seq}", "the index by subject is wrong here")


def check_holds(
    connection: sa.Connection, replay: Replay, gone: Explained, nullifier_key: bytes
) -> Iterator[Departure]:
    """Each live claim has its one hold, of its own person, and there is no other."""
    live = {one.claim for one in replay.view.all(Hold) if not one.released}
    claims = {one.id: one for one in replay.view.all(Claim)}
    persons = {
        row.certificate: row.person
        for row in connection.execute(sa.select(reservation.c.certificate, reservation.c.person))
    }
    for row in connection.execute(sa.select(hold)):
        where = f"claim {row.claim.hex()}"
        claim = claims.get(row.claim)
        if claim is None or row.claim not in live:
            yield Departure("HOLD_EXTRA", where, "a hold without a live claim in the log")
            continue
        live.discard(row.claim)
        said = (claim.project_nullifier, claim.slot_nullifier, claim.project)
        held = (
            holds.project_nullifier(nullifier_key, row.person, row.project),
            holds.slot_nullifier(nullifier_key, row.person, row.slot),
            row.project,
        )
        holder = row.person if claim.certificate in gone.certificates else persons.get(claim.certificate)
        if said != held or holder != row.person:
            yield Departure("HOLD_DIFFERS", where, "the hold is not the one the claim names")
    for missing in sorted(live):
        yield Departure("HOLD_MISSING", f"claim {missing.hex()}", "a live claim holds nothing")


def check_open_claims(connection: sa.Connection, replay: Replay) -> Iterator[Departure]:
    """Every claim that waits stands in the list of its district once, and nothing else does."""
    waiting = {one.id: one for one in replay.view.all(Claim) if one.state is ClaimState.SUBMITTED}
    for row in connection.execute(sa.select(open_claim)):
        where = f"claim {row.claim.hex()}"
        claim = waiting.pop(row.claim, None)
        if claim is None:
            yield Departure("OPEN_CLAIM_EXTRA", where, "the log has no such claim that waits")
        elif (row.district, row.submitted_ms) != (claim.district, claim.submitted_ms):
            yield Departure("OPEN_CLAIM_DIFFERS", where, "district or time is not that of the claim")
        elif replay.committed.get(row.statement) != replay.changed[Claim, claim.key]:
            yield Departure("OPEN_CLAIM_DIFFERS", where, "the statement is not the one that submitted it")
    for missing in sorted(waiting):
        yield Departure("OPEN_CLAIM_MISSING", f"claim {missing.hex()}", "no district is shown this claim")


def check_reservations(connection: sa.Connection, replay: Replay, gone: Explained) -> Iterator[Departure]:
    """What was issued or voided was reserved so, and every reservation is for a passed candidate."""
    passed = {(one.class_id, one.candidate): one for one in replay.view.all(Passed)}
    certificates = {one.id: one for one in replay.view.all(CertificateFact)}
    persons = {(row.class_id, row.candidate): row.person for row in connection.execute(sa.select(candidate))}
    found = set()
    for row in connection.execute(sa.select(reservation)):
        place = (row.class_id, row.candidate)
        where = f"reservation {row.certificate.hex()}"
        found.add(place)
        known = passed.get(place)
        if known is None:
            yield Departure("RESERVATION_EXTRA", where, "reserved for somebody who did not pass")
        elif known.certificate not in (None, row.certificate):
            yield Departure("RESERVATION_DIFFERS", where, "another certificate was issued to the candidate")
        elif known.certificate is not None:
            issued = _first(replay, certificates[row.certificate])
            if (issued.status_list, issued.status_index) != (row.status_list, row.status_index):
                yield Departure("RESERVATION_DIFFERS", where, "the certificate has another status place")
        if persons.get(place) != row.person:
            yield Departure("RESERVATION_PERSON", where, "the reservation is another person's")
    for place, one in sorted(passed.items()):
        if (one.voided or one.certificate is not None) and place not in found | gone.candidates:
            yield Departure(
                "RESERVATION_MISSING",
                f"class {place[0].hex()} candidate {place[1].hex()}",
                "a number was issued or voided that nobody reserved",
            )


def _first(replay: Replay, fact: CertificateFact) -> CertificateFact | FormerVersion:
    """What a reservation was for: the first version, which a later one may have replaced."""
    return replay.view.get(FormerVersion, version_key(fact.id, 1)) or fact


def check_credentials(connection: sa.Connection, replay: Replay, gone: Explained) -> Iterator[Departure]:
    """A credential for each certificate whose holder was not erased, and no other."""
    kept = set(connection.execute(sa.select(credential.c.certificate)).scalars())
    logged = {one.id for one in replay.view.all(CertificateFact)}
    for one in sorted(logged - kept - gone.certificates):
        yield Departure("CREDENTIAL_MISSING", f"certificate {one.hex()}", "the credential is gone")
    for one in sorted(kept - logged):
        yield Departure("CREDENTIAL_EXTRA", f"certificate {one.hex()}", "the log knows no such certificate")
