"""The walk over the bytes: sizes, files missing or changed, and which of two that disagree was changed."""

from __future__ import annotations

from functools import lru_cache

import pytest

from ledger.checkpoint import Checkpoint
from ledger.errors import Unavailable
from ledger.leaf import Leaf, encode_leaf, first_prev, leaf_hash
from ledger.merkle import root
from tests.verify.logs import files_of
from verify.audit import walk
from verify.audit.findings import Severity
from verify.audit.trees import root_of
from verify.audit.walk import Walked

ORIGIN = "log.malan.example/walk"
START_MS = 1_772_413_200_000


@lru_cache(maxsize=1)
def leaves_all() -> tuple[bytes, ...]:
    """65,800 entries, enough for a tile of level 2; small, since nothing here reads them."""
    leaves, prev = [], first_prev(ORIGIN)
    for seq in range(65_800):
        leaves.append(encode_leaf(Leaf(seq, START_MS + seq, prev, seq.to_bytes(4, "big") * 80)))
        prev = leaf_hash(leaves[-1])
    return tuple(leaves)


def log(size: int) -> tuple[dict[str, bytes], Checkpoint]:
    leaves = leaves_all()[:size]
    checkpoint = Checkpoint(ORIGIN, size, root([leaf_hash(leaf) for leaf in leaves]))
    return files_of(leaves, b""), checkpoint


def found(walked: Walked, severity: Severity = Severity.DEPARTURE) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in walked.findings.listed if one.severity is severity]


def flip(files: dict[str, bytes], path: str, place: int) -> None:
    data = bytearray(files[path])
    data[place] ^= 1
    files[path] = bytes(data)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_536, 65_537, 65_800])
