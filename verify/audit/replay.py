"""Who said it, and might they: every statement's signature and right, judged again at its place in the log.

Pure. Promises that nothing stands unnamed that its signer did not sign with the key enrolled at that point,
or might not say under the rules in force there; the judge is the very function the service asks at its door.
An act the judge refuses changes nothing here, so what rests on it is refused in turn.

Where entries could not be read or judged, later refusals may be the gap's fault: they are counted as not
checked. A bad signature stays a departure, and so does a replayed statement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from issuers.acts import read_act
from issuers.authority.judge import admit
from issuers.authority.party_facts import GenesisFact, Key
from issuers.authority.view import Fact, MemoryView
from ledger.errors import MalanError, Malformed, Refused
from ledger.leaf import Leaf
from ledger.statement import Statement, parse_statement
from verify.audit.ahead import Ahead
from verify.audit.findings import Findings
from verify.audit.kept import Record, joined, split, torn

UNKNOWN_KIND: Final = "ACT_UNKNOWN"
_CTI_BYTES: Final = 16
_SEQ_BYTES: Final = 8
_UNKNOWN_RULES: Final = ("SHAPE_RANGE", "genesis.rules")


@dataclass(frozen=True, slots=True)
class Heard:
    """A statement at its place; `staff` is the person who signed (None: not known); `judged` says it held.

    `act`: what it says, None where that cannot be read.
    """

    seq: int
    time_ms: int
    statement: Statement
    act: object | None
    staff: bytes | None
    judged: bool


class Replay:
    """Takes leaf after leaf; `view` holds the facts of all that was admitted so far."""

    def __init__(self) -> None:
        self.view = MemoryView()
        self._ahead: Ahead | None = None
        self.findings = Findings()
        self.kinds: Counter[str] = Counter()
        self.gap = False
        self._ctis: dict[bytes, int] = {}
        self._after_gap, self._first_after_gap = 0, 0

    def remember(self) -> Iterator[Record]:
        """All but the facts, for `verify.audit.kept`; a replay with a gap has nothing to remember."""
        for kind, count in self.kinds.items():
            yield ["kind", kind, count]
        said = (cti + seq.to_bytes(_SEQ_BYTES, "big") for cti, seq in self._ctis.items())
        for group in joined(said):
            yield ["cti", group]

    def recall(self, facts: Iterable[Fact], records: Iterable[Record]) -> None:
        """Goes on from what was remembered. Raises Malformed KEPT_TORN."""
        self.view.put(facts)
        for record in records:
            match record:
                case ["kind", str(kind), int(count)]:
                    self.kinds[kind] = count
                case ["cti", bytes(group)]:
                    for one in split(group, _CTI_BYTES + _SEQ_BYTES):
                        self._ctis[one[:_CTI_BYTES]] = int.from_bytes(one[_CTI_BYTES:], "big")
                case _:
                    raise torn()

    def help(self, ahead: Ahead) -> None:
        """From here on, what others parsed and verified is taken from there; they are told all keys."""
        self._ahead = ahead
        for key in self.view.all(Key):
            ahead.learn(key)

    def take(self, seq: int, leaf: Leaf | None, *, doubtful: bool = False) -> Heard | None:
        """What was said here, judged or not; None where nothing can be made of it."""
        heard = self._hear(seq, leaf) if leaf is not None else None
        # An entry that the tree does not vouch for was something else before: its facts are not known.
        self.gap = self.gap or doubtful or leaf is None
        return heard

    def close(self, pin: bytes | None) -> None:
        """What the whole says: a genesis in force, and the pinned one if there is a pin."""
        if self._after_gap:
            self.findings.could_not_check(
                "JUDGED_AFTER_GAP", f"seq {self._first_after_gap}", n=self._after_gap
            )
        genesis = self.view.get(GenesisFact, "log")
        if genesis is None or not genesis.in_force:
            report = self.findings.could_not_check if self.gap else self.findings.departure
            report("GENESIS_ABSENT", "seq 0")
        if genesis is not None and pin is None:
            self.findings.note("GENESIS_UNPINNED", "seq 0")
        if genesis is not None and pin is not None and genesis.statement != pin:
            self.findings.departure("GENESIS_OTHER", "seq 0")

    def _hear(self, seq: int, leaf: Leaf) -> Heard | None:
        try:
            statement = parse_statement(leaf.statement)
        except MalanError as error:
            self.findings.refused(error, f"seq {seq}")
            return None
        self.kinds[statement.kind] += 1
        first = self._ctis.setdefault(statement.cti, seq)
        if first != seq:
            self.findings.departure("STATEMENT_TWICE", f"seq {seq}, {statement.kind}", first=first)
            return None
        act = _act_of(statement)
        judged = self._judge(statement, act, seq, leaf.time_ms)
        key = self.view.get(Key, statement.kid.hex())
        return Heard(seq, leaf.time_ms, statement, act, key.staff if key is not None else None, judged)

    def _judge(self, statement: Statement, act: object | None, seq: int, time_ms: int) -> bool:
        where = f"seq {seq}, {statement.kind}"
        verified = self._ahead.verified(seq, statement.hash) if self._ahead is not None else None
        try:
            changes = admit(self.view, statement, seq=seq, time_ms=time_ms, act=act, verified=verified)
            self.view.put(changes)
            if self._ahead is not None:
                for fact in changes:
                    if isinstance(fact, Key):
                        self._ahead.learn(fact)
        except Refused as error:
            if self.gap:
                self._first_after_gap = self._first_after_gap or seq
                self._after_gap += 1
            else:
                self.findings.refused(error, where)
        except Malformed as error:
            if error.code == UNKNOWN_KIND:
                self.findings.could_not_check("KIND_UNKNOWN", f"{where} v{statement.version}")
                self.gap = True
            elif (error.code, error.where) == _UNKNOWN_RULES:
                self.findings.could_not_check("RULES_UNKNOWN", where)
                self.gap = True
            else:
                self.findings.refused(error, where)
        except MalanError as error:
            self.findings.refused(error, where)
        else:
            return True
        return False


def _act_of(statement: Statement) -> object | None:
    try:
        return read_act(statement)
    except MalanError:
        return None  # the judge says why
