"""Door: whoever wants cosignatures asks the witnesses, all at once, and understands what they answer.

Promises: nobody waits for the slowest longer than the limit; a line is believed only if it verifies under the
witness's key over the checkpoint that was sent; a refusal is told apart from no answer, and a witness that
saw another history is named with the head it shows, which is then proof for everybody (`ledger.heads`).
Understood beside c2sp.org/tlog-witness as it stands: 409 with no size (version 1.0.0: same size, other root),
403 for an unknown log, 429 for too much. Redirects are not followed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import httpx

from ledger.add_checkpoint import (
    LINES_BYTES_MAX,
    NOTE_TYPE,
    AddCheckpoint,
    origin_hash,
    parse_lines,
    parse_size,
)
from ledger.checkpoint import Checkpoint, check_cosignature, open_checkpoint
from ledger.errors import MalanError, Unavailable
from ledger.heads import Seen, see
from ledger.merkle import consistency_proof
from ledger.note import MAX_NOTE_BYTES, MAX_SIGNATURES, NoteKey, SignatureLine, parse_note
from ledger.policy import Witness
from ledger.tiles import Fetch, TileReader
from verify.wire import Wire, is_address

SECONDS: Final = 5.0
"""For all that is said with one witness about one checkpoint."""

_TRIES: Final = 3
_ANSWER_BYTES_MAX: Final = max(LINES_BYTES_MAX, MAX_NOTE_BYTES)
_UNKNOWN_LOG: Final = frozenset({403, 404})
_BUSY: Final = frozenset({429, 500, 502, 503, 504})

UNREACHABLE: Final = "WITNESS_UNREACHABLE"
BUSY: Final = "WITNESS_BUSY"
CONFLICT: Final = "WITNESS_CONFLICT"
AHEAD: Final = "WITNESS_AHEAD"
REFUSES: Final = "WITNESS_REFUSES"
ANSWER: Final = "WITNESS_ANSWER"


@dataclass(frozen=True, slots=True)
class Answered:
    """What one witness said: a verified `line`, or the code of why not.

    WITNESS_CONFLICT: it knows another history; WITNESS_AHEAD: a longer one. `head`: what it shows in its
    place, once under the log's key. `size`: what it cosigned last, as far as is known.
    """

    witness: Witness
    line: SignatureLine | None = None
    code: str | None = None
    size: int | None = None
    head: Seen | None = None


@dataclass(slots=True)
class Sizes:
    """What each witness cosigned last, kept from one checkpoint to the next; any thread may use it."""

    _known: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, witness: Witness) -> int:
        """0 where nothing is known: the answer then names the size."""
        with self._lock:
            return self._known.get(witness.key.name, 0)

    def learn(self, witness: Witness, size: int) -> None:
        """As the witness says."""
        with self._lock:
            self._known[witness.key.name] = size


def ask_all(
    note: bytes,
    *,
    log_keys: Collection[NoteKey],
    fetch: Fetch,
    witnesses: Sequence[Witness],
    sizes: Sizes,
    seconds: float = SECONDS,
    transport: httpx.BaseTransport | None = None,
) -> list[Answered]:
    """Asks every witness that has an address to cosign a published checkpoint; the answers, in their order.

    `fetch` reads the log's tiles. Raises as `open_checkpoint` for a note the log's keys did not sign, and
    Unavailable TILE_MISSING where a tile of our own log is gone.
    """
    checkpoint = open_checkpoint(note, log_keys=log_keys).checkpoint
    proofs = _Proofs(checkpoint, fetch)

    def ask(witness: Witness) -> Answered:
        if not is_address(witness.url or ""):
            return Answered(witness, code=UNREACHABLE)
        with Wire(transport=transport) as wire:
            asking = _Asking(wire, witness, note, checkpoint, log_keys, time.monotonic() + seconds)
            return asking.ask(sizes, proofs)

    return _each(ask, [one for one in witnesses if one.url is not None])


def heads_of(
    witnesses: Sequence[Witness],
    *,
    origin: str,
    log_keys: Collection[NoteKey],
    seconds: float = SECONDS,
    transport: httpx.BaseTransport | None = None,
) -> list[Answered]:
    """What each witness with an address shows as its newest head of the log (the monitoring GET)."""

    def look(witness: Witness) -> Answered:
        if not is_address(witness.url or ""):
            return Answered(witness, code=UNREACHABLE)
        with Wire(transport=transport) as wire:
            return _head(wire, witness, origin, log_keys, time.monotonic() + seconds)

    return _each(look, [one for one in witnesses if one.url is not None])


class _Proofs:
    """The proof from each old size is made once, whoever asks first."""

    def __init__(self, checkpoint: Checkpoint, fetch: Fetch) -> None:
        self._new = checkpoint.size
        self._reader = TileReader(size=checkpoint.size, fetch=fetch)
        self._made: dict[int, tuple[bytes, ...]] = {}
        self._lock = threading.Lock()

    def since(self, old: int) -> tuple[bytes, ...]:
        """Raises Unavailable TILE_MISSING, and what `fetch` raises."""
        with self._lock:
            if old not in self._made:
                plain = not 0 < old < self._new
                read = self._reader.read
                self._made[old] = () if plain else tuple(consistency_proof(old=old, new=self._new, read=read))
            return self._made[old]


@dataclass(frozen=True, slots=True)
class _Asking:
    """One witness, one checkpoint."""

    wire: Wire
    witness: Witness
    note: bytes
    checkpoint: Checkpoint
    log_keys: Collection[NoteKey]
    deadline: float

    def ask(self, sizes: Sizes, proofs: _Proofs) -> Answered:
        old = min(sizes.get(self.witness), self.checkpoint.size)
        for _ in range(_TRIES):
            request = AddCheckpoint(old, proofs.since(old), self.note)
            answer = _exchange(
                self.wire,
                "POST",
                f"{_address(self.witness)}/add-checkpoint",
                self.deadline,
                request.render(),
            )
            if answer is None:
                return Answered(self.witness, code=UNREACHABLE)
            status, body = answer
            if status == 200:
                return self._cosigned(body, sizes)
            if status != 409:
                return self._refused(status)
            size = _size(body)
            if size is None or size == old:
                # No size: version 1.0.0 for another root. Our own size: it contradicts itself, or lies.
                return self._refused(422 if size is None else status)
            sizes.learn(self.witness, size)
            if size > self.checkpoint.size:
                return self._told(AHEAD, size=size)
            old = size
        return Answered(self.witness, code=BUSY, size=old)  # others advance it faster than we ask

    def _cosigned(self, body: bytes, sizes: Sizes) -> Answered:
        text = parse_note(self.note).text
        try:
            for line in parse_lines(body):
                if line.is_by(self.witness.key):
                    check_cosignature(text, line, self.witness.key)
                    sizes.learn(self.witness, self.checkpoint.size)
                    return Answered(self.witness, line, size=self.checkpoint.size)
        except MalanError:
            pass
        return Answered(self.witness, code=ANSWER)

    def _refused(self, status: int) -> Answered:
        if status in _BUSY:
            return Answered(self.witness, code=BUSY)
        if status in _UNKNOWN_LOG:
            return Answered(self.witness, code=REFUSES)
        return self._told(CONFLICT if status == 422 else ANSWER)

    def _told(self, code: str, *, size: int | None = None) -> Answered:
        """With the head it shows, which is what makes its word evidence."""
        shown = _head(self.wire, self.witness, self.checkpoint.origin, self.log_keys, self.deadline)
        return Answered(self.witness, code=code, size=size, head=shown.head)


def _head(
    wire: Wire, witness: Witness, origin: str, log_keys: Collection[NoteKey], deadline: float
) -> Answered:
    place = f"{_address(witness)}/{origin_hash(origin)}/checkpoint"
    answer = _exchange(wire, "GET", place, deadline)
    if answer is None:
        return Answered(witness, code=UNREACHABLE)
    status, body = answer
    if status != 200:
        return Answered(witness, code=REFUSES if status in _UNKNOWN_LOG else BUSY)
    try:
        head = see(body, where=witness.name, origin=origin, keys=log_keys)
        own = [line for line in parse_note(body).signatures if line.is_by(witness.key)]
        for line in own[:1]:
            check_cosignature(parse_note(body).text, line, witness.key)
    except MalanError:
        return Answered(witness, code=ANSWER)
    # A head without its own line is still one the log's key signed.
    return Answered(witness, own[0] if own else None, size=head.checkpoint.size, head=head)


def _exchange(
    wire: Wire, method: str, url: str, deadline: float, body: bytes | None = None
) -> tuple[int, bytes] | None:
    """Status and body; None for no answer in time, or one that is too long."""
    left = deadline - time.monotonic()
    if left <= 0:
        return None
    headers = {"content-type": NOTE_TYPE} if body is not None else None
    try:
        answer = wire.ask(method, url, seconds=left, bytes_max=_ANSWER_BYTES_MAX, body=body, headers=headers)
    except Unavailable:
        return None
    return None if len(answer[1]) > _ANSWER_BYTES_MAX else answer


def _size(body: bytes) -> int | None:
    try:
        return parse_size(body)
    except MalanError:
        return None


def _address(witness: Witness) -> str:
    assert witness.url is not None
    return witness.url.rstrip("/")


def _each(ask: Callable[[Witness], Answered], witnesses: Sequence[Witness]) -> list[Answered]:
    if not witnesses:
        return []
    # As many as a note has lines: a policy may name thousands, and a thread each would be too many.
    with ThreadPoolExecutor(min(len(witnesses), MAX_SIGNATURES), thread_name_prefix="witness") as pool:
        return list(pool.map(ask, witnesses))
