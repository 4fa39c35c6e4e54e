"""The supervisor's answers over 100,000 certificates: `python -m tests.bench.supervision [CLASSES]`.

The rows are made directly, as the service would have left them: facts, entries, indexes, and in the reader's
own district persons and reservations too; statements are signed, but no judge admitted them. What is measured
is reading: the first count after a start, each answer after that, and the look-up of a number that nobody
looked up before.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog

from issuers.acts.certificates import CertificateIssued
from issuers.acts.classes import ClassOpened, EvaluationConfirmed
from issuers.acts.words import CertificateKind
from issuers.authority.class_facts import CertificateFact, ClassFact, Passed, SheetRef, State
from issuers.authority.view import Fact
from issuers.identifiers.districts import DISTRICTS
from issuers.identifiers.numbers import CertificateNumber
from ledger import cbor, sealing, store
from ledger.leaf import Leaf, encode_leaf, leaf_hash
from ledger.statement import parse_statement
from registry.certificates import reservations
from registry.storage.facts import encode
from registry.storage.tables import class_entry, fact, person, person_key
from registry.supervision import classes, health, issuing, trace
from registry.supervision.book import Book
from tests.ground import SqliteGround
from tests.registry.stage import Stage, know_staff, raise_stage, with_standard
from tests.registry.test_supervision import OWN, principal
from tests.world import World
from tests.world_parts import BODY, PROJECT, STANDARD_ID, moment, seeded

EACH = 25
HOME_DISTRICT = "district-310104"


@dataclass
class Rows:
    """What waits to be inserted, and the end of the log."""

    prev: bytes
    size: int
    time_ms: int
    entries: list[dict[str, object]]
    facts: list[dict[str, object]]
    places: list[dict[str, object]]

    def say(self, raw: bytes, class_id: bytes) -> tuple[int, bytes]:
        """Appends a statement about a class."""
        data = encode_leaf(Leaf(self.size, self.time_ms, self.prev, raw))
        statement = parse_statement(raw)
        self.prev = leaf_hash(data)
        row = {"seq": self.size, "leaf": data, "leaf_hash": self.prev}
        self.entries.append({**row, "cti": statement.cti, "statement_hash": statement.hash})
        self.places.append({"class_id": class_id, "seq": self.size})
        self.size += 1
        self.time_ms += 10
        return self.size - 1, statement.hash

    def know(self, one: Fact, seq: int) -> None:
        self.facts.append({"kind": type(one).__name__, "key": one.key, "record": encode(one), "seq": seq})

    def write(self, connection: sa.Connection) -> None:
        for table, rows in ((store.entry, self.entries), (fact, self.facts), (class_entry, self.places)):
            connection.execute(sa.insert(table), rows)
            rows.clear()


def grow(stage: Stage, count: int) -> list[str]:
    """So many classes of `EACH`; answers with the numbers of the own district's certificates."""
    service, world, numbers = stage.service, stage.world, list[str]()
    with service.database.reading() as connection:
        head = store.read_head(connection, service.origin)
    rows = Rows(head.prev, head.size, head.time_ms, [], [], [])
    for place in range(count):
        if place % 50 == 0:
            sys.stderr.write(f"\r{place * EACH} certificates")
        with service.database.transaction() as connection:
            _add_class(stage, connection, rows, place, numbers)
            rows.write(connection)
    sys.stderr.write("\n")
    world.now = stage.hands.now_ms = rows.time_ms
    return numbers


def _add_class(stage: Stage, connection: sa.Connection, rows: Rows, place: int, numbers: list[str]) -> None:
    world = stage.world
    district = f"district-{list(DISTRICTS)[place % len(DISTRICTS)]}"
    class_id, subject = seeded(f"class {place}", 16), f"class/{seeded(f'class {place}', 16).hex()}"
    first, roster = date(2026, 3, 1) + timedelta(days=place % 200), seeded(f"roster {place}", 32)
    institution = f"school-{place % 160}"
    instructors = (world.people["instructor-1"].staff,)
    opened = ClassOpened(PROJECT, STANDARD_ID, BODY, instructors, first, first)
    world.now = rows.time_ms
    opened_seq, _ = rows.say(world.sign("class-opened", "registrar", subject, opened), class_id)
    sheets = tuple(
        SheetRef(world.people[f"evaluator-{n}"].staff, seeded(f"sheet {place} {n}", 32), EACH) for n in (1, 2)
    )
    candidates = tuple(seeded(f"candidate {place} {n}", 16) for n in range(EACH))
    hashes = tuple(sheet.statement for sheet in sheets)
    confirmed = EvaluationConfirmed(roster, hashes, STANDARD_ID, EACH, candidates)
    seq, evaluation = rows.say(world.sign("evaluation-confirmed", "signatory", subject, confirmed), class_id)
    rows.know(
        ClassFact(
            *(
                class_id,
                institution,
                district,
                PROJECT,
                STANDARD_ID,
                BODY,
                instructors,
                first,
                first,
                opened_seq,
            ),
            *(roster, EACH, sheets, evaluation),
        ),
        seq,
    )
    for number, one in enumerate(candidates):
        certificate = seeded(f"certificate {place} {number}", 16)
        if district == HOME_DISTRICT:
            certificate = _reserve(stage, connection, class_id, one, numbers)
        _issue(rows, world, place * EACH + number, certificate, class_id, one, evaluation)


