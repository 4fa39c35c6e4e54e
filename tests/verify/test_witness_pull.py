"""Pull and mirror: the same judgement as over HTTP, from a log that may be honest, old, forked or broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest

from ledger.add_checkpoint import origin_hash
from ledger.checkpoint import open_checkpoint
from ledger.errors import MalanError, Unavailable
from ledger.note import NoteSigner, parse_note
from ledger.tiles import TileReader
from tests.verify.witnessing import NOW, ORIGIN, SIGNER, Files, History, home, private
from verify.witness.home import Home
from verify.witness.mirror import Progress, follow
from verify.witness.pulling import deliver, delivery_place, pull


def nobody(_done: int, _total: int) -> None:
    """Nobody looks at the progress."""


@pytest.fixture
def log() -> History:
    return History().grow(700)


@pytest.fixture
def office(tmp_path: Path) -> Home:
    return home(tmp_path / "w")


def code_of(office: Home, source: Files, *, now: int = NOW, mirror: Progress | None = None) -> str:
    with pytest.raises(MalanError) as refused:
        pull(office, ORIGIN, source, now=lambda: now, mirror=mirror)
    return refused.value.code


def test_a_pulled_checkpoint_is_cosigned_and_lies_ready_to_be_carried(office: Home, log: History) -> None:
    for size in (0, 1, 255, 256, 257, 700, 700):
        head = pull(office, ORIGIN, log.files(size), now=lambda: NOW)
        assert head.checkpoint == log.checkpoint(size)
        carried = office.cosigned(ORIGIN).read_bytes()
        opened = open_checkpoint(
            carried, log_keys=[SIGNER.key], cosigners=[office.witness.cosigner.key]
        ).cosignatures
        assert [(one.name, one.time) for one in opened] == [(office.witness.cosigner.name, NOW)]
    assert office.cosigned(ORIGIN).parent.name == origin_hash(ORIGIN)


def test_a_log_that_shows_less_or_nothing(office: Home, log: History) -> None:
    assert code_of(office, Files({})) == "PULL_NO_CHECKPOINT"
    pull(office, ORIGIN, log.files(600), now=lambda: NOW)
    assert code_of(office, log.files(300)) == "PULL_BACKWARDS"
    assert office.witness.state.evidence() == []  # an old copy convicts nobody


def test_a_fork_is_refused_with_its_own_tiles_and_kept(office: Home, log: History) -> None:
    pull(office, ORIGIN, log.files(300), now=lambda: NOW)
    fork = log.fork(280)
    assert code_of(office, fork.files(700)) == "OLD_ROOT"
    assert code_of(office, fork.files(300)) == "WITNESS_OTHER_ROOT"
    assert [one.checkpoint.size for one in office.witness.state.evidence()] == [700, 300]
    assert pull(office, ORIGIN, log.files(700), now=lambda: NOW).checkpoint.size == 700


def test_a_log_that_does_not_give_its_hashes(office: Home, log: History) -> None:
    pull(office, ORIGIN, log.files(300), now=lambda: NOW)
    torn = log.files(700)
    del torn.files["tile/0/002.p/188"]
    assert code_of(office, torn) == "TILE_MISSING"
    assert office.witness.state.evidence() == []


def test_the_mirror_holds_every_file_and_reads_as_the_log(office: Home, log: History) -> None:
    seen: list[tuple[int, int]] = []
    for size in (3, 256, 600, 700):
        source = log.files(size)
        pull(office, ORIGIN, source, now=lambda: NOW, mirror=lambda done, total: seen.append((done, total)))
        place = office.mirror(ORIGIN)
        reader = TileReader(size=size, fetch=lambda path, place=place: (place / path).read_bytes())
        assert reader.root() == log.checkpoint(size).root
        entries = [entry for index in range(-(-size // 256)) for entry in reader.bundle(index)]
        assert entries == log.entries[:size]
        assert (place / "checkpoint").read_bytes() == source.files["checkpoint"]
    assert seen[-1] == (700, 700)
    assert not list(place.parent.glob(".*incoming"))


def test_only_what_is_new_is_fetched(office: Home, log: History) -> None:
    pull(office, ORIGIN, log.files(600), now=lambda: NOW, mirror=nobody)
    later = log.files(700)
    pull(office, ORIGIN, later, now=lambda: NOW, mirror=nobody)
    assert [path for path in later.asked if "entries" in path] == ["tile/entries/002.p/188"]


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/188"])
def test_wrong_entries_are_neither_kept_nor_cosigned_and_right_ones_are_taken_later(
    office: Home, log: History, path: str
) -> None:
    pull(office, ORIGIN, log.files(200), now=lambda: NOW)
    wrong = log.files(700)
    wrong.files[path] = wrong.files[path].replace(b"main", b"evil", 1)
    assert code_of(office, wrong, mirror=nobody) == "MIRROR_ROOT"
    head = office.witness.state.latest(ORIGIN)
    assert head is not None and head.checkpoint.size == 200
    assert not (office.mirror(ORIGIN) / "checkpoint").exists()
    assert pull(office, ORIGIN, log.files(700), now=lambda: NOW, mirror=nobody).checkpoint.size == 700


def test_control_without_mirroring_wrong_entries_pass(office: Home, log: History) -> None:
    """A witness vouches for hashes; only a mirror has seen the entries behind them."""
    wrong = log.files(700)
    wrong.files["tile/entries/000"] = wrong.files["tile/entries/000"].replace(b"main", b"evil", 1)
    assert pull(office, ORIGIN, wrong, now=lambda: NOW).checkpoint.size == 700


def test_a_mirror_broken_off_goes_on_where_it_was(office: Home, log: History) -> None:
    source = log.files(700)
    missing = source.files.pop("tile/entries/002.p/188")
    assert code_of(office, source, mirror=nobody) == "TILE_MISSING"
    source.files["tile/entries/002.p/188"] = missing
    source.asked.clear()
    pull(office, ORIGIN, source, now=lambda: NOW, mirror=nobody)
    assert [path for path in source.asked if "entries" in path] == ["tile/entries/002.p/188"]


def test_a_changed_mirror_is_noticed(office: Home, log: History) -> None:
    """What the next step rests on; all the rest is for `malan-verify audit DIR`."""
    pull(office, ORIGIN, log.files(600), now=lambda: NOW, mirror=nobody)
    tile = office.mirror(ORIGIN) / "tile/1/000.p/2"
    data = bytearray(tile.read_bytes())
    data[5] ^= 1
    tile.write_bytes(bytes(data))
    assert code_of(office, log.files(700), mirror=nobody) == "MIRROR_ROOT"
    shutil.rmtree(office.mirror(ORIGIN))
    assert pull(office, ORIGIN, log.files(700), now=lambda: NOW, mirror=nobody).checkpoint.size == 700


def test_a_mirror_never_goes_back_and_is_of_one_log(log: History, tmp_path: Path) -> None:
    elsewhere = History(signer=NoteSigner("other.example", private("other")))

    def mirror(history: History, size: int) -> None:
        keys = [history.signer.key, SIGNER.key]
        follow(tmp_path / "m", history.note(size), keys=keys, fetch=history.files(size).fetch, tidy_before=0)

    mirror(log, 5)
    for history, size, code in ((log, 3, "MIRROR_BACKWARDS"), (elsewhere, 9, "MIRROR_ORIGIN")):
        with pytest.raises(MalanError) as refused:
            mirror(history, size)
        assert refused.value.code == code


def test_the_line_goes_back_to_the_log(office: Home, log: History) -> None:
    head = pull(office, ORIGIN, log.files(5), now=lambda: NOW)
    got: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(200)

    place = delivery_place("https://cert.malan.example/log")
    assert place == "https://cert.malan.example/api/cosignatures"
    deliver(head.note, place, transport=httpx.MockTransport(take))
    assert [one.name for one in parse_note(got[0].content).signatures] == [
        ORIGIN,
        office.witness.cosigner.name,
    ]
    assert delivery_place("/srv/log") is None


@pytest.mark.parametrize("status", [302, 400, 404, 503])
def test_a_log_that_does_not_take_it(office: Home, log: History, status: int) -> None:
    head = pull(office, ORIGIN, log.files(5), now=lambda: NOW)
    with pytest.raises(Unavailable) as refused:
        deliver(
            head.note, "https://x.example", transport=httpx.MockTransport(lambda _: httpx.Response(status))
        )
    assert refused.value.code == "DELIVERY"
