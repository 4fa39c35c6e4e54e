"""Door: counts of classes and certificates, kept in memory and carried on as the log grows.

Promises: every fact is read once, in steps by place in the log, so a request reads only what is new; counts
are those of the facts at `size`, to the last one. A certificate is known by the place of its issuing entry:
one byte of memory each holds its state, so that a change counts as a change and not as another certificate.
Everything here follows from the published log; nothing personal is held.
"""

from __future__ import annotations

import threading
import time
from bisect import insort
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import sqlalchemy as sa

from issuers.acts import read_act
from issuers.acts.classes import EvaluationConfirmed
from issuers.authority.class_facts import CertificateFact, ClassFact, State
from ledger.leaf import parse_leaf
from ledger.statement import parse_statement
from ledger.store import find_by_hash, read_head
from registry.storage.database import Database
from registry.storage.facts import changed

STEP: Final = 500  # places read in one go: a long read holds up the writer
_STATES: Final = (State.VALID, State.SUSPENDED, State.REVOKED, State.CANCELLED)


@dataclass(slots=True)
class ClassRow:
    """What a list says of a class. `passed` is None until a result is confirmed."""

    id: bytes
    institution: str
    district: str
    project: str
    standard: str
    body: str
    first_day: date
    last_day: date
    opened_seq: int
    candidates: int = 0
    evaluators: tuple[bytes, ...] = ()
    evaluation: bytes | None = None
    passed: int | None = None
    issued: int = 0


@dataclass(slots=True)
class District:
    """The classes of a district by opening, its certificates by day and body, and by project and state."""

    classes: list[ClassRow] = field(default_factory=list)
    days: dict[date, Counter[tuple[str, str]]] = field(default_factory=dict)
    states: Counter[tuple[str, State]] = field(default_factory=Counter)


class Book:
    """The counts of one process. `size`: how far they go."""

    def __init__(self) -> None:
        self.size = 0
        self.classes: dict[bytes, ClassRow] = {}
        self.districts: defaultdict[str, District] = defaultdict(District)
        self.lock = threading.Lock()
        self.numbers: dict[bytes, tuple[tuple[int, int], tuple[int, int]]] = {}  # by class: first, last place
        self._state_at = bytearray()  # by place of the issuing entry; 0: none counted
        self._waiting: dict[bytes, list[CertificateFact]] = {}

    def carry_on(self, database: Database, origin: str, *, seconds: float) -> int:
        """Reads on towards the end of the log for at most about `seconds`; answers with the log's size.

        The caller holds `lock` as long as it reads the counts.
        """
        assert self.lock.locked()
        until = time.monotonic() + seconds
        while True:
            with database.reading() as connection:
                size = read_head(connection, origin).size
                stop = min(size, self.size + STEP)
                self._read(connection, self.size, stop)
            if stop == size or time.monotonic() > until:
                return size

    def _read(self, connection: sa.Connection, start: int, stop: int) -> None:
        classes = changed(connection, ClassFact, start=start, stop=stop)
        results = {
            known.evaluation: _passed(connection, known.evaluation)
            for known in classes
            if known.evaluation is not None and self._is_new(known)
        }
        certificates = changed(connection, CertificateFact, start=start, stop=stop)
        self._state_at.extend(bytes(stop - len(self._state_at)))
        for known in classes:
            self._take_class(known, results.get(known.evaluation or b""))
        for fact in certificates:
            self._take_certificate(fact)
        self.size = stop

    def _is_new(self, known: ClassFact) -> bool:
        row = self.classes.get(known.id)
        return row is None or row.evaluation != known.evaluation

    def _take_class(self, known: ClassFact, passed: int | None) -> None:
        row = self.classes.get(known.id)
        if row is None:
            row = self.classes[known.id] = ClassRow(
                *(known.id, known.institution, known.district, known.project, known.standard, known.body),
                *(known.first_day, known.last_day, known.opened_seq),
            )
            insort(self.districts[known.district].classes, row, key=lambda one: one.opened_seq)
            for fact in self._waiting.pop(known.id, ()):
                self._take_certificate(fact)
        row.candidates = known.candidates
        row.evaluators = tuple(sheet.staff for sheet in known.sheets)
        if passed is not None:
            row.evaluation, row.passed = known.evaluation, passed

    def _take_certificate(self, fact: CertificateFact) -> None:
        row = self.classes.get(fact.class_id)
        if row is None:  # its class changed again later in the log, and comes then
            self._waiting.setdefault(fact.class_id, []).append(fact)
            return
        district = self.districts[row.district]
        before, now = self._state_at[fact.seq], _STATES.index(fact.state) + 1
        if before == now:
            return
        if before:
            district.states[fact.project, _STATES[before - 1]] -= 1
        else:
            row.issued += 1
            district.days.setdefault(fact.issued_on, Counter())[fact.body, fact.project] += 1
        district.states[fact.project, fact.state] += 1
        self._state_at[fact.seq] = now


def _passed(connection: sa.Connection, evaluation: bytes) -> int | None:
    leaf = find_by_hash(connection, evaluation)
    act = None if leaf is None else read_act(parse_statement(parse_leaf(leaf).statement))
    return len(act.passed) if isinstance(act, EvaluationConfirmed) else None
