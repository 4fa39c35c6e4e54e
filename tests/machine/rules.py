"""The rules: whatever people, clocks, disks and operators do next; and what must hold after each.

After every step: the log is exactly what the model says, so every acknowledged entry is in it once, where its
receipt put it; all checkpoints anybody was ever shown are of one history; what was revoked stays revoked.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from issuers.acts.classes import StandardPublished
from issuers.authority.class_facts import CertificateFact, State
from issuers.status import REVOKED as REVOKED_BITS
from issuers.status import open_status_list
from ledger.checkpoint import parse_checkpoint
from ledger.errors import MalanError
from ledger.leaf import leaf_hash, parse_leaf
from ledger.merkle import Frontier
from ledger.note import parse_note
from ledger.receipt import open_receipt
from ledger.store import read_leaves
from registry.fsck.run import check
from registry.storage.facts import TableView
from registry.writing.submit import Registered
from tests.machine.model import DAY_MS, MOVES, REVOKED, VALID, Draft, Model
from tests.machine.town import AFTER, BEFORE, WITNESSES, Copy, Template, Town, refused
from tests.postgres import MEMORY
from tests.world_parts import STANDARD

AHEAD = {"PUBLISH_BACKWARDS", "ROWS_DEPART", "LOG_AHEAD"}
SIDES = st.sampled_from([BEFORE, AFTER])
DEATHS = st.sampled_from(["", "", "", BEFORE, AFTER])


_leaf = lru_cache(maxsize=10_000)(parse_leaf)


class Machine(RuleBasedStateMachine):
    """A town and what must be. Controls change the town in `begin`; `steps` and `deaths` are of all runs."""

    template: Template
    steps = 0
    deaths: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        place = MEMORY if MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="malan-machine-", dir=place))
        self.town = Town(self.template, self.folder)
        with self.town.service.database.reading() as connection:
            leaves = [parse_leaf(data) for data in read_leaves(connection, 0, self.log_size())]
        base = [(leaf.statement, leaf.time_ms) for leaf in leaves]
        self.model = Model(base, dict.fromkeys(self.template.certificates, VALID))
        self.drafts: list[Draft] = []
        self.copies: list[Copy] = []
        self.backups = 0
        self.seen: dict[int, bytes] = {}  # size and root of every checkpoint ever shown
        self.signed = 0
        self.promised: dict[bytes, bytes] = {}  # leaf hashes by statement, out of receipts
        self.begin()

    def begin(self) -> None:
        """For controls."""

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.town.drop()
            shutil.rmtree(self.folder)

    def settle(self) -> None:
        """Whatever happened, a restart publishes all of it, and fsck finds nothing."""
        self.town.drop()
        self.town.wall_ms = self.town.true_ms
        self.town.open()
        self.town.publish()
        self.town.reachable = set(WITNESSES)
        self.town.cosign()
        self.look()
        assert check(self.town.service).departures == ()
        for name in WITNESSES:
            assert self.town.witness(name).witness.state.evidence() == []

    def log_size(self) -> int:
        with self.town.service.database.reading() as connection:
            count: int = connection.exec_driver_sql("SELECT count(*) FROM ledger_entry").scalar_one()
        return count

    @property
    def drift_ms(self) -> int:
        return self.town.service.clock.drift_ms()

    # What people do.

    def sign(self, kind: str, who: str, subject: str, body: Any, certificate: bytes | None) -> None:
        """With the signer's own clock, which is right."""
        issued = self.town.true_ms
        raw = self.town.world.sign(kind, who, subject, body, at=issued)
        self.drafts.append(Draft(raw, kind, certificate, issued // 1000))

    def sign_a_move(self, kind: str, which: int) -> None:
        certificate = self.template.certificates[which]
        subject = f"certificate/{certificate.hex()}"
        self.sign(kind, "signatory", subject, {"reason": "ordered"}, certificate)

    def sign_a_standard(self) -> None:
        name = f"course-{len(self.drafts)}"
        document = replace(STANDARD, id=name).to_body()
        self.sign("standard-published", "standards", f"standard/{name}", StandardPublished(document), None)

    @rule(moves=st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.integers(0, 2)), max_size=2))
    def sign_for_later(self, moves: list[tuple[str, int]]) -> None:
        """Sent whenever it comes to that, or never."""
        for kind, which in moves:
            self.sign_a_move(kind, which)

    @rule(
        moves=st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.integers(0, 2)), max_size=2),
        standard=st.booleans(),
        dies=DEATHS,
    )
    def say(self, moves: list[tuple[str, int]], standard: bool, dies: str) -> None:
        """Signed and sent; perhaps the process dies of it."""
        before = len(self.drafts)
        self.sign_for_later(moves)
        if standard or not moves:
            self.sign_a_standard()
        self.send(self.drafts[before:], dies)

    @precondition(lambda self: self.drafts)
    @rule(places=st.lists(st.integers(0, 8), min_size=1, max_size=3), dies=DEATHS)
    def send_again(self, places: list[int], dies: str) -> None:
        """Old ones and those that waited, some of them twice in one parcel."""
        self.send([self.drafts[-1 - place % len(self.drafts)] for place in places], dies)

    def send(self, drafts: list[Draft], dies: str) -> None:
        wall = self.town.wall_ms
        told = self.model.foresee(drafts, wall_ms=wall, drift_ms=self.drift_ms)
        stopped = told[0] if told[0].startswith("CLOCK_") else ""
        try:
            answers = self.town.send([draft.raw for draft in drafts], dies=dies)
        except MalanError as error:
            assert error.code == stopped, f"{error.code}, expected {stopped or 'answers'}"
            return
        assert not stopped
        if answers is None and dies == BEFORE:
            self.deaths.add("before commit")
            return
        self.model.accept(drafts, told, wall_ms=wall)
        if answers is None:
            self.deaths.add("after commit")
        else:
            self.hear(drafts, told, answers)

    def hear(self, drafts: list[Draft], told: list[str], answers: list[Registered | MalanError]) -> None:
        """Every answer is the one foreseen, and its receipt says the same as any earlier one."""
        for draft, code, answer in zip(drafts, told, answers, strict=True):
            if isinstance(answer, MalanError):
                assert answer.code == code, f"{answer.code}, expected {code or 'an entry'}"
                continue
            assert code in ("", "again"), f"logged, expected {code}"
            assert answer.seq == self.model.places[draft.raw]
            assert answer.repeated == (code == "again")
            receipt = open_receipt(answer.receipt, self.town.service.secrets.receipt.public)
            assert (receipt.seq, receipt.time_ms) == (answer.seq, self.model.log[answer.seq][1])
            assert self.promised.setdefault(draft.raw, receipt.leaf_hash) == receipt.leaf_hash

    # What machines and their keepers do.

    @rule()
    def publish(self) -> None:
        assert not self.town.publish()
        self.signed = len(self.model.log)
        published = parse_checkpoint(parse_note(self.town.service.log.checkpoint()).text)
        assert published.size == self.signed

    @rule(at=st.integers(0, 9), side=SIDES)
    def publish_and_die(self, at: int, side: str) -> None:
        died = self.town.publish(at=at, side=side)
        self.deaths.update({died} if died else ())

    @rule()
    def restart(self) -> None:
        self.town.drop()
        self.town.open()

    @rule(reachable=st.sets(st.sampled_from(WITNESSES)))
    def cosign(self, reachable: set[str]) -> None:
        """Whoever can be reached now looks; no honest log is ever refused, whoever was away how long."""
        self.town.reachable = reachable
        self.town.cosign()

    @rule(seconds=st.sampled_from([1, 60, 7_200, 50_000, 100_000]))
    def pass_time(self, seconds: int) -> None:
        self.town.pass_time(seconds * 1_000)

    @rule(ms=st.sampled_from([-DAY_MS, -9_000, -4_000, 4_000, 9_000, 400 * DAY_MS]), restarted=st.booleans())
    def jump_the_clock(self, ms: int, restarted: bool) -> None:
        """The service's alone; what is said meanwhile is refused, or dated as it must be."""
        self.town.wall_ms = self.town.true_ms + ms
        if restarted:
            self.restart()
        self.say([], True, "")
        self.town.wall_ms = self.town.true_ms
        if restarted:
            self.restart()

    @rule()
    def back_up(self) -> None:
        self.copies.append(self.town.back_up(f"copy-{self.backups % 3}", len(self.model.log)))
        self.backups += 1
        del self.copies[:-3]

    @precondition(lambda self: self.copies)
    @rule(which=st.integers(0, 2), files=st.booleans(), rebuilt=st.booleans())
    def restore_an_old_copy(self, which: int, files: bool, rebuilt: bool) -> None:
        """It is refused, and nothing is signed or appended; then the newest is put back, or rebuilt."""
        copy = self.copies[which % len(self.copies)]
        newest = self.town.back_up("newest", len(self.model.log))
        signed = max(self.seen, default=0)
        whole = self.signed == len(self.model.log) == signed and not files
        self.town.bring_back(copy, files=files)
        if copy.size < signed:
            if self.town.service.alarms.read_only is None:
                return  # whoever let it pass goes on with it: the invariants will say what that means
            assert self.town.service.alarms.read_only.code == "LOG_AHEAD"
            shown = self.town.shown()
            assert refused(self.town.publish) in AHEAD
            self.sign_a_standard()
            assert refused(lambda: self.town.send([self.drafts[-1].raw])) == "LOG_AHEAD"
            assert self.town.shown() == shown
            if rebuilt and whole:
                self.town.rebuild()
                return
        else:
            # Nothing was signed beyond it: only receipts know what it lacks, so it cannot be refused.
            assert self.town.service.alarms.read_only is None
        self.town.bring_back(newest, files=True)
        assert self.town.service.alarms.read_only is None

    # What must hold, whatever was done.

    @invariant()
    def look(self) -> None:
        type(self).steps += 1
        with self.town.service.database.reading() as connection:
            leaves = read_leaves(connection, 0, self.log_size())
            view = TableView(connection)
            facts = {one: view.get(CertificateFact, one.hex()) for one in self.template.certificates}
        self.look_at_entries(leaves)
        self.look_at_checkpoints(leaves)
        for certificate, fact in facts.items():
            assert fact is not None and fact.state is State(self.model.states[certificate])
            if self.model.states[certificate] == REVOKED:
                self.look_at_lists(fact)

    def look_at_entries(self, leaves: list[bytes]) -> None:
        """The log is the model's, each entry once and where its receipt put it."""
        parsed = [_leaf(data) for data in leaves]
        assert [(leaf.statement, leaf.time_ms) for leaf in parsed] == self.model.log
        for raw, digest in self.promised.items():
            assert leaf_hash(leaves[self.model.places[raw]]) == digest
        assert len({leaf.statement for leaf in parsed}) == len(parsed)

    def look_at_checkpoints(self, leaves: list[bytes]) -> None:
        """Every checkpoint ever shown or signed is of the one history there is."""
        for note in self.town.shown():
            one = parse_checkpoint(parse_note(note).text)
            assert self.seen.setdefault(one.size, one.root) == one.root, "one size, two roots"
        roots, frontier = dict[int, bytes](), Frontier()
        for size, data in enumerate(leaves, start=1):
            frontier.append(leaf_hash(data))
            if size in self.seen:
                roots[size] = frontier.root()
        assert roots == self.seen

    def look_at_lists(self, fact: CertificateFact) -> None:
        """Published lists of a size that holds the revocation say so."""
        path = self.town.settings.home / "status" / "1"
        told = open_status_list(path.read_bytes(), self.town.service.secrets.status.public)
        drafts = [one for one in self.drafts if one.certificate == fact.id]
        revoked = {one.raw for one in drafts if one.kind == "certificate-revoked"}
        first = min(self.model.places[raw] for raw in revoked & self.model.places.keys())
        if told.size > first:
            assert told.value(fact.status_index) == REVOKED_BITS
