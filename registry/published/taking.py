"""Door: takes witnesses' lines under checkpoints of ours, from whoever brings them.

Promises: a line is kept only if it is by a witness of the policy that judges that size, over a checkpoint
this service published, and verifies; what a quorum makes final, or puts in force, is on disk before the
answer. Several processes may take lines at once. Source: c2sp.org/tlog-witness; design decision 9.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from issuers.files import read_file
from ledger.checkpoint import open_checkpoint, parse_checkpoint
from ledger.cosigned import merged
from ledger.errors import MalanError, Refused
from ledger.note import MAX_NOTE_BYTES, Note, NoteKey, SignatureLine, parse_note
from ledger.policy import satisfied
from ledger.publisher import CHECKPOINT_FULL, add_cosignatures
from ledger.succession import Term, policy_at
from registry.published.finality import log_keys, terms_now, terms_with
from registry.service import Service

NOTE_BYTES_MAX: Final = 32_768  # a checkpoint with a hundred lines
_TRIES, _PAUSE_SECONDS = 20, 0.05  # the publisher has the log's folder for a moment only


@dataclass(frozen=True, slots=True)
class Taken:
    """The checkpoint's size, how many witnesses of its policy cosigned it by now, and if they are enough."""

    size: int
    cosigned: int
    witnesses: int
    needed: int
    final: bool


def take_note(service: Service, raw: bytes) -> Taken:
    """As `take_lines`, for a checkpoint with cosignatures. Raises Malformed of notes as well."""
    note = parse_note(raw)
    with service.database.reading() as connection:
        own = log_keys(service, connection)
    return take_lines(service, note.text, [line for line in note.signatures if not _is_ours(line, own)])


def take_lines(service: Service, body: str, lines: Sequence[SignatureLine]) -> Taken:
    """Keeps the lines under the checkpoint with this body.

    Raises Malformed of checkpoints; Refused NO_WITNESSES, COSIGNATURES_NONE or CHECKPOINT_OTHER (not one
    published of late); BadSignature WRONG_KEY or SIGNATURE; Unavailable FILE_WRITE.
    """
    size = parse_checkpoint(body).size
    if policy_at(_known(service)[0], size).needed == 0:
        raise Refused("NO_WITNESSES", "no witness of this log is in force")
    if not lines:
        raise Refused("COSIGNATURES_NONE", "the note bears no line but the log's own")
    with service.witnessed.locked():
        # Again, under the lock: another process may just have put a newer set in force.
        terms, keys = _known(service)
        policy = policy_at(terms, size)
        held = service.witnessed.recent(size)
        if held is None or parse_note(held).text != body:
            raise Refused(
                "CHECKPOINT_OTHER", "no checkpoint published here of late is this one", fix="Ask again."
            )
        note = merged(parse_note(held), lines, log_keys=keys, cosigners=policy.cosigner_keys)
        service.witnessed.keep(size, note.render())
        names = _names(note, terms, keys)
        if satisfied(policy, names):
            _conclude(service, note, size, terms)
    show(service, note, terms, keys)
    return Taken(size, len(names), policy.witness_count, policy.needed, satisfied(policy, names))


def keep_published(service: Service) -> None:
    """After a publication: the checkpoint is kept for the lines that may come, and shows those that came.

    Nothing is kept while no witness is in force. Raises Unavailable FILE_WRITE, FILE_READ.
    """
    terms, keys = _known(service)
    if terms[-1].policy.needed == 0:
        return
    public = parse_note(service.log.checkpoint())
    size = parse_checkpoint(public.text).size
    with service.witnessed.locked():
        raw = service.witnessed.recent(size)
        held = None if raw is None else parse_note(raw)
        if held is None or held.text != public.text:
            service.witnessed.keep(size, public.render())
            return
    if set(_full(service, public).signatures) < set(held.signatures):
        show(service, held, terms, keys)


def show(service: Service, note: Note, terms: tuple[Term, ...], keys: Sequence[NoteKey]) -> None:
    """Puts the lines under the published checkpoint, if it is still this one.

    Where the publisher has the folder, or died between two files, its next run shows them.
    """
    cosigners = policy_at(terms, parse_checkpoint(note.text).size).cosigner_keys
    lines = [line for line in note.signatures if any(line.is_by(key) for key in cosigners)]
    for _ in range(_TRIES):
        try:
            add_cosignatures(
                service.settings.log_directory,
                body=note.text,
                lines=lines,
                log_keys=keys,
                cosigners=cosigners,
            )
        except MalanError as error:
            if error.code != "PUBLISHER_BUSY":
                return
        else:
            return
        time.sleep(_PAUSE_SECONDS)


def _known(service: Service) -> tuple[tuple[Term, ...], tuple[NoteKey, ...]]:
    """The terms as they are now, and the keys of the log. Raises as `terms_now`."""
    with service.database.reading() as connection:
        return terms_now(service, connection), log_keys(service, connection)


def _conclude(service: Service, note: Note, size: int, terms: tuple[Term, ...]) -> None:
    """Under the lock: a checkpoint under a quorum is final, and may put a newer set in force."""
    former, raw = service.witnessed.final(), note.render()
    if former is None or parse_checkpoint(parse_note(former).text).size <= size:
        service.witnessed.keep_final(raw)
    if size <= terms[-1].above:
        return  # lines that come late would put a set that was passed over in force for sizes that were final
    with service.database.reading() as connection:
        handed_over = len(terms_with(service, connection, raw)) > len(terms)
    if handed_over:
        service.witnessed.keep_handover(raw)


def _full(service: Service, public: Note) -> Note:
    """The published checkpoint with every line it shows anywhere."""
    try:
        full = parse_note(
            read_file(service.settings.log_directory / CHECKPOINT_FULL, bytes_max=MAX_NOTE_BYTES)
        )
    except MalanError:
        return public
    return full if full.text == public.text else public


def _names(note: Note, terms: tuple[Term, ...], keys: Sequence[NoteKey]) -> list[str]:
    policy = policy_at(terms, parse_checkpoint(note.text).size)
    opened = open_checkpoint(note.render(), log_keys=keys, cosigners=policy.cosigner_keys)
    return [one.name for one in opened.cosignatures]


def _is_ours(line: SignatureLine, keys: Sequence[NoteKey]) -> bool:
    return any(line.is_by(key) for key in keys)