def test_a_sound_log_of_any_size_leads_to_its_root(size: int) -> None:
    files, checkpoint = log(size)
    marks = {mark for mark in (0, 1, 97, size // 2, size - 1, size, size + 1) if mark >= 0}
    walked = walk.walk(files.get, checkpoint, marks=marks)
    assert walked.findings.listed == []
    assert walked.root == checkpoint.root
    assert walked.entries == size
    hashes = [leaf_hash(leaf) for leaf in leaves_all()[:size]]
    assert walked.roots == {mark: root(hashes[:mark]) for mark in marks if 0 < mark <= size}


def test_each_leaf_is_visited_once_in_order_and_progress_ends_at_the_size() -> None:
    files, checkpoint = log(600)
    seen: list[int] = []
    steps: list[tuple[int, int]] = []
    walk.walk(
        files.get,
        checkpoint,
        visit=lambda seq, leaf, doubtful: seen.append(seq if leaf and not doubtful else -1),
        progress=lambda done, total: steps.append((done, total)),
    )
    assert seen == list(range(600))
    assert steps == [(256, 600), (512, 600), (600, 600)]


def test_an_altered_entry_is_told_from_an_altered_tile_by_the_checkpoint() -> None:
    files, checkpoint = log(600)
    flip(files, "tile/entries/001", 4_000)
    changed = 256 + 4_000 // (len(files["tile/entries/001"]) // 256)
    assert found(walk.walk(files.get, checkpoint)) == [("ENTRY_ALTERED", f"seq {changed}, tile/entries/001")]
    files, checkpoint = log(600)
    flip(files, "tile/0/001", 32 * 7)
    assert found(walk.walk(files.get, checkpoint)) == [("TILE_DIFFERS", "seq 263, tile/0/001")]


def test_entry_and_tile_changed_together_still_miss_the_root() -> None:
    files, checkpoint = log(300)
    leaves = list(leaves_all()[:300])
    leaves[10] = encode_leaf(Leaf(10, START_MS + 10, leaf_hash(leaves[9]), b"x" * 320))
    files = files_of(leaves, b"")
    assert ("ROOT_MISMATCH", "checkpoint, line 3") in found(walk.walk(files.get, checkpoint))
    assert ("LEAF_PREV", "seq 11") in found(walk.walk(files.get, checkpoint))


def test_entry_altered_and_tile_altered_elsewhere_are_both_named() -> None:
    files, checkpoint = log(300)
    flip(files, "tile/entries/000", 4_000)
    flip(files, "tile/0/000", 32 * 200)
    places = {where.split(",")[0] for _, where in found(walk.walk(files.get, checkpoint))}
    assert "seq 200" in places
    assert "checkpoint" in places


@pytest.mark.parametrize("path", ["tile/1/000.p/2", "tile/0/002.p/88"])
def test_a_changed_tile_of_any_level_is_named(path: str) -> None:
    files, checkpoint = log(600)
    flip(files, path, 33)
    ((code, where),) = found(walk.walk(files.get, checkpoint))
    assert code == "TILE_DIFFERS"
    assert path in where


def test_a_higher_tile_changed_to_fit_a_changed_entry_is_named_too() -> None:
    files, checkpoint = log(600)
    leaves = list(leaves_all()[:600])
    leaves[10] = encode_leaf(Leaf(10, START_MS + 10, leaf_hash(leaves[9]), b"x" * 320))
    other = files_of(leaves, b"")
    for path in ("tile/entries/000", "tile/1/000.p/2"):
        files[path] = other[path]
    assert set(found(walk.walk(files.get, checkpoint))) == {
        ("ENTRY_ALTERED", "seq 10, tile/entries/000"),
        ("TILE_DIFFERS", "tile/1/000.p/2"),
    }


@pytest.mark.parametrize(
    "path", ["tile/entries/000", "tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/88"]
)
def test_a_deleted_file_is_named(path: str) -> None:
    files, checkpoint = log(600)
    del files[path]
    assert ("FILE_MISSING", path) in found(walk.walk(files.get, checkpoint))


def test_a_missing_bundle_leaves_the_tree_checkable_by_its_tile() -> None:
    files, checkpoint = log(600)
    del files["tile/entries/001"]
    walked = walk.walk(files.get, checkpoint)
    assert found(walked) == [("FILE_MISSING", "tile/entries/001")]
    assert walked.root == checkpoint.root
    assert walked.entries == 600 - 256


def test_a_bundle_and_its_tile_missing_together_leave_the_tree_unchecked() -> None:
    files, checkpoint = log(600)
    del files["tile/entries/001"], files["tile/0/001"]
    walked = walk.walk(files.get, checkpoint)
    assert found(walked, Severity.COULD_NOT_CHECK) == [("TREE_NOT_RECOMPUTED", "checkpoint")]
    assert walked.root is None
    assert walked.entries == 600 - 256  # the third bundle is read all the same


def test_a_checkpoint_that_claims_any_size_ends_the_walk() -> None:
    files, _ = log(256)
    walked = walk.walk(files.get, Checkpoint(ORIGIN, 2**62, b"\0" * 32))
    assert ("REST_NOT_READ", f"seq {3 * 256}") in found(walked, Severity.COULD_NOT_CHECK)


def test_a_torn_bundle_names_the_entry_where_it_tears_and_keeps_the_ones_before() -> None:
    files, checkpoint = log(300)
    data = files["tile/entries/000"]
    entry = len(data) // 256
    files["tile/entries/000"] = data[: 100 * entry + 50]
    walked = walk.walk(files.get, checkpoint)
    torn = 100 * entry // entry
    ((code, where),) = found(walked)
    assert code == "BUNDLE_TORN"
    assert abs(int(where.rsplit(" ", 1)[1]) - torn) <= 2  # entries grow by a few bytes with their numbers
    assert walked.root == checkpoint.root


@pytest.mark.parametrize("extra", [b"\0", b"\0\1x"])
def test_bytes_after_the_last_entry_are_named(extra: bytes) -> None:
    files, checkpoint = log(300)
    files["tile/entries/001.p/44"] += extra
    assert ("BUNDLE_TORN", "tile/entries/001.p/44, seq 300") in found(walk.walk(files.get, checkpoint))


def test_a_tile_of_another_length_is_named() -> None:
    files, checkpoint = log(300)
    files["tile/0/001.p/44"] += b"\0" * 32
    assert found(walk.walk(files.get, checkpoint)) == [("TILE_WIDTH", "tile/0/001.p/44")]


def test_where_a_partial_file_is_gone_the_full_one_is_read_and_noted() -> None:
    small, checkpoint = log(300)
    large, _ = log(600)
    files = {**small, **large}
    del files["tile/entries/001.p/44"], files["tile/0/001.p/44"]
    walked = walk.walk(files.get, checkpoint)
    assert found(walked) == []
    assert len(found(walked, Severity.NOTE)) == 2


def test_a_source_that_cannot_be_read_is_no_departure() -> None:
    files, checkpoint = log(300)

    def fetch(path: str) -> bytes | None:
        if path == "tile/entries/000":
            raise Unavailable("SOURCE_READ", "cannot be read")
        return files.get(path)

    walked = walk.walk(fetch, checkpoint)
    assert found(walked) == []
    assert found(walked, Severity.COULD_NOT_CHECK) == [("FILE_UNAVAILABLE", "tile/entries/000")]


@pytest.mark.parametrize(
    ("code", "leaf"),
    [
        ("LEAF_SEQ", Leaf(6, START_MS + 5, b"", b"x" * 320)),
        ("LEAF_PREV", Leaf(5, START_MS + 5, b"\7" * 32, b"x" * 320)),
        ("LEAF_TIME", Leaf(5, START_MS + 3, b"", b"x" * 320)),
    ],
)
def test_a_leaf_out_of_line_is_named_though_the_tree_is_signed_anew(code: str, leaf: Leaf) -> None:
    leaves = list(leaves_all()[:5])
    prev = leaf.prev or leaf_hash(leaves[-1])
    leaves.append(encode_leaf(Leaf(leaf.seq, leaf.time_ms, prev, leaf.statement)))
    checkpoint = Checkpoint(ORIGIN, 6, root([leaf_hash(one) for one in leaves]))
    assert found(walk.walk(files_of(leaves, b"").get, checkpoint)) == [(code, "seq 5")]


def test_an_entry_that_is_no_leaf_is_named() -> None:
    leaves = [*leaves_all()[:5], b"\x85\x02\x05\x00\x40\x40"]
    checkpoint = Checkpoint(ORIGIN, 6, root([leaf_hash(one) for one in leaves]))
    assert found(walk.walk(files_of(leaves, b"").get, checkpoint)) == [("LEAF_SHAPE", "seq 5")]


def test_the_chain_is_what_names_a_leaf_out_of_line(monkeypatch: pytest.MonkeyPatch) -> None:
    # Negative control: tree and tiles are made anew by whoever holds the log's key.
    leaves = [*leaves_all()[:5], encode_leaf(Leaf(5, START_MS + 3, b"\7" * 32, b"x" * 320))]
    checkpoint = Checkpoint(ORIGIN, 6, root([leaf_hash(one) for one in leaves]))
    monkeypatch.setattr(walk, "check_link", lambda leaf, **_: None)
    assert found(walk.walk(files_of(leaves, b"").get, checkpoint)) == []


def test_the_walks_own_root_is_the_root_of_the_tree() -> None:
    files, checkpoint = log(513)
    assert root_of(walk.walk(files.get, checkpoint).builder) == checkpoint.root
