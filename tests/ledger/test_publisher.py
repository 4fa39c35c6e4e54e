"""Publishing: the golden files, growth, and everything that must stop a signature."""

from __future__ import annotations

import base64
import fcntl
import os
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import merkle
from ledger.checkpoint import Checkpoint, Cosigner, cosign, open_checkpoint
from ledger.errors import MalanError
from ledger.lock_store import FileLockStore, MemoryLockStore, signed_elsewhere
from ledger.note import NoteSigner, parse_note
from ledger.publisher import publish
from ledger.tiles import TileReader, tiles_of

ORIGIN = "registry.example/ledger"
SIGNER = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(sha256(b"log").digest()))
ReadLeaves = Callable[[int, int], Sequence[bytes]]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What must be synced, and when, is held by test_publisher_faults."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)


def rows(start: int, end: int) -> list[bytes]:
    return [b"entry-%d" % number for number in range(start, end)]


def _publish(directory: Path, size: int, read_leaves: ReadLeaves = rows, **options: object) -> Checkpoint:
    options.setdefault("lock", store_of(directory))
    return publish(directory, origin=ORIGIN, size=size, read_leaves=read_leaves, signer=SIGNER, **options)  # type: ignore[arg-type]


def store_of(directory: Path) -> FileLockStore:
    """The lock store beside a log directory, made with its first use."""
    store = FileLockStore(directory.with_name(f"{directory.name}.lock"))
    store.create()
    return store


def _files(directory: Path) -> dict[str, bytes]:
    found = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in found}


