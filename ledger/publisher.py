"""Door: writes the log's files (C2SP tlog-tiles) and signs its checkpoint; all others only read them.

Promises: files are a pure function of the rows, so a run broken off anywhere is simply run again; nothing is
signed before all bytes are durable, read back and folded to the root; a signed checkpoint never goes back and
never gets a second root. The signed note goes into the lock store before anybody sees it, by
compare-and-swap, so this holds also for two publishers with a directory each. One publisher at a time in a
directory (flock).
May not know: databases, what an entry says, clocks, witnesses.

Order of a run: compare lock store and `checkpoint`; show what was signed and not yet shown; write, sync, read
back, fold; sign; swap; show. SPEC.md lists what each file may look like to a reader in between.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path

from ledger import merkle
from ledger.checkpoint import Checkpoint, CosignerKey, open_checkpoint
from ledger.cosigned import merged, shown
from ledger.errors import ProofFailed, Refused
from ledger.filling import CHECKPOINT as CHECKPOINT
from ledger.filling import MAX_READ, ReadLeaves, fill, frontier_at, last_bundle, read_entries
from ledger.lock_store import LockStore
from ledger.log_directory import Site, locked, require
from ledger.merkle import MAX_SIZE
from ledger.note import NoteKey, NoteSigner, SignatureLine, parse_note, sign_note
from ledger.partial_files import remember, tidy

CHECKPOINT_FULL = "checkpoint.full"


def publish(
    directory: Path,
    *,
    origin: str,
    size: int,
    read_leaves: ReadLeaves,
    signer: NoteSigner,
    lock: LockStore,
    rebuild: bool = False,
    tidy_before: float = math.inf,
) -> Checkpoint:
    """Publish the first `size` entries under `directory` and return their checkpoint.

    `checkpoint` is replaced last. At the published size nothing is signed: the rows of the last bundle are
    compared, its files written again where missing, and `checkpoint` stays as it is, cosignatures included.
    `rebuild` goes over every file from entry 0. Partial files written before `tidy_before` (POSIX seconds) go
    once their full file is published.

    Raises Refused PUBLISH_* or SIGNED_ELSEWHERE; ProofFailed ROWS_MISSING, ROWS_DEPART, SIGNED_TWICE,
    LOCK_STORE_BEHIND, PUBLISHED_BYTES_DIFFER or PUBLISHED_ROOT_DIFFERS; Unavailable PUBLISHER_BUSY,
    LOG_DIRECTORY, LOCK_STORE, LOCK_STORE_MISSING or TILE_MISSING; and what `open_checkpoint` raises for a
    checkpoint that is not by this signer.
    """
    if signer.name != origin:
        raise Refused("PUBLISH_ORIGIN", "The log's key must bear the origin as its name.")
    if not 0 <= size <= MAX_SIZE:
        raise Refused("PUBLISH_SIZE", "A tree size is a whole number below 2^63.")
    with locked(directory) as site:
        public = _opened(site.read(CHECKPOINT), signer)
        held = lock.read()
        signed = _opened(held, signer)
        _compare(public, signed, size)
        start = 0 if rebuild else last_bundle(public)
        # Before anything is written: a database that departs must not leave its bytes beside the log's.
        _check_rows(site, start, public, signed, read_leaves)
        if held is not None and signed is not None and signed != public:
            # A run broke off after its swap, or another host signed: these rows are under that note.
            root = fill(site, start, signed.size, public, read_leaves)
            require(root == signed.root, "PUBLISHED_ROOT_DIFFERS", CHECKPOINT)
            _expose(site, held, public, signed, tidy_before)
            public = signed
        root = fill(site, start, size, public, read_leaves)
        if public is not None and size == public.size:
            tidy(site, size, before=tidy_before)
            return public
        checkpoint = Checkpoint(origin, size, root)
        note = sign_note(checkpoint.body(), [signer])
        # Crash here: newer files beside the checkpoint, which the next run finds equal.
        lock.swap(old=held, new=note)
        # Crash here: signed, and shown by the next run, whichever publisher it is of.
        _expose(site, note, public, checkpoint, tidy_before)
        return checkpoint


def add_cosignatures(
    directory: Path,
    *,
    body: str,
    lines: Sequence[SignatureLine],
    log_keys: Collection[NoteKey],
    cosigners: Collection[CosignerKey],
) -> bytes:
    """Puts witnesses' lines under the published checkpoint with this body; the full note, as it now stands.

    `checkpoint.full` has the newest line of each of `cosigners`, `checkpoint` the freshest that fit.
    Raises Refused CHECKPOINT_MOVED_ON when another body is published; BadSignature for a line that is not by
    one of `cosigners` over this body; Unavailable PUBLISHER_BUSY or LOG_DIRECTORY.
    """
    with locked(directory) as site:
        now = site.read(CHECKPOINT)
        note = None if now is None else parse_note(now)
        if note is None or note.text != body:
            raise Refused("CHECKPOINT_MOVED_ON", "Another checkpoint is published by now.", fix="Ask again.")
        raw = site.read(CHECKPOINT_FULL)
        full = None if raw is None else parse_note(raw)
        # A run that broke off between the two files leaves them at different sizes.
        if full is not None and full.text == body:
            note = note.with_lines([line for line in full.signatures if line not in note.signatures])
        note = merged(note, lines, log_keys=log_keys, cosigners=cosigners)
        site.replace(CHECKPOINT_FULL, note.render())
        site.replace(CHECKPOINT, shown(note).render())
        return note.render()


def _opened(raw: bytes | None, signer: NoteSigner) -> Checkpoint | None:
    return None if raw is None else open_checkpoint(raw, log_keys=[signer.key]).checkpoint


def _compare(public: Checkpoint | None, signed: Checkpoint | None, size: int) -> None:
    """What was signed before against each other and against the number of rows."""
    if public is not None and (signed is None or signed.size < public.size):
        raise ProofFailed(
            "LOCK_STORE_BEHIND",
            "The published checkpoint is newer than the one in the lock store.",
            where="MALAN_LOCK_STORE",
            fix="Find the right store; if it is lost: `malan publish --new-lock-store`, as the guide says.",
        )
    if public is not None and signed is not None and signed.size == public.size and signed != public:
        raise ProofFailed(
            "SIGNED_TWICE",
            "Published checkpoint and lock store have one size and two roots, both under the log's key.",
            fix="Stop every publisher; keep both notes, they are evidence; ask the districts what they saw.",
        )
    if signed is not None and size < signed.size:
        raise Refused(
            "PUBLISH_BACKWARDS",
            "A larger checkpoint is signed already.",
            fix="Restore the missing rows; never sign a smaller log.",
        )


def _check_rows(
    site: Site, start: int, public: Checkpoint | None, signed: Checkpoint | None, read_leaves: ReadLeaves
) -> None:
    """The rows from `start` on must fold to the roots that were signed."""
    frontier = frontier_at(site, start, public)
    for checkpoint in (public, signed):
        if checkpoint is None:
            continue
        for first in range(frontier.size, checkpoint.size, MAX_READ):
            for entry in read_entries(read_leaves, first, min(first + MAX_READ, checkpoint.size)):
                frontier.append(merkle.leaf_hash(entry))
        if frontier.root() != checkpoint.root:
            raise ProofFailed(
                "ROWS_DEPART",
                "The rows, or the files before them, do not lead to a root that was signed.",
                where=f"entries {start} to {checkpoint.size}",
                fix="Run fsck; restore the rows or the files that departed.",
            )


def _expose(site: Site, note: bytes, before: Checkpoint | None, now: Checkpoint, tidy_before: float) -> None:
    """Shows a note that is in the lock store; its files are durable."""
    base = 0 if before is None else before.size
    waiting = tidy(site, base, before=tidy_before)
    remember(site, base=base, size=now.size, waiting=waiting)
    site.replace(CHECKPOINT_FULL, note)
    # Crash here: `checkpoint.full` is of the newer size alone; its files are all there.
    site.replace(CHECKPOINT, note)
    # Crash here: partial files that nobody needs stay; `.tidy` tells the next run where.
    tidy(site, now.size, before=tidy_before)
