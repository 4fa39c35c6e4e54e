"""Attacks on a mirror: a host that gives junk, for ever, half, or in turns with a log that signs any size."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import MalanError, Unavailable
from ledger.merkle import leaf_hash, node_hash
from ledger.note import parse_note, sign_note
from ledger.tiles import WIDTH, TileReader, encode_bundle
from tests.verify.witnessing import NOW, ORIGIN, SIGNER, Files, History, home
from verify.source import DirectorySource
from verify.witness import mirror as mirroring
from verify.witness import rounds
from verify.witness.home import Home
from verify.witness.pulling import pull
from verify.witness.rounds import one_round

_JUNK = encode_bundle([b"x" * 65_535] * WIDTH)


@pytest.fixture
def log() -> History:
    return History().grow(1_100)


@pytest.fixture
def office(tmp_path: Path) -> Home:
    return home(tmp_path / "w")


def mirror(office: Home, source: Files) -> str | None:
    """The code of why not."""
    try:
        pull(office, ORIGIN, source, now=lambda: NOW, mirror=lambda _done, _total: None)
    except MalanError as error:
        return error.code
    return None


def held(office: Home) -> int:
    """Bytes below the mirror, whatever they are called."""
    place = office.mirror(ORIGIN).parent
    return sum(one.stat().st_size for one in place.rglob("*") if one.is_file())


def test_junk_is_not_put_on_the_disk_first(office: Home, log: History) -> None:
    """Each bundle 16 MB, and only at the end the root: a host without any key filled the disk of mirrors."""
    hostile = log.files(1_100)
    hostile.files |= {f"tile/entries/00{index}": _JUNK for index in range(4)}
    assert mirror(office, hostile) == "MIRROR_ROOT" and held(office) == 0
    assert "tile/entries/001" not in hostile.asked


def test_a_host_that_gives_junk_and_then_breaks_off_leaves_nothing_behind(office: Home, log: History) -> None:
    """It used to lie aside, and the honest host that came next was told that its entries are wrong."""
    torn = log.files(1_100)
    torn.files["tile/entries/000"] = torn.files["tile/entries/000"].replace(b"main", b"evil", 1)
    del torn.files["tile/entries/003"]
    assert mirror(office, torn) == "MIRROR_ROOT"
    assert mirror(office, log.files(1_100)) is None


def test_what_lies_aside_is_checked_again(office: Home, log: History) -> None:
    torn = log.files(1_100)
    del torn.files["tile/entries/003"]
    assert mirror(office, torn) == "TILE_MISSING"
    (aside,) = office.mirror(ORIGIN).parent.glob(".*.incoming")
    first = aside / "entries.0.256"
    first.write_bytes(first.read_bytes().replace(b"main", b"evil", 1))
    again = log.files(1_100)
    assert mirror(office, again) is None
    assert [path for path in again.asked if "entries" in path] == [
        "tile/entries/000",
        "tile/entries/003",
        "tile/entries/004.p/76",
    ]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 513, 767, 768, 1_024, 1_025, 1_100])
def test_every_bundle_of_every_shape_is_taken_and_no_changed_one(
    tmp_path: Path, log: History, size: int
) -> None:
    honest = log.files(size)
    for path in sorted(one for one in honest.files if "entries" in one):
        wrong = log.files(size)
        wrong.files[path] = wrong.files[path][:-1] + b"!"
        assert mirror(home(tmp_path / path.replace("/", "_")), wrong) == "MIRROR_ROOT"
    assert mirror(home(tmp_path / "w"), honest) is None


class _Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_log_that_signs_any_size_leaves_space_for_the_memory(
    office: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tree of 2^60 equal entries takes 60 hashes to make, and fills any disk."""
    endless = _Endless()
    left = [mirroring.RESERVE_BYTES + 3 * len(endless.bundle)]

    def usage(place: Path) -> _Usage:
        return _Usage(0, 0, left[0] - held(office))

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert mirror(office, endless) == "MIRROR_SPACE"
    assert held(office) <= 2 * len(endless.bundle)
    # The memory works on: the same log is cosigned without a mirror.
    assert pull(office, ORIGIN, endless, now=lambda: NOW).checkpoint.size == 2**60


