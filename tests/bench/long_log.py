"""A log as a year leaves it: class after class, every act signed and judged, five certificates a class."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from issuers.acts.certificates import CertificateIssued
from issuers.acts.classes import ClassOpened, EvaluationConfirmed, Roster, Sheet
from issuers.acts.words import CertificateKind
from issuers.authority.case import shanghai_date
from ledger.lock_store import MemoryLockStore
from ledger.note import NoteSigner
from ledger.publisher import publish
from tests.world import World
from tests.world_parts import BODY, PROJECT, STANDARD_ID, moment, seeded
from tests.world_stages import CLASS_FIRST, CLASS_LAST, TRAINEES
from tests.world_steps import trainee

ENTRIES_A_CLASS = 10


@dataclass
class _Class:
    """What is known of a class so far."""

    subject: str
    id: bytes
    people: list[bytes]
    roster: bytes = b""
    sheets: tuple[bytes, ...] = ()
    evaluation: bytes = b""


def long_world(classes: int) -> World:
    """Founding, then `classes` classes of ten entries each; all entries of a kind on one day."""
    world = World.founded().with_standard()
    template = [trainee(world, *row) for row in TRAINEES]
    instructors = tuple(world.people[name].staff for name in ("instructor-1", "instructor-2"))
    known = []
    world.now = moment(9, 8)
    for number in range(classes):
        class_id = seeded(f"long {number}", 16)
        one = _Class(
            f"class/{class_id.hex()}", class_id, [seeded(f"long {number} {i}", 16) for i in range(5)]
        )
        known.append(one)
        act = ClassOpened(PROJECT, STANDARD_ID, BODY, instructors, CLASS_FIRST, CLASS_LAST)
        world.say("class-opened", "registrar", one.subject, act)
    world.now = moment(11, 17)
    for one in known:
        rows = [{**template[i].fields, "candidate": who} for i, who in enumerate(one.people)]
        entries, openings = world.commit("roster", rows)
        one.roster = world.say("roster", "registrar", one.subject, Roster(entries), openings=openings).hash
    world.now = moment(12, 8)
    for one in known:
        made = []
        for number, name in enumerate(("evaluator-1", "evaluator-2")):
            marks = [{"candidate": who, **template[i].marks[number]} for i, who in enumerate(one.people)]
            entries, openings = world.commit("sheet", marks)
            act_of = Sheet(one.roster, entries)
            made.append(world.say("sheet", name, one.subject, act_of, openings=openings).hash)
        one.sheets = tuple(made)
    world.now = max(world.now, moment(12, 16))
    for one in known:
        passed = tuple(sorted(one.people))
        act_said = EvaluationConfirmed(one.roster, one.sheets, STANDARD_ID, len(passed), passed)
        one.evaluation = world.say("evaluation-confirmed", "signatory", one.subject, act_said).hash
    world.now = max(world.now, moment(13, 10))
    for number, one in enumerate(known):
        for i, who in enumerate(one.people):
            _issue(world, one, who, number * 5 + i)
    return world


def _issue(world: World, one: _Class, who: bytes, number: int) -> None:
    entries, openings = world.commit("certificate-issued", [{"name": "n", "number": str(number)}])
    act = CertificateIssued(
        class_id=one.id,
        candidate=who,
        evaluation=one.evaluation,
        standard=STANDARD_ID,
        kind=CertificateKind.QUALIFICATION,
        credential=sha256(number.to_bytes(8, "big")).digest(),
        status_list=1 + number // 2**20,
        status_index=number % 2**20,
        issued_on=shanghai_date(world.now),
        entries=entries,
    )
    subject = f"certificate/{seeded(f'long certificate {number}', 16).hex()}"
    world.say("certificate-issued", "signatory", subject, act, openings=openings)


def publish_synthetic(directory: Path, size: int, *, width: int = 480) -> NoteSigner:
    """A log of `size` leaves that say nothing, each as long as a usual entry: for tiles and proofs."""
    signer = NoteSigner("bench.malan.example/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    filler = bytes(width - 8)

    def read(start: int, stop: int) -> list[bytes]:
        return [seq.to_bytes(8, "big") + filler for seq in range(start, stop)]

    publish(directory, origin=signer.name, size=size, read_leaves=read, signer=signer, lock=MemoryLockStore())
    return signer


if __name__ == "__main__":  # a log for trying things out: python -m tests.bench.long_log CLASSES DIRECTORY
    made = long_world(int(sys.argv[1]))
    made.publish(Path(sys.argv[2]) / "log")
    (Path(sys.argv[2]) / "policy.txt").write_bytes(made.policy())
    (Path(sys.argv[2]) / "trust.cbor").write_bytes(made.bundle())
    sys.stderr.write(f"{len(made.leaves)} entries\n")
