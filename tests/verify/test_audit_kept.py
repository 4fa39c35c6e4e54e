"""An audit that goes on where the last one ended says what a whole one says, and reads what is new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

import pytest

from issuers.acts import read_act
from issuers.acts.certificates import CertificateRevoked
from issuers.acts.words import Duty
from issuers.evidence import to_json
from ledger.errors import Malformed
from tests.verify.logs import MemorySource, Said, codes, files_of, forge, published, said_in
from tests.world import World
from tests.world_parts import INSTITUTION
from tests.world_steps import appoint
from verify.audit import kept
from verify.audit.kept import Memory, decode
from verify.audit.report import AuditReport
from verify.audit.run import Asked, _Audit, audit

HOUR = 3_600_000


class Keeper:
    """Keeps in memory; `often` whenever it may."""

    def __init__(self, *, often: bool = False) -> None:
        self.often = often
        self.data: list[bytes] = []

    def due(self) -> bool:
        return self.often

    def take(self, data: bytes) -> None:
        self.data.append(data)


@lru_cache(maxsize=1)
def _long() -> World:
    """Every stage, with enough appointments around it that both ends of a bundle lie between its acts."""
    world = World.founded().with_rivals()
    _fill(world, 220, "a")
    world = world.with_standard().with_class().with_results()
    _fill(world, 256, "b")
    world = world.with_certificates()
    _fill(world, 480, "c")
    world = world.with_claim()
    _fill(world, 530, "d")
    return world


def _fill(world: World, size: int, mark: str) -> None:
    while len(world.leaves) < size:
        appoint(world, f"extra-{mark}-{len(world.leaves)}", INSTITUTION, Duty.INSTRUCTOR)


@pytest.fixture
def world() -> World:
    return _long().copy()


class Counting(MemorySource):
    """Tells which bundles were read."""

    asked: list[str]

    def fetch(self, path: str) -> bytes | None:
        self.asked = [*getattr(self, "asked", []), path]
        return super().fetch(path)


def source_of(world: World, size: int | None = None) -> Counting:
    size = len(world.leaves) if size is None else size
    return Counting(files_of(world.leaves[:size], world.checkpoint(size=size)), world.policy())


def asked(world: World, **more: Any) -> Asked:
    return Asked(at_ms=world.now + HOUR, policy=world.policy(), **more)


@lru_cache
def _kept_at(size: int) -> bytes:
    world, keeper = _long(), Keeper()
    question = Asked(at_ms=world.times[size - 1] + 1_000, policy=world.policy())
    report = audit(source_of(world, size), question, memory=Memory(None, keeper))
    assert report.exit_code == 0, codes(report)
    return keeper.data[-1]


def memory_at(size: int) -> Memory:
    """What an audit of the log at that size left behind, made when it had that size."""
    return Memory(decode(_kept_at(size)), Keeper())


def told(report: AuditReport) -> dict[str, Any]:
    """The report without how much of it was remembered."""
    document: dict[str, Any] = report.document()
    assert document["log"] is not None
    document["log"].pop("audited_before")
    return document


@pytest.mark.parametrize("size", [256, 300, 530])
def test_the_next_audit_says_what_a_whole_one_says(world: World, size: int) -> None:
    memory = memory_at(size)
    question = asked(world, trust=world.bundle(), since=world.checkpoint(size=520))
    whole = audit(source_of(world), question)
    again = audit(source_of(world), question, memory=memory)
    assert told(again) == told(whole) and whole.exit_code == 0
    assert again.log is not None and again.log.kept == size - size % 256


def test_only_what_is_new_is_read(world: World) -> None:
    memory = memory_at(512)
    source = source_of(world)
    audit(source, asked(world), memory=memory)
    bundles = [path for path in source.asked if path.startswith("tile/entries")]
    assert bundles[0] == f"tile/entries/002.p/{len(world.leaves) - 512}"


@pytest.mark.parametrize("more", ["evidence", "an older checkpoint", "an older bundle"])
def test_what_reaches_back_is_answered_by_reading_the_whole(world: World, more: str) -> None:
    memory = memory_at(512)
    question = {
        "evidence": lambda: asked(world, evidence=(_evidence(world),)),
        "an older checkpoint": lambda: asked(world, since=world.checkpoint(size=300)),
        "an older bundle": lambda: asked(world, trust=world.bundle(size=300)),
    }[more]()
    report = audit(source_of(world), question, memory=memory)
    assert report.log is not None and report.log.kept == 0
    assert told(report) == told(audit(source_of(world), question))


def _evidence(world: World) -> bytes:
    return to_json(world.evidence())


def test_a_stopped_audit_goes_on_where_it_was(world: World) -> None:
    keeper = Keeper(often=True)

    def stop(done: int, _total: int) -> None:
        if done > 256:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(source_of(world), asked(world), progress=stop, memory=Memory(None, keeper))
    report = audit(source_of(world), asked(world), memory=Memory(decode(keeper.data[-1]), Keeper()))
    assert report.log is not None and report.log.kept == 256
    assert told(report) == told(audit(source_of(world), asked(world)))


Change = Callable[[World, list[Said]], list[Said]]


def _again(world: World, said: list[Said]) -> list[Said]:
    return [*said, (world.now, said[100][1])]


def _again_by_rule(kind: str) -> Change:
    """The same act once more under a fresh id, by whoever may say it."""

    def change(world: World, said: list[Said]) -> list[Said]:
        first = next(one for one in world.said if one.kind == kind)
        name = next(name for name, one in world.people.items() if one.signer.public.kid == first.kid)
        raw = world.sign(kind, name, first.subject, read_act(first))
        return [*said, (world.now, raw)]

    return change


def _revoked_twice(world: World, said: list[Said]) -> list[Said]:
    subject = f"certificate/{world.certificates[0].id.hex()}"
    raws = [
        world.sign("certificate-revoked", "signatory", subject, CertificateRevoked("error")) for _ in "ab"
    ]
    return [*said, *((world.now, raw) for raw in raws)]


LATER: dict[str, Change] = {
    "a statement replayed": _again,
    "evaluation confirmed twice": _again_by_rule("evaluation-confirmed"),
    "certificate issued twice": _again_by_rule("certificate-issued"),
    "claim submitted twice": _again_by_rule("claim-submitted"),
    "class opened twice": _again_by_rule("class-opened"),
    "revoked twice": _revoked_twice,
}


@pytest.mark.parametrize("name", LATER)
def test_what_goes_wrong_later_is_seen_by_what_was_remembered(world: World, name: str) -> None:
    """Without falling back to a whole audit: the memory alone must know enough."""
    memory = memory_at(530)
    forged = forge(world, LATER[name](world, said_in(world)))
    question = asked(forged)
    source = published(forged)
    alone = _Audit(source, question, memory).run(None)
    whole = audit(source, question)
    assert alone.log is not None and alone.log.kept == 512
    assert codes(alone) == codes(whole) != []


@pytest.mark.parametrize("part", ["replay", "rules"])
def test_control_a_detector_that_forgets_misses_it(
    world: World, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = memory_at(530)
    change = {"replay": _again, "rules": _again_by_rule("claim-submitted")}[part]
    forged = forge(world, change(world, said_in(world)))
    whole = codes(audit(published(forged), asked(forged)))
    names = {"replay": "verify.audit.replay.Replay", "rules": "verify.audit.rules.Rules"}
    monkeypatch.setattr(f"{names[part]}.recall", lambda *_, **__: None)
    assert codes(_Audit(published(forged), asked(forged), memory).run(None)) != whole


def test_a_history_rewritten_behind_the_memory_is_named_as_a_whole_audit_names_it(world: World) -> None:
    memory = memory_at(512)
    said = said_in(world)
    said[40], said[41] = said[41], said[40]
    forged = forge(world, said)
    report = audit(published(forged), asked(forged), memory=memory)
    assert report.log is not None and report.log.kept == 0
    assert told(report) == told(audit(published(forged), asked(forged))) and report.exit_code == 1


def test_nothing_is_kept_of_a_log_that_is_not_sound(world: World) -> None:
    said = said_in(world)
    said[40], said[41] = said[41], said[40]
    forged, keeper = forge(world, said), Keeper(often=True)
    audit(published(forged), asked(forged), memory=Memory(None, keeper))
    assert keeper.data == []


def test_another_logs_memory_is_not_used(world: World) -> None:
    memory = memory_at(512)
    assert memory.kept is not None
    other = Memory(replace(memory.kept, end=replace(memory.kept.end, origin="other.example")), Keeper())
    report = audit(source_of(world), asked(world), memory=other)
    assert report.log is not None and (report.log.kept, report.exit_code) == (0, 0)


def test_damaged_bytes_are_no_memory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper()
    audit(source_of(world), asked(world), memory=Memory(None, keeper))
    data, random = keeper.data[-1], Random(11)
    decode(data)
    for _ in range(40):
        broken = bytearray(data)
        broken[random.randrange(len(data))] ^= 1 << random.randrange(8)
        with pytest.raises(Malformed):
            decode(bytes(broken))
    for cut in (0, 1, 3, len(data) // 2, len(data) - 1):
        with pytest.raises(Malformed):
            decode(data[:cut])
    monkeypatch.setattr(kept, "VERSION", kept.VERSION + 1)
    with pytest.raises(Malformed) as other:
        decode(data)
    assert other.value.code == "KEPT_OTHER"
