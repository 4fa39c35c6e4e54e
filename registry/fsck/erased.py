"""Door: what the erasure orders in force explain, and what they have left standing. Opens nothing.

An order names entries; from those follow the candidates, certificates and numbers that nothing tells any
more. What is gone without an order is a departure where it is looked for; what an order should have taken
and did not is one here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from issuers.acts import read_act
from issuers.acts.certificates import CertificateIssued, NumberVoided
from issuers.authority.class_facts import ClassFact
from issuers.authority.erasure_facts import Erased
from issuers.authority.party_facts import Party
from ledger.leaf import parse_leaf
from ledger.statement import parse_statement
from ledger.store import read_leaves
from registry.fsck.departure import Departure
from registry.fsck.replay import Replay
from registry.storage.tables import (
    candidate,
    claimant_mark,
    credential,
    hold,
    opening,
    person_key,
    reservation,
    retired_code,
)


class Explained:
    """The places of orders in force, and whose number and certificate stood there.

    `candidates` are (class, candidate) whose reservation is gone, `numbers` how many of an issuer's.
    """

    def __init__(self, connection: sa.Connection, replay: Replay) -> None:
        self.places = {(one.statement, one.place) for one in replay.view.all(Erased)}
        self.candidates: set[tuple[bytes, bytes]] = set()
        self.certificates: set[bytes] = set()
        self.numbers: Counter[str] = Counter()
        for digest in sorted({statement for statement, _ in self.places} & replay.committed.keys()):
            seq = replay.committed[digest]
            (leaf,) = read_leaves(connection, seq, seq + 1)
            self._count(replay, parse_leaf(leaf).statement)

    def _count(self, replay: Replay, raw: bytes) -> None:
        statement = parse_statement(raw)
        act = read_act(statement)
        if not isinstance(act, CertificateIssued | NumberVoided):
            return
        self.candidates.add((act.class_id, act.candidate))
        if isinstance(act, CertificateIssued):
            self.certificates.add(bytes.fromhex(statement.subject.removeprefix("certificate/")))
        course = replay.view.get(ClassFact, act.class_id.hex())
        body = None if course is None else replay.view.get(Party, course.body)
        if body is not None and body.code is not None:
            self.numbers[body.code] += 1


def check_undone(connection: sa.Connection, explained: Explained) -> Iterator[Departure]:
    """Rows that an order in force should have taken."""
    found = [
        *(
            (
                f"opening {row.statement.hex()} entry {row.place}",
                (row.statement, row.place) in explained.places,
            )
            for row in connection.execute(sa.select(opening.c.statement, opening.c.place))
        ),
        *(
            (f"roster {row.roster.hex()} entry {row.place}", (row.roster, row.place) in explained.places)
            for row in connection.execute(sa.select(candidate.c.roster, candidate.c.place))
        ),
        *(
            (f"reservation {row.certificate.hex()}", (row.class_id, row.candidate) in explained.candidates)
            for row in connection.execute(sa.select(reservation))
        ),
        *(
            (f"certificate {one.hex()}", one in explained.certificates)
            for one in connection.execute(sa.select(credential.c.certificate)).scalars()
        ),
    ]
    retired = set(connection.execute(sa.select(retired_code.c.certificate)).scalars())
    for one in sorted(retired - explained.certificates):
        where = f"certificate {one.hex()}"
        yield Departure("RETIRED_EXTRA", where, "its code is retired, and no order erased its holder")
    for one in sorted(explained.certificates - retired):
        where = f"certificate {one.hex()}"
        yield Departure("RETIRED_MISSING", where, "its holder was erased, and its code leads nowhere")
    for where in sorted(where for where, gone in found if gone):
        yield Departure("ERASURE_UNDONE", where, "an order in force has erased this, and it is still there")


def check_marks(connection: sa.Connection) -> Iterator[Departure]:
    """A mark is of somebody who was erased and holds grants."""
    holders = set(connection.execute(sa.select(hold.c.person)).scalars())
    keyed = set(connection.execute(sa.select(person_key.c.person)).scalars())
    for one in sorted(set(connection.execute(sa.select(claimant_mark.c.person)).scalars())):
        if one not in holders or one in keyed:
            where = f"person {one[:8].hex()}"
            yield Departure(
                "CLAIMANT_MARK", where, "the mark of somebody who holds nothing or was not erased"
            )
