"""Files beside those the size implies: lawful leftovers pass, everything else is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ledger.leaf import Leaf, encode_leaf, first_prev, leaf_hash
from tests.verify.logs import MemorySource, codes, files_of, look, names, published, whole_world
from verify.audit import leftovers
from verify.audit.findings import Severity
from verify.source import DirectorySource

PARTIAL = "tile/entries/000.p/181"


@pytest.fixture
def log() -> MemorySource:
    return published(whole_world())


def looked(source: MemorySource) -> list[tuple[str, str]]:
    return names(look(whole_world(), source=source))


def test_the_log_alone_has_nothing_beside_it(log: MemorySource) -> None:
    report = look(whole_world(), source=log)
    assert report.exit_code == 0
    assert codes(report, Severity.NOTE) == ["GENESIS_UNPINNED"]


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "checkpoint.bak",
        "tile/0/000.p/0179",
        "tile/entries/000.p/181~",
        "tile/entries/000",
        "tile/entries/001",
        "tile/0/001.p/3",
        "tile/9/000",
        "tile/1/000.p/1",
        "Checkpoint",
    ],
)
def test_an_added_file_is_named(log: MemorySource, path: str) -> None:
    log.files[path] = b"whatever"
    assert looked(log) == [("FILE_UNEXPECTED", path)]


def test_a_renamed_file_is_missing_here_and_unexpected_there(log: MemorySource) -> None:
    log.files["tile/entries/000.p/180"] = log.files.pop(PARTIAL)
    assert set(looked(log)) == {
        ("FILE_MISSING", PARTIAL),
        ("FILE_LEFTOVER_DIFFERS", "tile/entries/000.p/180"),
    }


def test_files_left_by_smaller_checkpoints_are_lawful(log: MemorySource) -> None:
    world = whole_world()
    for size in (1, 100, 180):
        smaller = files_of(world.leaves[:size], b"")
        log.files |= {path: data for path, data in smaller.items() if path != "checkpoint"}
    report = look(world, source=log)
    assert report.exit_code == 0
    assert "FILES_LEFT_OVER" in codes(report, Severity.NOTE)


@pytest.mark.parametrize("path", ["tile/entries/000.p/100", "tile/0/000.p/100"])
@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_leftover_that_begins_otherwise_is_named(log: MemorySource, path: str, place: int) -> None:
    data = bytearray(files_of(whole_world().leaves[:100], b"")[path])
    data[place] ^= 1
    log.files[path] = bytes(data)
    assert looked(log) == [("FILE_LEFTOVER_DIFFERS", path)]


def test_a_leftover_of_another_width_than_its_name_is_named(log: MemorySource) -> None:
    smaller = files_of(whole_world().leaves[:99], b"")
    log.files["tile/entries/000.p/100"] = smaller["tile/entries/000.p/99"]
    log.files["tile/0/000.p/100"] = smaller["tile/0/000.p/99"]
    assert sorted(looked(log)) == [
        ("FILE_LEFTOVER_DIFFERS", "tile/0/000.p/100"),
        ("FILE_LEFTOVER_DIFFERS", "tile/entries/000.p/100"),
    ]


def test_without_the_prefix_check_a_false_leftover_passes(
    log: MemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.files["tile/0/000.p/100"] = b"\0" * 3200  # negative control
    monkeypatch.setattr(leftovers, "check_files", lambda *_: None)
    assert looked(log) == []


def grown(leaves: list[bytes], count: int) -> list[bytes]:
    """More entries after these, as an append would link them."""
    grown = list(leaves)
    for seq in range(len(leaves), len(leaves) + count):
        prev = leaf_hash(grown[-1]) if grown else first_prev("")
        grown.append(encode_leaf(Leaf(seq, 1_800_000_000_000, prev, b"s" * 300)))
    return grown


@pytest.mark.parametrize("more", [1, 77, 78, 400])
def test_files_of_the_next_checkpoint_are_noted_while_they_continue_the_log(
    log: MemorySource, more: int
) -> None:
    # A publisher that is stopped before it replaces the checkpoint leaves exactly these.
    ahead = files_of(grown(whole_world().leaves, more), b"")
    log.files = {**ahead, **log.files}
    report = look(whole_world(), source=log)
    assert names(report) == []
    assert "FILES_AHEAD" in codes(report, Severity.NOTE)


@pytest.mark.parametrize(
    "path", ["tile/entries/000", "tile/0/000", "tile/entries/001.p/25", "tile/1/000.p/1"]
)
def test_a_file_ahead_that_does_not_continue_the_log_is_named(log: MemorySource, path: str) -> None:
    ahead = files_of(grown(whole_world().leaves, 100), b"")
    changed = bytearray(ahead[path])
    changed[len(changed) // 2] ^= 1
    log.files = {**ahead, **log.files, path: bytes(changed)}
    assert ("FILE_UNEXPECTED", path) in looked(log)


def test_files_ahead_that_fork_from_the_log_are_named(log: MemorySource) -> None:
    other = whole_world()
    forked = grown(other.leaves[:170], 30)
    log.files = {**files_of(forked, b""), **log.files}
    assert [code for code, _ in looked(log)] == ["FILE_UNEXPECTED", "FILE_UNEXPECTED"]


@pytest.mark.parametrize("name", [".new", ".tidy"])
def test_scratch_files_of_the_publisher_are_noted(log: MemorySource, name: str) -> None:
    log.files[name] = b"1\n"
    report = look(whole_world(), source=log)
    assert report.exit_code == 0
    assert (("FILE_SCRATCH", name)) in names(report, Severity.NOTE)


def test_the_full_checkpoint_is_the_same_checkpoint(log: MemorySource) -> None:
    full = log.files["checkpoint"]
    log.files["checkpoint.full"] = full
    assert looked(log) == []
    text, _, lines = full.partition(b"\n\n")
    origin, size, root = text.split(b"\n")
    log.files["checkpoint.full"] = b"\n".join([origin, size, b"A" * 43 + b"="]) + b"\n\n" + lines
    assert looked(log) == [("FULL_DIFFERS", "checkpoint.full")]
    log.files["checkpoint.full"] = b"\n".join([origin, b"9" + size, root]) + b"\n\n" + lines
    report = look(whole_world(), source=log)
    assert names(report) == []
    assert ("FULL_OF_ANOTHER_SIZE", "checkpoint.full") in names(report, Severity.NOTE)
    log.files["checkpoint.full"] = b"whatever"
    assert looked(log) == [("FILE_UNEXPECTED", "checkpoint.full")]


def test_a_directory_as_the_publisher_leaves_it_is_sound(tmp_path: Path) -> None:
    world = whole_world()
    world.publish(tmp_path / "log")
    assert look(world, source=DirectorySource(tmp_path / "log")).exit_code == 0


def test_a_growing_directory_stays_sound_with_what_it_leaves_behind(tmp_path: Path) -> None:
    world = whole_world()
    for size in (50, 120, 181):
        part = world.copy()
        part.leaves = world.leaves[:size]
        part.publish(tmp_path / "log", cosigned=0)
    report = look(world, source=DirectorySource(tmp_path / "log"))
    assert names(report) == []
    assert "FILES_LEFT_OVER" in codes(report, Severity.NOTE)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"\xff\xfe", r"tile/\udcff\udcfe"),
        (b"a\x1b[2Jb", r"tile/a\x1b[2Jb"),
        (b"two\nlines", r"tile/two\nlines"),
        ("x\u202etxt".encode(), r"tile/x\u202etxt"),
    ],
)
def test_a_file_name_made_to_deceive_is_shown_plainly(tmp_path: Path, name: bytes, shown: str) -> None:
    world = whole_world()
    world.publish(tmp_path / "log")
    (tmp_path / "log" / "tile" / os.fsdecode(name)).write_bytes(b"x")
    report = look(world, source=DirectorySource(tmp_path / "log"))
    assert names(report) == [("FILE_UNEXPECTED", shown)]
    json.dumps(report.document(), ensure_ascii=False).encode()


def test_a_link_in_the_place_of_a_directory_is_named(tmp_path: Path) -> None:
    world = whole_world()
    world.publish(tmp_path / "log")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "log" / "tile" / "5").symlink_to(tmp_path / "elsewhere")
    assert ("FILE_UNEXPECTED", "tile/5") in names(look(world, source=DirectorySource(tmp_path / "log")))
