"""Door: publishes the log, the status lists and the bundles, all at one size of the log.

Promises: lists and bundles are computed from the facts as they stand at the very size that is published, and
no bundle ever becomes smaller; one process publishes at a time. A checkpoint of ours that is ahead of the
database makes the service read-only: it would otherwise sign a second history.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import sqlalchemy as sa

from issuers.authority.party_facts import GenesisFact, Key, ServiceKeyFact
from issuers.authority.view import View
from issuers.bundle import Bundle, BundledList, sign_bundle
from issuers.bundled_acts import BundledAct
from issuers.carried import FORMS, TRUST, body_of
from issuers.files import read_file, replace_file
from issuers.status import BYTES, LISTED, Listed, StatusList, sign_status_list, value_of
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import MalanError, Malformed, Unavailable
from ledger.leaf import parse_leaf
from ledger.note import MAX_NOTE_BYTES, parse_note
from ledger.publisher import CHECKPOINT, publish
from ledger.statement import parse_statement
from ledger.store import read_head, read_leaves
from registry.certificates.reservations import FIRST_LIST
from registry.published.boot_gate import AHEAD, Witnessed, ahead, check_known, known_elsewhere, nobody
from registry.published.handed_back import take_back
from registry.published.policy_file import policy_in_force
from registry.published.taking import keep_published
from registry.service import Service, note_signer
from registry.storage.facts import TableView, changed
from registry.storage.places import bundled_leaves

STEP = 2_000  # leaves read in one go: a long read would hold up the writer
PARTIALS_KEPT_SECONDS = 900  # a reader works its way through a checkpoint; a witness pulls every few minutes
_PUBLIC = 0o644
_JUDGED_MAX = 64  # checkpoints of witnesses that need not be judged again


@dataclass(frozen=True, slots=True)
class Standing:
    """The log at a size. `genesis` is its hash, None until genesis and our keys are in force."""

    size: int
    genesis: bytes | None


class Publisher:
    """Keeps the bits of the lists and the acts of the bundles from one run to the next."""

    def __init__(self, service: Service, *, witnessed: Witnessed = nobody) -> None:
        """`witnessed` is asked before each publication: let it answer from what was fetched before."""
        self._service = service
        self._witnessed = witnessed
        self._judged: set[Checkpoint] = set()
        self._size = 0
        self._bits: dict[int, bytearray] = {FIRST_LIST: bytearray(BYTES)}
        self._acts: list[BundledAct] = []
        self._trust: list[BundledAct] = []  # those of them that a check of certificates rests on
        self._handed: int | None = None  # handovers of the last bundle
        self._made: tuple[tuple[int, bytes, bytes], int] | None = None  # size, checkpoint, policy; seconds

    def run_once(self) -> Checkpoint | None:
        """Publishes what there is; None when another process is publishing.

        Raises what `ledger.publisher.publish` raises; sets the alarms of the service.
        """
        alarms = self._service.alarms
        try:
            with _only_one(self._service) as mine:
                if not mine:
                    return None
                checkpoint = self._publish()
        except MalanError as error:
            alarms.publishing = error.code
            if error.code in AHEAD:
                alarms.read_only = ahead(error.code)
            elif isinstance(error, Unavailable) and error.code == "LOG_AHEAD":
                alarms.read_only = error
            raise
        alarms.publishing = None
        return checkpoint

    def _publish(self) -> Checkpoint:
        self._ask_witnesses()
        self._take_back_handovers()
        standing = self._catch_up()
        settings, signer = self._service.settings, note_signer(self._service)
        checkpoint = publish(
            settings.log_directory,
            origin=self._service.origin,
            size=standing.size,
            read_leaves=self._read_leaves,
            signer=signer,
            lock=self._service.lock,
            tidy_before=time.time() - PARTIALS_KEPT_SECONDS,
        )
        # Crash here: the log is ahead of the bundle, which the next run makes good.
        keep_published(self._service)
        if standing.genesis is not None:
            note = read_file(settings.log_directory / CHECKPOINT, bytes_max=MAX_NOTE_BYTES)
            self._make_bundle(standing, note)
        return checkpoint

    def _take_back_handovers(self) -> None:
        """What their file lost since the last bundle comes back out of that one."""
        try:
            count = len(self._service.witnessed.handovers())
        except Malformed:
            count = -1  # damaged
        if self._handed is None or count < self._handed:
            take_back(self._service)
            self._handed = max(count, 0)

    def _ask_witnesses(self) -> None:
        """Each checkpoint a witness holds is held against the rows once. Raises Unavailable LOG_AHEAD."""
        new = [
            one
            for one in known_elsewhere(self._service, self._witnessed)
            if one.checkpoint not in self._judged
        ]
        check_known(self._service, new)
        self._judged = {one.checkpoint for one in new} | set(list(self._judged)[:_JUDGED_MAX])

    def _catch_up(self) -> Standing:
        """Reads on to the end of the log; the last step sees facts and size in one transaction."""
        while True:
            with self._service.database.reading() as connection:
                size = read_head(connection, self._service.origin).size
                stop = min(size, self._size + STEP)
                facts = [
                    fact for kind in LISTED for fact in changed(connection, kind, start=self._size, stop=stop)
                ]
                leaves = bundled_leaves(connection, start=self._size, stop=stop)
                acts = [_act(data) for data in leaves]
                view = TableView(connection)
                trust = [one for act in acts if (one := _in_trust(view, act)) is not None]
                standing = _standing(self._service, connection, size)
            for fact in facts:
                self._set(fact)
            self._acts += acts
            self._trust += trust
            self._size = stop
            if stop == size:
                return standing

    def _set(self, fact: Listed) -> None:
        bits = self._bits.setdefault(fact.status_list, bytearray(BYTES))
        byte, shift = fact.status_index // 4, 2 * (fact.status_index % 4)
        bits[byte] = bits[byte] & ~(3 << shift) | value_of(fact) << shift

    def _make_bundle(self, standing: Standing, note: bytes) -> None:
        settings, now = self._service.settings, self._service.clock.now_ms() // 1000
        # Read once: a set that takes force in between would stand in the text, and not its handover.
        handovers = self._service.witnessed.handovers()
        self._handed = len(handovers)
        with self._service.database.reading() as connection:
            policy = policy_in_force(
                self._service, connection, at=now, size=standing.size, handovers=handovers
            )
        made_of = (standing.size, note, policy)
        same = self._made is not None and self._made[0] == made_of
        if same and self._made is not None and 0 <= now - self._made[1] < settings.status_ttl_seconds // 2:
            return
        if parse_checkpoint(parse_note(note).text).size != standing.size or standing.genesis is None:
            return
        lists = [self._list(number, standing.size, now) for number in sorted(self._bits)]
        bundle = Bundle(
            origin=self._service.origin,
            genesis=standing.genesis,
            size=standing.size,
            made_at=now,
            log_vkey=note_signer(self._service).key.vkey,
            policy=policy.decode(),
            hosts=settings.accepted_hosts,
            acts=tuple(self._trust),
            lists=tuple(lists),
            checkpoint=note,
            handovers=handovers or None,
        )
        place = settings.home / "status"
        place.mkdir(exist_ok=True)
        for item in lists:
            replace_file(place / str(item.number), item.token, mode=_PUBLIC)
        of_desks = replace(bundle, acts=tuple(self._acts), lists=())
        for form, one in zip(FORMS, (bundle, of_desks), strict=True):
            raw = sign_bundle(one, self._service.secrets.status, form)
            replace_file(settings.home / form.file, raw, mode=_PUBLIC)
        self._made = (made_of, now)

    def _list(self, number: int, size: int, now: int) -> BundledList:
        settings = self._service.settings
        status = StatusList(
            uri=f"{settings.qr_origin}/status/{number}",
            number=number,
            size=size,
            issued_at=now,
            ttl=settings.status_ttl_seconds,
            bits=bytes(self._bits[number]),
        )
        return BundledList(number, sign_status_list(status, self._service.secrets.status))

    def _read_leaves(self, start: int, stop: int) -> Sequence[bytes]:
        with self._service.database.reading() as connection:
            return read_leaves(connection, start, stop)


def _act(data: bytes) -> BundledAct:
    leaf = parse_leaf(data)
    return BundledAct(leaf.seq, leaf.time_ms, leaf.statement)


def _in_trust(view: View, act: BundledAct) -> BundledAct | None:
    """The act in its place in the trust bundle, which is for ever the same; None where it has none."""
    statement = parse_statement(act.statement)
    return replace(act, body=body_of(view, statement)) if TRUST.carries(view, statement) else None


def _standing(service: Service, connection: sa.Connection, size: int) -> Standing:
    """A bundle under a key nobody enrolled would be refused by every reader, so none is made before."""
    view = TableView(connection)
    genesis = view.get(GenesisFact, "log")
    ready = genesis is not None and genesis.in_force
    for purpose, signer in (("status", service.secrets.status), ("checkpoint", service.secrets.checkpoint)):
        named = view.get(ServiceKeyFact, purpose)
        key = None if named is None else view.get(Key, named.kid.hex())
        ready = ready and key is not None and key.revoked_seq is None and key.kid == signer.public.kid
    return Standing(size, genesis.statement if genesis is not None and ready else None)


@contextmanager
def _only_one(service: Service) -> Iterator[bool]:
    """Whether this process may publish now: the only one in this home, and on this database on any host."""
    held = os.open(service.settings.home / ".publishing", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            with service.database.alone("publish") as mine:
                yield mine
    finally:
        os.close(held)
