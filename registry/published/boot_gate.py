"""Door: whether a checkpoint our key signed is ahead of the database (design 21).

Asked at the start and before each publication. Looked at: lock store, published checkpoint, the one in the
trust bundle, and what witnesses hold, which the caller fetches. Promises: larger than the database, or
another root at its size, is ahead, also when the database was regrown past it; what cannot be reached, or is
not signed by our key, is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import structlog

from issuers.bundle import BYTES_MAX, open_parts
from issuers.files import read_file
from ledger.ahead import BACKWARDS, DEPART, find_ahead
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import MalanError, Unavailable
from ledger.note import MAX_NOTE_BYTES, Note, parse_note
from ledger.publisher import CHECKPOINT, CHECKPOINT_FULL
from ledger.store import read_head, read_leaves
from registry.service import Service, note_signer

AHEAD: Final = frozenset({BACKWARDS, DEPART, "PUBLISHED_ROOT_DIFFERS", "SIGNED_TWICE"})
"""What stops appending, not publishing alone."""

LOCK_STORE: Final = "lock store"

Witnessed: TypeAlias = Callable[[], Sequence[bytes]]
"""The signed checkpoints that witnesses hold; whoever cannot be reached gives none. May raise MalanError."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint our key signed, where it was found, and its note with our line alone."""

    checkpoint: Checkpoint
    where: str
    note: bytes


def nobody() -> Sequence[bytes]:
    """No witness is asked."""
    return ()


def check_not_ahead(service: Service, *, witnessed: Witnessed = nobody) -> None:
    """Raises Unavailable LOG_AHEAD; `where` is the reason and the place of the checkpoint that shows it."""
    check_known(service, [*known_here(service), *known_elsewhere(service, witnessed)])


def check_known(service: Service, known: Sequence[Known]) -> None:
    """As `check_not_ahead`, for these checkpoints and, where there are any, the published one."""
    if not known:
        return
    directory = service.settings.log_directory
    public = _public(service)
    known = known if public is None else [public, *known]
    with service.database.reading() as connection:
        size = read_head(connection, service.origin).size
    found = find_ahead(
        [one.checkpoint for one in known],
        size=size,
        public=None if public is None else public.checkpoint,
        fetch=lambda path: (directory / path).read_bytes(),
        read_leaves=lambda start, stop: _rows(service, start, stop),
    )
    if found is not None:
        checkpoint, code = found
        places = sorted({one.where for one in known if one.checkpoint == checkpoint})
        raise ahead(code, where=f"{code}: {', '.join(places)}, size {checkpoint.size}")


def ahead(code: str, *, where: str = "") -> Unavailable:
    """The alarm of decision 21."""
    return Unavailable(
        "LOG_AHEAD",
        "the published log holds what the database does not: nothing is appended, reading goes on",
        where=where or code,
        fix="Stop, run `malan fsck`, restore a newer backup, then `malan rebuild` the rows it still misses.",
    )


def known_here(service: Service) -> list[Known]:
    """What our own machine holds."""
    return [one for where, raw in _here(service) if (one := _opened(service, where, raw)) is not None]


def known_elsewhere(service: Service, witnessed: Witnessed) -> list[Known]:
    """What witnesses hold."""
    try:
        notes = witnessed()
    except MalanError as error:
        log.warning("witnesses_not_asked", code=error.code)
        return []
    return [one for raw in notes if (one := _opened(service, "witness", raw)) is not None]


def _public(service: Service) -> Known | None:
    raw = _read(service.settings.log_directory / CHECKPOINT, MAX_NOTE_BYTES)
    return None if raw is None else _opened(service, CHECKPOINT, raw)


def _here(service: Service) -> Iterator[tuple[str, bytes]]:
    settings = service.settings
    for name in (CHECKPOINT, CHECKPOINT_FULL):
        raw = _read(settings.log_directory / name, MAX_NOTE_BYTES)
        if raw is not None:
            yield name, raw
    try:
        held = service.lock.read()
    except MalanError as error:
        log.warning("lock_store_not_read", code=error.code)  # publishing makes it an alarm
    else:
        if held is not None:
            yield LOCK_STORE, held
    bundle = _read(settings.home / "trust.cbor", BYTES_MAX)
    if bundle is not None:
        try:
            yield "trust.cbor", open_parts(bundle).bundle.checkpoint
        except MalanError as error:
            log.warning("bundle_not_read", code=error.code)


def _read(path: Path, bytes_max: int) -> bytes | None:
    try:
        return read_file(path, bytes_max=bytes_max) if path.exists() else None
    except MalanError as error:
        log.warning("published_file_not_read", name=path.name, code=error.code)
        return None


def _opened(service: Service, where: str, raw: bytes) -> Known | None:
    key = note_signer(service).key
    try:
        checkpoint = open_checkpoint(raw, log_keys=[key]).checkpoint
    except MalanError as error:
        log.warning("checkpoint_not_ours", where=where, code=error.code)
        return None
    note = parse_note(raw)
    own = Note(note.text, tuple(line for line in note.signatures if line.is_by(key))[:1])
    return Known(checkpoint, where, own.render())


def _rows(service: Service, start: int, stop: int) -> Sequence[bytes]:
    with service.database.reading() as connection:
        return read_leaves(connection, start, stop)
