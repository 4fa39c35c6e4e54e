"""Door: a witness that asks the log, for offices nobody can reach from outside, and may mirror it.

Promises: the same judgement as over HTTP (`answering.add_checkpoint`); where it mirrors, nothing is cosigned
that this witness does not hold in full; the line goes back to the log as a note, and where the log does not
take it, it lies in the folder to be carried. What the log says is believed only as far as it is proved.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import httpx

from ledger.add_checkpoint import NOTE_TYPE, AddCheckpoint
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import MalanError, ProofFailed, Refused, Unavailable
from ledger.filling import CHECKPOINT
from ledger.merkle import consistency_proof
from ledger.tiles import TileReader
from ledger.witnessing import authenticate, check_follows
from verify.source import Source
from verify.wire import Wire
from verify.witness.answering import Clock, OldSize, add_checkpoint
from verify.witness.home import Home
from verify.witness.mirror import Progress, follow
from verify.witness.state import Head

COSIGNATURES: Final = "/api/cosignatures"
"""Where the service takes lines: beside its log, on the same host."""

PARTIALS_KEPT_SECONDS: Final = 86_400
_DELIVERY_SECONDS: Final = 10.0
_ANSWER_BYTES_MAX: Final = 65_536  # of no interest but its status


def pull(home: Home, origin: str, source: Source, *, now: Clock, mirror: Progress | None = None) -> Head:
    """Cosigns the checkpoint the log shows, if it continues the last; the head as it now stands.

    `now` is asked when it is signed, however long the log made us wait before. `mirror`: keep every entry
    first, and tell this how far it is. Raises as `add_checkpoint` and `follow`;
    Unavailable PULL_NO_CHECKPOINT or TILE_MISSING; ProofFailed PULL_BACKWARDS.
    """
    request, backwards = _request(home, origin, source)
    if mirror is not None and _continues(home, request, origin):
        # What does not continue is not mirrored: the answer below is then a refusal, with evidence kept.
        follow(
            home.mirror(origin),
            request.note,
            keys=tuple(home.witness.logs[origin]),
            fetch=source.fetch,
            tidy_before=now() - PARTIALS_KEPT_SECONDS,
            progress=mirror,
        )
    try:
        add_checkpoint(home.witness, request, now=now)
    except OldSize as error:
        if not backwards:
            raise
        raise ProofFailed(
            "PULL_BACKWARDS",
            "the log shows an older checkpoint than the one cosigned last",
            fix="An old copy, or a log that went back. If it stays so, tell the city.",
        ) from error
    home.show(origin)
    head = home.witness.state.latest(origin)
    assert head is not None
    return head


def delivery_place(log_url: str) -> str | None:
    """Where the lines of a log at this URL go; None for a directory."""
    parts = urlsplit(log_url)
    if parts.scheme not in ("http", "https"):
        return None
    return f"{parts.scheme}://{parts.netloc}{COSIGNATURES}"


def deliver(note: bytes, place: str, *, transport: httpx.BaseTransport | None = None) -> None:
    """Sends the cosigned note. Raises Unavailable DELIVERY: the log did not take it, or did not answer."""
    try:
        with Wire(transport=transport) as wire:
            status, _ = wire.ask(
                "POST",
                place,
                seconds=_DELIVERY_SECONDS,
                bytes_max=_ANSWER_BYTES_MAX,
                body=note,
                headers={"content-type": NOTE_TYPE},
            )
    except Unavailable as error:
        raise _not_taken("the log does not answer") from error
    if not 200 <= status < 300:
        raise _not_taken(f"the log answers {status}")


def _request(home: Home, origin: str, source: Source) -> tuple[AddCheckpoint, bool]:
    """What a log would ask of us, made from what it shows; and whether that is less than we cosigned."""
    keys = home.witness.logs.get(origin)
    if not keys:
        raise Refused("WITNESS_UNKNOWN_LOG", "this witness does not watch that log", fix="See logs.txt.")
    note = source.fetch(CHECKPOINT)
    if note is None:
        raise Unavailable("PULL_NO_CHECKPOINT", "the log shows no checkpoint yet", fix="Ask again later.")
    checkpoint = open_checkpoint(note, log_keys=keys).checkpoint
    latest = home.witness.state.latest(origin)
    size = 0 if latest is None else latest.checkpoint.size
    # A smaller one is asked for as well: the refusal keeps it, if we cosigned another of its size.
    old = min(size, checkpoint.size)
    return AddCheckpoint(old, _proof(source, old, checkpoint), note), old < size


def _proof(source: Source, old: int, checkpoint: Checkpoint) -> tuple[bytes, ...]:
    if not 0 < old < checkpoint.size:
        return ()
    reader = TileReader(size=checkpoint.size, fetch=source.fetch)
    return tuple(consistency_proof(old=old, new=checkpoint.size, read=reader.read))


def _continues(home: Home, request: AddCheckpoint, origin: str) -> bool:
    latest = home.witness.state.latest(origin)
    try:
        asked = authenticate(request, logs=home.witness.logs)
        check_follows(asked, latest=None if latest is None else latest.checkpoint)
    except MalanError:
        return False
    return True


def _not_taken(what: str) -> Unavailable:
    return Unavailable(
        "DELIVERY",
        what,
        fix="The cosigned checkpoint lies in the folder; carry it, or wait for the next round.",
    )
