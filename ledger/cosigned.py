"""Which signature lines a checkpoint shows: at most 16 at `checkpoint`, all at `checkpoint.full`. Pure.

C2SP asks clients to accept 16 lines, and no more. The log's own lines come first, then the freshest
cosignatures: a quorum of 11 fits with room to spare, sixteen witnesses do not.

Source: c2sp.org/tlog-checkpoint@v1.0.0, c2sp.org/signed-note@v1.0.0 (verifiers accept at least 16 lines).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ledger.checkpoint import CosignerKey, check_cosignature, open_checkpoint
from ledger.errors import BadSignature
from ledger.note import Note, NoteKey, SignatureLine

LINES_MAX = 16


def merged(
    note: Note,
    lines: Sequence[SignatureLine],
    *,
    log_keys: Collection[NoteKey],
    cosigners: Collection[CosignerKey],
) -> Note:
    """The note with these cosignatures as well: one line a cosigner, the newest, freshest first.

    The log's lines stay on top; a line of nobody known falls away. Raises BadSignature WRONG_KEY or SIGNATURE
    for a new line that is not a cosignature of this text by one of `cosigners`; as `open_checkpoint`.
    """
    open_checkpoint(note.render(), log_keys=log_keys)
    known = {(key.name, key.key_id): key for key in cosigners}
    newest: dict[tuple[str, bytes], tuple[int, SignatureLine]] = {}
    for line in (*note.signatures, *lines):
        place = (line.name, line.key_id)
        if place not in known:
            if line in lines:
                raise BadSignature("WRONG_KEY", "The line is by no cosigner of this log.")
            continue
        time = check_cosignature(note.text, line, known[place])
        if place not in newest or newest[place][0] < time:
            newest[place] = time, line
    own = [line for line in note.signatures if any(line.is_by(key) for key in log_keys)]
    fresh = sorted(newest.values(), key=lambda one: (-one[0], one[1].name))
    return Note(note.text, (*own, *(line for _, line in fresh)))


def shown(full: Note) -> Note:
    """The first 16 lines of what `merged` made."""
    return Note(full.text, full.signatures[:LINES_MAX])
