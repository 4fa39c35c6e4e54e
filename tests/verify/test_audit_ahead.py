"""An audit helped by others says what it says alone, whatever the helpers send back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from issuers.authority.party_facts import Key
from ledger.errors import Unavailable
from tests.verify.logs import MemorySource, codes, forge, published, said_in
from tests.verify.test_audit_kept import LATER, Keeper, _long, asked, memory_at, source_of
from tests.world import World
from verify.audit import ahead
from verify.audit.kept import Memory
from verify.audit.run import audit


@pytest.fixture
def world() -> World:
    return _long().copy()


@pytest.fixture(autouse=True)
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a log as short as this one, nobody would start a process."""
    monkeypatch.setattr(ahead, "WORTH_IT", 1)


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


def test_other_processes_help(world: World) -> None:
    question = asked(world, trust=world.bundle(), since=world.checkpoint(size=520))
    alone = audit(source_of(world), question).document()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert audit(source_of(world), question, executor=executor).document() == alone
        assert alone["exit"] == 0
        again = audit(source_of(world), question, executor=executor, memory=memory_at(300))
        assert again.log is not None and again.log.kept == 256 and again.exit_code == 0


def test_most_signatures_are_verified_elsewhere(
    world: World, threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or nothing would be gained: only what is signed with a key of the last few bundles is left to do."""
    own: list[int] = []
    whole = ahead.Ahead.verified

    def verified(self: ahead.Ahead, seq: int, statement: bytes) -> ahead.Named | None:
        found = whole(self, seq, statement)
        if found is None:
            own.append(seq)
        return found

    monkeypatch.setattr(ahead, "AHEAD", 0)
    monkeypatch.setattr(ahead.Ahead, "verified", verified)
    assert audit(source_of(world), asked(world), executor=threads).exit_code == 0
    assert len([seq for seq in own if seq >= 256]) < 12


@pytest.mark.parametrize("name", LATER)
def test_what_is_wrong_is_named_alike(world: World, threads: Executor, name: str) -> None:
    forged = forge(world, LATER[name](world, said_in(world)))
    alone = audit(published(forged), asked(forged))
    helped = audit(published(forged), asked(forged), executor=threads)
    assert helped.document() == alone.document() and alone.exit_code == 1


def _flip(source: MemorySource, path: str, place: int) -> MemorySource:
    data = bytearray(source.files[path])
    data[place] ^= 1
    source.files[path] = bytes(data)
    return source


@pytest.mark.parametrize("place", range(40, 60_000, 11_987))
def test_changed_bytes_are_named_alike(world: World, threads: Executor, place: int) -> None:
    sources = [_flip(published(world), "tile/entries/001", place) for _ in "ab"]
    alone, helped = audit(sources[0], asked(world)), audit(sources[1], asked(world), executor=threads)
    assert helped.document() == alone.document() and alone.exit_code == 1


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/entries/002.p/18", "tile/0/001"])
def test_missing_files_are_named_alike(world: World, threads: Executor, path: str) -> None:
    sources = [published(world) for _ in "ab"]
    for source in sources:
        path = next(one for one in source.files if one.startswith(path.split(".p")[0]))
        del source.files[path]
    alone, helped = audit(sources[0], asked(world)), audit(sources[1], asked(world), executor=threads)
    assert helped.document() == alone.document() and alone.exit_code == 1


def test_a_source_that_fails_is_named_alike(world: World, threads: Executor) -> None:
    class Failing(MemorySource):
        def fetch(self, path: str) -> bytes | None:
            if path == "tile/entries/001":
                raise Unavailable("SOURCE_STATUS", "told by the test")
            return super().fetch(path)

    made = published(world)
    alone = audit(Failing(made.files, made.policy), asked(world))
    helped = audit(Failing(made.files, made.policy), asked(world), executor=threads)
    assert helped.document() == alone.document() and alone.exit_code != 0


class Liar(Executor):
    """Does the work and changes what comes of it."""

    def __init__(self, lie: Any) -> None:
        self.lie = lie

    def submit(self, call: Any, /, *words: Any, **more: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result([self.lie(one) for one in call(*words, **more)])
        return future


def _badly_signed(world: World) -> World:
    """The last entry with a bit of its signature changed, and the log made anew over it."""
    bad = bytearray(said_in(world)[-1][1])
    bad[-1] ^= 1
    return forge(world, [*said_in(world)[:-1], (world.times[-1], bytes(bad))])


def _named(world: World) -> ahead.Named:
    """The key of the last entry."""
    key = world.view.get(Key, world.said[-1].kid.hex())
    assert key is not None
    return key.alg, key.spki


def test_a_signature_verified_under_another_key_is_verified_again(world: World) -> None:
    """The body's key is not the one that is enrolled: what a helper says about it counts for nothing."""
    other = world.new_key("stranger").public
    liar = Liar(lambda one: None if one is None else (one[0], (other.alg, other.spki)))
    assert audit(source_of(world), asked(world), executor=liar).exit_code == 0
    forged = _badly_signed(world)
    assert "SIGNATURE_BAD" in codes(audit(published(forged), asked(forged), executor=liar))


def test_a_signature_verified_for_other_bytes_is_not_taken(world: World) -> None:
    """What a helper found out about another statement says nothing about the one that stands there."""
    forged = _badly_signed(world)
    liar = Liar(lambda one: one or (b"h" * 32, _named(world)))
    assert "SIGNATURE_BAD" in codes(audit(published(forged), asked(forged), executor=liar))


def test_the_replay_goes_by_what_it_compares(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # Negative control: where hash and key are taken on trust, a bad signature passes.
    forged = _badly_signed(world)
    liar = Liar(lambda one: one or (b"h" * 32, _named(world)))
    monkeypatch.setattr(ahead.Ahead, "verified", lambda self, seq, _: self._found[seq - self._first][1])
    assert "SIGNATURE_BAD" not in codes(audit(published(forged), asked(forged), executor=liar))


def test_what_is_kept_is_the_same(world: World, threads: Executor) -> None:
    keepers = [Keeper(), Keeper()]
    for keeper, executor in zip(keepers, (None, threads), strict=True):
        audit(source_of(world), asked(world), memory=Memory(None, keeper), executor=executor)
    assert keepers[0].data == keepers[1].data
