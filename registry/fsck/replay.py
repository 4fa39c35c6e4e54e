"""The log, leaf by leaf: chain, columns, tree, and what its acts add up to by the judge. Pure.

After a departure the walk goes on from what is there, so that one wrong leaf is named once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from issuers.acts import read_act
from issuers.authority.judge import admit
from issuers.authority.view import Fact, MemoryView
from issuers.carried import ACTS
from issuers.status import LISTED, Listed
from ledger.errors import MalanError
from ledger.leaf import Leaf, check_link, first_prev, leaf_hash, parse_leaf
from ledger.merkle import Frontier
from ledger.statement import Statement, parse_statement
from registry.fsck.departure import Departure
from registry.storage.places import class_of


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the ledger's table."""

    seq: int
    leaf: bytes
    leaf_hash: bytes
    cti: bytes
    statement_hash: bytes


class Replay:
    """The state after the leaves walked so far."""

    def __init__(self, origin: str, *, watch: Collection[int]) -> None:
        """`watch`: the sizes whose root and certificates are wanted: those the published files speak of."""
        self.size = 0
        self.view = MemoryView()
        self.changed: dict[tuple[type, str], int] = {}
        self.bundled: set[int] = set()  # acts that the signers' bundle carries
        self.classes: set[tuple[bytes, int]] = set()
        self.named: set[tuple[str, int]] = set()
        self.committed: dict[bytes, int] = {}  # statement hash to seq, where there are entries
        self.departures: list[Departure] = []
        self.hashes: list[bytes] = []
        self.acts: dict[int, tuple[bytes, int]] = {}  # statement and time of the bundled acts
        self.roots: dict[int, bytes] = {}
        self.listed: dict[int, list[Listed]] = {}
        self._watch = watch
        self._frontier = Frontier()
        self._prev = first_prev(origin)
        self._time_ms = 0
        self._remember()

    def feed(self, row: Row) -> None:
        """Walks the next row, which should stand at `size`."""
        where = f"seq {row.seq}"
        if row.seq != self.size:
            self._depart("LEAF_GAP", where, "rows are missing before this one")
        digest = leaf_hash(row.leaf)
        if digest != row.leaf_hash:
            self._depart("LEAF_HASH", where, "the leaf has not the hash beside it")
        self._frontier.append(digest)
        self.hashes.append(digest)
        try:
            leaf = parse_leaf(row.leaf)
            self._link(leaf, where)
            self._act(row, leaf, where)
            self._time_ms = max(self._time_ms, leaf.time_ms)
        except MalanError as error:
            self._depart(error.code, where, error.what)
        self._prev = digest
        self.size = row.seq + 1
        self._remember()

    def _remember(self) -> None:
        size = self._frontier.size
        if size in self._watch:
            self.roots[size] = self._frontier.root()
            self.listed[size] = [fact for kind in LISTED for fact in self.view.all(kind)]

    def _link(self, leaf: Leaf, where: str) -> None:
        try:
            check_link(leaf, seq=self.size, prev=self._prev, not_before_ms=self._time_ms)
        except MalanError as error:
            self._depart(error.code, where, error.what)

    def _act(self, row: Row, leaf: Leaf, where: str) -> None:
        statement = parse_statement(leaf.statement)
        if (row.cti, row.statement_hash) != (statement.cti, statement.hash):
            self._depart("LEAF_COLUMNS", where, "id or hash beside the leaf is another statement's")
        self._index(statement, row.seq, leaf.time_ms)
        try:
            changes = admit(self.view, statement, seq=leaf.seq, time_ms=leaf.time_ms)
        except MalanError as error:
            self._depart("ACT_REFUSED", where, f"the judge refuses it: {error.code}")
            return
        self.view.put(changes)
        self.changed.update({(type(fact), fact.key): row.seq for fact in changes})

    def _index(self, statement: Statement, seq: int, time_ms: int) -> None:
        act = read_act(statement)
        if statement.kind in ACTS.kinds:
            self.bundled.add(seq)
            self.acts[seq] = (statement.raw, time_ms)
        class_id = class_of(statement, act)
        if class_id is not None:
            self.classes.add((class_id, seq))
        else:
            self.named.add((statement.subject, seq))
        if getattr(act, "entries", ()):
            self.committed[statement.hash] = seq

    def _depart(self, code: str, where: str, what: str) -> None:
        self.departures.append(Departure(code, where, what))

    def facts(self) -> dict[tuple[str, str], tuple[Fact, int]]:
        """Every fact by class name and key, with the leaf that changed it last."""
        return {
            (kind.__name__, key): (fact, self.changed[kind, key])
            for (kind, key), fact in self.view.facts.items()
        }