def _check_log(directory: Path, size: int) -> None:
    """Read the log as a stranger would: checkpoint, root from tiles, every entry from bundles."""
    opened = open_checkpoint((directory / "checkpoint").read_bytes(), log_keys=[SIGNER.key])
    reader = TileReader(size=size, fetch=lambda path: (directory / path).read_bytes())
    assert (opened.checkpoint.size, opened.checkpoint.root) == (size, reader.root())
    entries = [entry for index in range(-(-size // 256)) for entry in reader.bundle(index)]
    assert entries == rows(0, size)
    assert merkle.root([merkle.leaf_hash(entry) for entry in entries]) == reader.root()


def _code(attempt: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        attempt()
    return caught.value.code


GOLDEN = {
    0: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    1: "QHZrIDNCkCb1PVRQJnmoOXBrR0H43K86i7pfQbX/4HU=",
    3: "pkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=",
    255: "RdqfN0dI4Xo3L3HABCKxLiv5aELx9hxXQP5JTkvs/w8=",
    256: "+F9OrTQIBxC00egIMBVDqquBqgTeuIWZNQ3Cak8vWN4=",
    257: "kYsc7GTzF8duPPVcBTaEHAOe/wZ3LruIKM58F2Aotaw=",
    65_535: "75cnkElE5H+sSzR8H7M/zrkX3OPTFOLCCy0Pz+EQwoE=",
    65_536: "3yxgbRFEFvpgC/NJUVLgnjnovj0OLlUBw1KCZTmr2o4=",
    65_537: "tjAHv2A1m9y8HR7x7SVv41nSudFaumijzuMKgy9Ax54=",
    70_000: "pipUvjMpT/1aXExjf9dUYwtxqJLoNW46Zmpcin/9FRg=",
}


@pytest.mark.parametrize("size", GOLDEN)
def test_golden_logs_have_exactly_the_files_of_their_size(tmp_path: Path, size: int) -> None:
    checkpoint = _publish(tmp_path / "log", size)
    assert base64.b64encode(checkpoint.root).decode() == GOLDEN[size]
    names = set(_files(tmp_path / "log"))
    assert names == {tile.path for tile in tiles_of(size)} | {"checkpoint", "checkpoint.full"}
    assert size != 70_000 or len(names) == 553
    _check_log(tmp_path / "log", size)


def test_golden_checkpoint_file(tmp_path: Path) -> None:
    _publish(tmp_path, 3)
    assert (tmp_path / "checkpoint").read_text("utf-8") == (
        "registry.example/ledger\n3\npkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=\n\n"
        "— registry.example/ledger "
        "OZiRNEGvcadlWp2vegbjmnXko6XfNJz0xp+CYdc2zl4lNeKqjsbmZ8pLXi67NY6HAD5Kk8xSKip82RvZ+RhFuznXlgY=\n"
    )


def test_a_log_that_grew_in_steps_is_the_log_published_at_once(tmp_path: Path) -> None:
    steps = [0, 1, 2, 200, 255, 256, 257, 511, 512, 513, 1_500, 1_501, 66_000]
    for size in steps:
        _publish(tmp_path / "steps", size)
        _check_log(tmp_path / "steps", size)
    _publish(tmp_path / "once", 66_000)
    grown, once = _files(tmp_path / "steps"), _files(tmp_path / "once")
    assert {name: grown[name] for name in once} == once
    # Partial files of earlier sizes stay only where the tile is not full yet.
    assert {name.rpartition(".p/")[0] for name in set(grown) - set(once)} <= {"tile/2/000"}


def test_a_partial_file_goes_when_its_full_tile_is_there(tmp_path: Path) -> None:
    for size, partial in ((10, {"10"}), (20, {"10", "20"}), (255, {"10", "20", "255"})):
        _publish(tmp_path, size)
        assert {path.name for path in (tmp_path / "tile/0/000.p").iterdir()} == partial
    _publish(tmp_path, 300)
    assert not (tmp_path / "tile/0/000.p").exists()
    assert not (tmp_path / "tile/entries/000.p").exists()
    assert (tmp_path / "tile/0/001.p/44").exists()


def test_publishing_the_same_size_again_leaves_the_checkpoint_as_it_is(tmp_path: Path) -> None:
    published = _publish(tmp_path, 300)
    witness = Cosigner("district-01.example/w", SIGNER.private_key)
    note = parse_note((tmp_path / "checkpoint").read_bytes())
    cosigned = note.with_lines([cosign(note.text, witness, time=1767225600)]).render()
    (tmp_path / "checkpoint").write_bytes(cosigned)
    before = _files(tmp_path)
    inode = (tmp_path / "checkpoint").stat().st_ino

    class Never(FileLockStore):
        def swap(self, *, old: bytes | None, new: bytes) -> None:
            raise AssertionError("nothing may be signed at the published size")

    assert _publish(tmp_path, 300, lock=Never(tmp_path.with_name(f"{tmp_path.name}.lock"))) == published
    assert _files(tmp_path) == before
    assert (tmp_path / "checkpoint").stat().st_ino == inode
    _publish(tmp_path, 301)
    assert len(parse_note((tmp_path / "checkpoint").read_bytes()).signatures) == 1


def test_a_lost_file_of_the_open_bundle_is_written_again(tmp_path: Path) -> None:
    _publish(tmp_path, 300)
    before = _files(tmp_path)
    (tmp_path / "tile/0/001.p/44").unlink()
    (tmp_path / "tile/entries/001.p/44").unlink()
    _publish(tmp_path, 300)
    assert _files(tmp_path) == before


def test_a_rebuild_writes_any_lost_file_again(tmp_path: Path) -> None:
    _publish(tmp_path, 700)
    before = _files(tmp_path)
    for name in ("tile/0/000", "tile/entries/001", "tile/1/000.p/2"):
        (tmp_path / name).unlink()
    assert _code(lambda: _publish(tmp_path, 700)) == "TILE_MISSING"
    _publish(tmp_path, 700, rebuild=True)
    assert _files(tmp_path) == before


def test_a_log_never_goes_backwards(tmp_path: Path) -> None:
    _publish(tmp_path, 300)
    before = _files(tmp_path)
    for size in (299, 0):
        assert _code(lambda size=size: _publish(tmp_path, size)) == "PUBLISH_BACKWARDS"
    assert _code(lambda: _publish(tmp_path, -1)) == "PUBLISH_SIZE"
    assert _files(tmp_path) == before


def _changed(number: int) -> ReadLeaves:
    return lambda start, end: [b"other" if n == number else b"entry-%d" % n for n in range(start, end)]


@pytest.mark.parametrize("size", [300, 301, 700])
@pytest.mark.parametrize("number", [256, 299])
def test_changed_rows_are_never_signed_and_nothing_is_written(tmp_path: Path, size: int, number: int) -> None:
    _publish(tmp_path, 300)
    before = _files(tmp_path)
    assert _code(lambda: _publish(tmp_path, size, _changed(number))) == "ROWS_DEPART"
    assert _files(tmp_path) == before
    _publish(tmp_path, size, _changed(size))


def test_a_rebuild_finds_a_changed_row_anywhere(tmp_path: Path) -> None:
    _publish(tmp_path, 700)
    before = _files(tmp_path)
    assert _code(lambda: _publish(tmp_path, 700, _changed(3), rebuild=True)) == "ROWS_DEPART"
    assert _files(tmp_path) == before


@pytest.mark.parametrize("name", ["tile/entries/001", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"])
def test_a_file_with_other_bytes_stops_the_signature(tmp_path: Path, name: str) -> None:
    """A file ahead of the checkpoint, as a run that broke off leaves it, but not what the rows say."""
    _publish(tmp_path / "ahead", 600)
    _publish(tmp_path / "log", 300)
    note = (tmp_path / "log/checkpoint").read_bytes()
    data = (tmp_path / "ahead" / name).read_bytes()
    target = tmp_path / "log" / name
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert _code(lambda: _publish(tmp_path / "log", 600)) == "PUBLISHED_BYTES_DIFFER"
    assert (tmp_path / "log/checkpoint").read_bytes() == note
    target.write_bytes(data)
    assert _publish(tmp_path / "log", 600).size == 600


def test_a_spoiled_published_tile_stops_the_next_signature(tmp_path: Path) -> None:
    _publish(tmp_path, 300)
    tile = tmp_path / "tile/1/000.p/1"
    tile.write_bytes(bytes(32))
    assert _code(lambda: _publish(tmp_path, 301)) == "ROWS_DEPART"


@pytest.mark.parametrize("place", range(5))
def test_a_bit_that_flips_on_the_way_to_the_disk_is_never_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    _publish(tmp_path, 300)
    note = (tmp_path / "checkpoint").read_bytes()
    link, links = os.link, []

    def spoiling(source: Path, target: Path, **options: bool) -> None:
        link(source, target, **options)
        links.append(target)
        if len(links) == place + 1:
            data = Path(target).read_bytes()
            Path(target).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    monkeypatch.setattr(os, "link", spoiling)
    code = _code(lambda: _publish(tmp_path, 600))
    assert len(links) == 5
    assert code in ("PUBLISHED_BYTES_DIFFER", "PUBLISHED_ROOT_DIFFERS")
    assert (tmp_path / "checkpoint").read_bytes() == note


def test_a_root_that_strangers_would_not_fold_from_the_tiles_is_never_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TileReader, "root", lambda self: bytes(32))
    assert _code(lambda: _publish(tmp_path, 300)) == "PUBLISHED_ROOT_DIFFERS"
    assert not (tmp_path / "checkpoint").exists()


def test_missing_rows_are_never_signed(tmp_path: Path) -> None:
    attempt = lambda: _publish(tmp_path, 300, lambda start, end: rows(start, end)[:-1])  # noqa: E731
    assert _code(attempt) == "ROWS_MISSING"
    assert _code(lambda: _publish(tmp_path, 1, lambda start, end: [b"x" * 65_536])) == "ENTRY_LENGTH"
    assert not (tmp_path / "checkpoint").exists()


def test_the_log_of_another_key_or_origin_is_not_continued(tmp_path: Path) -> None:
    _publish(tmp_path, 3)
    other = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(sha256(b"other").digest()))
    elsewhere = NoteSigner("other.example/ledger", SIGNER.private_key)
    for signer, origin, code in (
        (other, ORIGIN, "NO_KNOWN_SIGNATURE"),
        (elsewhere, "other.example/ledger", "NO_KNOWN_SIGNATURE"),
        (elsewhere, ORIGIN, "PUBLISH_ORIGIN"),
    ):
        given = {"origin": origin, "signer": signer, "lock": store_of(tmp_path)}
        assert _code(lambda given=given: publish(tmp_path, size=4, read_leaves=rows, **given)) == code


def test_only_one_publisher_works_at_a_time(tmp_path: Path) -> None:
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    assert _code(lambda: _publish(tmp_path, 3)) == "PUBLISHER_BUSY"
    os.close(held)
    assert _publish(tmp_path, 3).size == 3


def test_the_lock_store_has_the_note_before_anybody_else(tmp_path: Path) -> None:
    _publish(tmp_path, 3)
    old = (tmp_path / "checkpoint").read_bytes()
    seen: list[tuple[bytes | None, bytes]] = []

    class Store(MemoryLockStore):
        def swap(self, *, old: bytes | None, new: bytes) -> None:
            assert (tmp_path / "checkpoint").read_bytes() == old
            seen.append((old, new))
            if len(seen) == 1:
                raise signed_elsewhere()
            super().swap(old=old, new=new)

    store = Store(old)
    assert _code(lambda: _publish(tmp_path, 300, lock=store)) == "SIGNED_ELSEWHERE"
    assert (tmp_path / "checkpoint").read_bytes() == old
    _publish(tmp_path, 300, lock=store)
    assert seen == [(old, (tmp_path / "checkpoint").read_bytes())] * 2