def _issue(
    rows: Rows, world: World, at: int, certificate: bytes, class_id: bytes, one: bytes, evaluation: bytes
) -> None:
    day = date(2026, 3, 1) + timedelta(days=at // 500 % 300)
    credential = seeded(f"credential {at}", 32)
    entries = ({"name": bytes(32), "number": bytes(32)},)
    act = CertificateIssued(
        *(
            class_id,
            one,
            evaluation,
            STANDARD_ID,
            CertificateKind.QUALIFICATION,
            credential,
            1,
            at,
            day,
            entries,
        )
    )
    world.now = rows.time_ms
    time_ms = rows.time_ms
    raw = world.sign("certificate-issued", "signatory", f"certificate/{certificate.hex()}", act)
    seq, _ = rows.say(raw, class_id)
    kid = world.people["signatory"].signer.public.kid
    rows.know(
        CertificateFact(
            *(
                certificate,
                class_id,
                one,
                BODY,
                PROJECT,
                CertificateKind.QUALIFICATION,
                credential,
                1,
                at,
                day,
            ),
            *(kid, seq, time_ms, State.REVOKED if at % 97 == 0 else State.VALID, time_ms),
        ),
        seq,
    )
    rows.know(Passed(class_id, one, time_ms, certificate), seq)


def _reserve(
    stage: Stage, connection: sa.Connection, class_id: bytes, one: bytes, numbers: list[str]
) -> bytes:
    people = stage.service.people
    owner = os.urandom(16)
    connection.execute(sa.insert(person).values(person=owner))
    wrapped = _wrapped(stage, owner)
    connection.execute(sa.insert(person_key).values(person=owner, wrapped=wrapped))
    form = CertificateNumber(
        kind=CertificateKind.QUALIFICATION,
        district=HOME_DISTRICT[-6:],
        year2=26,
        stage=3,
        project3=int(PROJECT),
        issuer3=7,
        sequence6=1,
    )
    reservations.reserve(
        connection,
        people,
        class_id=class_id,
        candidate=one,
        person=owner,
        form=form,
        batch=class_id,
        expires_ms=stage.hands.now_ms + reservations.TERM_MS,
    )
    found = reservations.find(connection, people, class_id=class_id, candidate=one)
    assert found is not None
    numbers.append(found.number)
    return found.certificate


def _wrapped(stage: Stage, owner: bytes) -> bytes:
    context = cbor.encode(["malan/seal/1", "person_key", owner])
    key, nonce = os.urandom(sealing.KEY_BYTES), os.urandom(sealing.NONCE_BYTES)
    return sealing.seal(key, key=stage.service.secrets.kek, nonce=nonce, context=context)


def timed(what: str, ask: Callable[[], object]) -> None:
    begun = time.perf_counter()
    ask()
    sys.stdout.write(f"{what:<60} {1000 * (time.perf_counter() - begun):9.1f} ms\n")


def main(count: int) -> None:
    """Builds, then asks."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), cache_logger_on_first_use=False)
    with tempfile.TemporaryDirectory() as folder:
        world = World.founded()
        stage = raise_stage(SqliteGround().migrated(Path(folder) / "home"), world, founded=False)
        with_standard(world)
        know_staff(stage.service, world)
        stage.tell()
        stage.hands.set(moment(13, 10))
        numbers = grow(stage, count)
        service, reader = stage.service, principal(stage, OWN)
        sys.stdout.write(
            f"{count * EACH} certificates, {count} classes, {len(numbers)} in the own district\n"
        )
        stage.publish()
        book = Book()

        def whole() -> None:
            with book.lock:
                book.carry_on(service.database, service.origin, seconds=600)

        timed("counting everything, once after a start", whole)
        timed(
            "the first answer after a start (counts for at most 2 s)",
            lambda: issuing.issuing(service, reader, "day"),
        )
        for _ in range(20):
            if service.book.size >= stage.size():
                break
            issuing.issuing(service, reader, "day")
        timed("health", lambda: health.health(service, reader))
        timed("issuing by day", lambda: issuing.issuing(service, reader, "day"))
        timed("issuing by month", lambda: issuing.issuing(service, reader, "month"))
        timed("a page of classes", lambda: classes.classes(service, reader, classes.Wanted()))
        staff = world.people["evaluator-2"].staff.hex()
        timed(
            "classes of an evaluator",
            lambda: classes.classes(service, reader, classes.Wanted(evaluator=staff)),
        )
        first = service.book.districts[HOME_DISTRICT].classes[0].id
        timed("certificates of a class", lambda: classes.certificates_of_class(service, reader, first))
        timed("chain of a class", lambda: trace.trace_class(service, reader, first))
        timed("an old number, nothing remembered", lambda: trace.trace_typed(service, reader, numbers[0]))
        timed("the same once more", lambda: trace.trace_typed(service, reader, numbers[0]))
        timed(
            "a number in the middle", lambda: trace.trace_typed(service, reader, numbers[len(numbers) // 2])
        )
        stage.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000)