class _Endless(Files):
    """2^60 times the same entry, every file of it right."""

    def __init__(self) -> None:
        super().__init__({})
        self.levels = [leaf_hash(b"again")]
        for _ in range(60):
            self.levels.append(node_hash(self.levels[-1], self.levels[-1]))
        self.bundle = encode_bundle([b"again"] * WIDTH)
        self.note = sign_note(Checkpoint(ORIGIN, 2**60, self.levels[60]).body(), [SIGNER])

    def fetch(self, path: str) -> bytes | None:
        if path == "checkpoint":
            return self.note
        _, level, *_ = path.split("/")
        if level == "entries":
            return self.bundle
        width = int(path.split(".p/")[1]) if ".p/" in path else WIDTH
        return self.levels[8 * int(level)] * width


_FULL = os.environ.get("MALAN_CAMPAIGN") == "full"


class _Liar(Files):
    """An honest log's files, some of them changed, another way each time they are asked for."""

    def __init__(self, honest: Files, chance: Random) -> None:
        super().__init__(honest.files, honest.policy)
        self.chance = chance

    def fetch(self, path: str) -> bytes | None:
        data, chance = self.files.get(path), self.chance
        match chance.randrange(14):
            case 0:
                return None
            case 1:
                raise Unavailable("SOURCE_UNREACHABLE", "told by the test")
            case 2:
                return self.files[chance.choice(sorted(self.files))]
            case 3:
                return (data or b"") + b"!"
            case 4 if data:
                at = chance.randrange(len(data))
                return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
            case 5 if data:
                return data[: chance.randrange(len(data))]
        return data

    def offered_policy(self) -> bytes | None:
        return self.fetch("tile/0/000") if self.chance.random() < 0.5 else None


def test_whatever_a_host_says_a_round_ends_well_and_the_mirror_holds_the_log_alone(
    office: Home, log: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, sizes = Random(20_260), [0]
    office = Home(office.path, office.witness, {ORIGIN: "x"})
    monkeypatch.setattr(rounds, "open_source", lambda _place: _Liar(log.files(sizes[-1]), chance))
    for _ in range(4_000 if _FULL else 150):
        sizes.append(min(1_100, sizes[-1] + chance.choice((0, 0, 1, 30, 256))))
        done = one_round(office, ORIGIN, now=lambda: NOW, mirror=lambda _done, _total: None)
        assert not done.conflicts and not any(one.convicts for one in office.witness.state.evidence())
        place = office.mirror(ORIGIN)
        if (place / "checkpoint").is_file():
            shown = parse_checkpoint(parse_note((place / "checkpoint").read_bytes()).text)
            assert shown == log.checkpoint(shown.size)
            reader = TileReader(size=shown.size, fetch=DirectorySource(place).fetch)
            bundles = range(-(-shown.size // WIDTH))
            assert [one for at in bundles for one in reader.bundle(at)] == log.entries[: shown.size]
    head = office.witness.state.latest(ORIGIN)
    assert head is not None and head.checkpoint.size > 256


def test_control_without_the_checks_wrong_entries_reach_the_disk(
    office: Home, log: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirroring._Aside, "_check", lambda *_: None)
    monkeypatch.setattr(mirroring, "_check", lambda *_: None)
    wrong = log.files(700)
    wrong.files["tile/entries/000"] = wrong.files["tile/entries/000"].replace(b"main", b"evil", 1)
    assert mirror(office, wrong) == "PUBLISHED_ROOT_DIFFERS"  # the last net: nothing is shown or cosigned
    assert b"evil" in (office.mirror(ORIGIN) / "tile/entries/000").read_bytes()
