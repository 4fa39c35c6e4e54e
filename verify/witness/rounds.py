"""Door: one round of a witness that pulls: cosign, send the line back, compare with the other districts.

Promises: whatever goes wrong is part of what the round tells, with the exit code it deserves: 1 where the log
contradicts itself, 2 where something could not be asked. A round never ends the loop it is part of.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.errors import BadSignature, MalanError, ProofFailed, Unavailable
from ledger.heads import Conflict, Seen
from ledger.note import MAX_SIGNATURES
from ledger.policy import Witness, parse_policy
from ledger.tiles import Fetch
from verify.source import DirectorySource, Source, open_source
from verify.wire import is_address, is_local
from verify.witness.answering import Clock
from verify.witness.asking import heads_of
from verify.witness.comparing import compare_heads
from verify.witness.home import Home
from verify.witness.mirror import Progress
from verify.witness.pulling import deliver, delivery_place, pull
from verify.witness.state import Head

THE_LOG: Final = "the log"
OUR_MIRROR: Final = "our mirror"
COMPARE_SECONDS: Final = 180.0
OFFERED_BYTES_MAX: Final = 65_536  # of a megabyte, the keys alone take seconds to read


@dataclass(frozen=True, slots=True)
class ComparedHeads:
    """How many heads were seen, which witnesses gave none, and what came of it."""

    heads: int
    silent: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    unchecked: tuple[tuple[int, int], ...]
    policy_read: bool = True

    @property
    def exit(self) -> int:
        """1 for a conflict; 2 where two sizes could not be compared, or nobody knows who else there is."""
        return 1 if self.conflicts else 2 if self.unchecked or not self.policy_read else 0

    def document(self) -> dict[str, object]:
        """For --json."""
        return {
            "heads": self.heads,
            "silent": list(self.silent),
            "conflicts": [one.code for one in self.conflicts],
            "unchecked": [list(pair) for pair in self.unchecked],
            "policy_read": self.policy_read,
        }


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did; `delivered` None where there was nobody to send to."""

    origin: str
    head: Head | None
    delivered: bool | None
    compared: ComparedHeads | None
    errors: tuple[MalanError, ...]

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Heads that contradict each other."""
        return () if self.compared is None else self.compared.conflicts

    @property
    def exit(self) -> int:
        """1: the log contradicts itself; 2: something could not be asked; 0."""
        if self.conflicts or any(isinstance(one, BadSignature | ProofFailed) for one in self.errors):
            return 1
        return 2 if self.errors else 0 if self.compared is None else self.compared.exit

    def document(self) -> dict[str, object]:
        """For --json."""
        return {
            "origin": self.origin,
            "size": None if self.head is None else self.head.checkpoint.size,
            "delivered": self.delivered,
            "compared": None if self.compared is None else self.compared.document(),
            "codes": [one.code for one in self.errors],
            "exit": self.exit,
        }


def one_round(
    home: Home, origin: str, *, now: Clock, to: str | None = None, mirror: Progress | None = None
) -> Round:
    """One log, once. `to`: where the line goes, in the place of the log's own address."""
    errors: list[MalanError] = []
    head, delivered, found = None, None, None
    source: Source = Nowhere()
    try:
        source = open_source(home.urls[origin])
        head = pull(home, origin, source, now=now, mirror=mirror)
    except MalanError as error:
        errors.append(error)
    else:
        place = to or delivery_place(home.urls[origin])
        if place is not None:
            try:
                deliver(head.note, place)
            except MalanError as error:
                errors.append(error)
            delivered = not errors
    try:
        # Also where nothing was cosigned: that is when there is most to compare.
        found = compared(home, origin, source, (), now=now())
    except MalanError as error:
        errors.append(error)
    return Round(origin, head, delivered, found, tuple(errors))


def compared(home: Home, origin: str, source: Source, heads: Sequence[Seen], *, now: int) -> ComparedHeads:
    """Our head, those given, what log and mirror show, and what the other witnesses show."""
    keys = tuple(home.witness.logs[origin])
    others, policy_read = _others(home, origin, source)
    answers = heads_of(others, origin=origin, log_keys=keys)
    shown = [one.head for one in answers if one.head is not None]
    silent = tuple(one.witness.name for one in answers if one.head is None)
    copies = [(THE_LOG, _patient(source.fetch))]
    if (mirror := home.mirror(origin)).is_dir():
        copies.append((OUR_MIRROR, DirectorySource(mirror).fetch))
    found = compare_heads(home.witness, origin, [*heads, *shown], copies=copies, now=now)
    return ComparedHeads(
        len(heads) + len(shown), silent, found.conflicts, found.unchecked, policy_read=policy_read
    )


def _patient(fetch: Fetch) -> Fetch:
    """Whoever does not answer is asked once, and not for every pair of heads; nor is one who takes hours."""
    failed: list[Unavailable] = []
    deadline = time.monotonic() + COMPARE_SECONDS

    def asked(path: str) -> bytes | None:
        if not failed and time.monotonic() > deadline:
            failed.append(Unavailable("COMPARE_SLOW", "the log takes too long to be compared"))
        if failed:
            raise failed[0]
        try:
            return fetch(path)
        except Unavailable as error:
            failed.append(error)
            raise

    return asked


def _others(home: Home, origin: str, source: Source) -> tuple[list[Witness], bool]:
    """The other witnesses that have an address: those of `logs.txt`, then those the log's own policy adds, as
    many as a note has lines.

    The log's operator writes that policy, so he can leave out whoever saw another history; who stands in
    `logs.txt` he cannot. Whether the policy, if there is one, could be read.
    """
    policy, read = None, True
    try:
        raw = source.offered_policy()
        if raw is not None:
            read = len(raw) <= OFFERED_BYTES_MAX
            policy = parse_policy(raw) if read else None
    except MalanError:
        read = False
    offered = [one for one in (() if policy is None else policy.witnesses) if one.url and is_address(one.url)]
    if not is_local(home.urls.get(origin, "")):
        # A log elsewhere sends nobody to the machines behind our own door.
        offered = [one for one in offered if not is_local(one.url or "")]
    known = {one.key.public_key: one for one in home.others}
    for one in offered:
        known.setdefault(one.key.public_key, one)
    known.pop(home.witness.cosigner.key.public_key, None)
    return [one for one in known.values() if one.url is not None][:MAX_SIGNATURES], read


class Nowhere:
    """A log without an address: heads of one size can be compared, no others."""

    def fetch(self, path: str) -> bytes | None:
        """Nothing."""

    def list_files(self) -> list[str] | None:
        """Nothing."""

    def offered_policy(self) -> bytes | None:
        """Nothing."""
