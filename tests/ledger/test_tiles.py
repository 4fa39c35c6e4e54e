"""Tiles: paths, widths, bundles, reading a log out of files, and cutting a growing tree into them."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import merkle
from ledger.errors import MalanError, Malformed, Unavailable
from ledger.merkle import MAX_SIZE, MemoryTree, Node
from ledger.tiles import (
    Tile,
    TileBuilder,
    TileReader,
    decode_bundle,
    encode_bundle,
    parse_path,
    split_tile,
    tile_at,
    tile_hash,
    tiles_of,
)

SIZE = 66_000
HASHES = [merkle.leaf_hash(b"entry-%d" % number) for number in range(SIZE)]
TREE = MemoryTree(HASHES)


def _code(attempt: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        attempt()
    return caught.value.code


def _log(size: int) -> dict[str, bytes]:
    """The files of a log, straight from the definition: each hash of level L covers 256^L leaves."""
    files = {}
    for tile in tiles_of(size):
        places = range(tile.index * 256, tile.index * 256 + tile.width)
        if tile.level is None:
            files[tile.path] = encode_bundle([b"entry-%d" % number for number in places])
        else:
            level = tile.level * 8
            files[tile.path] = b"".join(TREE.read([Node(level, number) for number in places]))
    return files


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(1, 123456789), "tile/1/x123/x456/789"),
        (Tile(63, 7, 1), "tile/63/007.p/1"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(None, 1000, 255), "tile/entries/x001/000.p/255"),
        (Tile(0, MAX_SIZE), "tile/0/x009/x223/x372/x036/x854/x775/807"),
    ],
)
def test_golden_paths(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_path(path) == tile


OTHER_SPELLINGS = """
    tile/0/0 tile/0/00 tile/0/0000 tile/0/1000 tile/0/x000/001 tile/0/001/000 tile/0/x001 tile/0/x001/
    tile/00/000 tile/01/000 tile/64/000 tile/-1/000 tile/+1/000 tile/entries/000.p/ tile/data/000
    tile//000 tile/0/000.p/0 tile/0/000.p/256 tile/0/000.p/01 tile/0/000.p/1000 tile/0/000.p/-1
    tile/0/000.p/1/ /tile/0/000 tile/0/000/ tile/0/../0/000 tile/8/0/000 Tile/0/000 tile/0/X001/000
    tile/0/00a checkpoint tile/0/x009/x223/x372/x036/x854/x775/808
    tile/0/x001/x001/x001/x001/x001/x001/x001/001 tile/0/０００
"""


@pytest.mark.parametrize(
    "path",
    [*OTHER_SPELLINGS.split(), "", "tile/0/000\n", "tile/0/000 ", "tile/0/000.p/1\n"],
)
def test_other_spellings_of_a_path_are_refused(path: str) -> None:
    assert _code(lambda: parse_path(path)) == "TILE_PATH"


@given(st.none() | st.integers(0, 63), st.integers(0, MAX_SIZE), st.integers(1, 256))
def test_a_tile_comes_back_from_its_path(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_path(tile.path) == tile


def test_impossible_tiles_cannot_be_made() -> None:
    for level, index, width in ((-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), (0, 2**63, 1)):
        with pytest.raises(Malformed):
            Tile(level, index, width)


def test_the_files_of_the_sizes_the_document_names() -> None:
    of_70000 = list(tiles_of(70_000))
    assert len(of_70000) == 551
    widths = {level: [tile.width for tile in of_70000 if tile.level == level] for level in (None, 0, 1, 2)}
    assert widths == {None: [256] * 273 + [112], 0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    assert [tile.path for tile in tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert [tile.path for tile in tiles_of(1)] == ["tile/entries/000.p/1", "tile/0/000.p/1"]
    assert list(tiles_of(0)) == []


@given(st.integers(0, 200_000))
def test_a_size_has_the_tiles_of_the_formula_and_no_empty_one(size: int) -> None:
    tiles = {(tile.level, tile.index): tile for tile in tiles_of(size)}
    for level in (None, 0, 1, 2, 3):
        hashes = size // 256 ** (level or 0)
        partial = [tile for tile in tiles.values() if tile.level == level and not tile.is_full]
        assert [tile.width for tile in partial] == ([hashes % 256] if hashes % 256 else [])
        for index in range(hashes // 256 + 2):
            assert tile_at(level, index, size=size) == tiles.get((level, index))


def test_bundles_come_back_and_torn_ones_are_refused() -> None:
    entries = [b"", b"a", b"bc" * 300, b"x" * 65_535]
    data = encode_bundle(entries)
    assert data[:5] == b"\x00\x00\x00\x01a"
    assert decode_bundle(data, width=4) == entries
    for spoiled in (data[:-1], data + b"\x00", data + b"\x00\x00", data[2:], b"", data[:3]):
        assert _code(lambda spoiled=spoiled: decode_bundle(spoiled, width=4)) == "BUNDLE"
    for width in (0, 3, 5, 256):
        assert _code(lambda width=width: decode_bundle(data, width=width)) == "BUNDLE"


def test_bundles_that_cannot_be_are_not_written() -> None:
    assert _code(lambda: encode_bundle([])) == "BUNDLE"
    assert _code(lambda: encode_bundle([b""] * 257)) == "BUNDLE"
    assert _code(lambda: encode_bundle([b"x" * 65_536])) == "ENTRY_LENGTH"


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20), st.binary(min_size=1, max_size=4))
def test_a_bundle_has_one_reading(entries: list[bytes], more: bytes) -> None:
    data = encode_bundle(entries)
    assert decode_bundle(data, width=len(entries)) == entries
    with pytest.raises(Malformed):
        decode_bundle(data + more, width=len(entries))


def test_a_full_tile_hashes_to_its_subtree() -> None:
    data = b"".join(HASHES[256:512])
    assert tile_hash(data) == TREE.read([Node(8, 1)])[0]
    assert split_tile(data, width=256) == HASHES[256:512]
    for wrong in (data[:-1], data[:-32], data + bytes(32), b""):
        assert _code(lambda wrong=wrong: tile_hash(wrong)) == "TILE_LENGTH"


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 66_000])
def test_proofs_read_from_files_are_proofs_of_the_tree(size: int) -> None:
    files = _log(size)
    reader = TileReader(size=size, fetch=files.get)
    root = merkle.root(HASHES[:size])
    assert reader.root() == root
    for index in sorted({0, 1, 254, 255, 256, size // 2, size - 1} & set(range(size))):
        proof = merkle.inclusion_proof(index=index, size=size, read=reader.read)
        merkle.check_inclusion(index=index, size=size, leaf_hash=HASHES[index], proof=proof, root=root)
    for old in sorted({1, 2, 255, 256, 257, size // 2, size - 1, size} & set(range(1, size + 1))):
        proof = merkle.consistency_proof(old=old, new=size, read=reader.read)
        old_root = merkle.root(HASHES[:old])
        merkle.check_consistency(old=old, new=size, old_root=old_root, new_root=root, proof=proof)
    last = (size - 1) // 256
    assert reader.bundle(last) == [b"entry-%d" % number for number in range(last * 256, size)]


def test_every_node_of_a_tree_reads_the_same_from_files() -> None:
    size = 1_333
    reader = TileReader(size=size, fetch=_log(size).get, keep=1)
    nodes = [Node(level, index) for level in range(11) for index in range(size >> level)]
    assert reader.read(nodes) == TREE.read(nodes)


def test_only_files_that_the_size_implies_are_asked_for() -> None:
    files = _log(66_000)
    asked: list[str] = []

    def fetch(path: str) -> bytes | None:
        asked.append(path)
        return files.get(path)

    reader = TileReader(size=66_000, fetch=fetch)
    merkle.inclusion_proof(index=65_999, size=66_000, read=reader.read)
    reader.bundle(257)
    assert set(asked) <= set(files)
    assert len(asked) <= 5


def test_a_gone_partial_file_is_read_from_the_full_one() -> None:
    for missing in (None, FileNotFoundError(), Unavailable("GONE", "Not there.")):
        files = _log(600) | {"tile/1/000.p/1": _log(300)["tile/1/000.p/1"]}

        def fetch(
            path: str, files: dict[str, bytes] = files, missing: Exception | None = missing
        ) -> bytes | None:
            if path in files:
                return files[path]
            if missing is not None:
                raise missing
            return None

        reader = TileReader(size=300, fetch=fetch)
        assert "tile/0/001.p/44" not in files
        assert reader.root() == merkle.root(HASHES[:300])
        assert reader.bundle(1) == [b"entry-%d" % number for number in range(256, 300)]


def test_a_missing_file_makes_the_log_unavailable_not_wrong() -> None:
    files = _log(300)
    del files["tile/0/001.p/44"], files["tile/entries/000"]
    reader = TileReader(size=300, fetch=files.get)
    assert _code(reader.root) == "TILE_MISSING"
    assert _code(lambda: reader.bundle(0)) == "TILE_MISSING"

    def down(path: str) -> bytes:
        raise Unavailable("SERVER_DOWN", "No answer.")

    assert _code(TileReader(size=300, fetch=down).root) == "SERVER_DOWN"


def test_files_of_another_length_are_refused() -> None:
    for path, spoil, code in (
        ("tile/0/001.p/44", lambda data: data[:-32], "TILE_LENGTH"),
        ("tile/0/001.p/44", lambda data: data + bytes(32), "TILE_LENGTH"),
        ("tile/1/000.p/1", lambda data: data[:-1], "TILE_LENGTH"),
        ("tile/entries/001.p/44", lambda data: data[:-1], "BUNDLE"),
        ("tile/entries/001.p/44", lambda data: data + b"\x00\x00", "BUNDLE"),
    ):
        files = _log(300)
        files[path] = spoil(files[path])
        reader = TileReader(size=300, fetch=files.get)
        assert _code(lambda reader=reader: (reader.root(), reader.bundle(1))) == code


def test_a_flipped_bit_in_a_tile_reaches_the_root() -> None:
    """`TileReader` does not authenticate; the fold and the checkpoint's root do."""
    for path in ("tile/0/001.p/44", "tile/1/000.p/1"):
        files = _log(300)
        files[path] = bytes([files[path][0] ^ 1]) + files[path][1:]
        assert TileReader(size=300, fetch=files.get).root() != merkle.root(HASHES[:300])


def test_nodes_and_bundles_outside_the_tree_are_refused() -> None:
    reader = TileReader(size=300, fetch=_log(300).get)
    for node in (Node(0, 300), Node(1, 150), Node(9, 0), Node(0, -1), Node(-1, 0)):
        assert _code(lambda node=node: reader.read([node])) == "NODE_OUTSIDE_TREE"
    for index in (2, -1):
        assert _code(lambda index=index: reader.bundle(index)) == "NODE_OUTSIDE_TREE"
    assert TileReader(size=0, fetch=lambda path: None).root() == merkle.EMPTY_ROOT


def _hash_tiles(size: int) -> dict[str, bytes]:
    return {path: data for path, data in _log(size).items() if "entries" not in path}


def test_a_growing_tree_is_cut_into_the_tiles_of_its_size() -> None:
    builder = TileBuilder()
    full: dict[str, bytes] = {}
    for end in (0, 1, 255, 256, 300, 512, 65_535, 65_536, 66_000):
        full |= {tile.path: data for tile, data in builder.add(HASHES[builder.size : end])}
        partial = {tile.path: data for tile, data in builder.partial()}
        assert full | partial == _hash_tiles(end)
        assert builder.size == end


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3_000), st.integers(0, 1_500))
def test_a_builder_goes_on_from_stored_tiles(start: int, more: int) -> None:
    whole, resumed = TileBuilder(), TileBuilder.resume(size=start, read=TREE.read)
    whole.add(HASHES[:start])
    assert resumed.partial() == whole.partial()
    assert resumed.add(HASHES[start : start + more]) == whole.add(HASHES[start : start + more])
    assert resumed.partial() == whole.partial()


def test_a_hash_of_another_width_is_not_cut_into_a_tile() -> None:
    assert _code(lambda: TileBuilder().add([sha256(b"").digest()[:31]])) == "HASH_WIDTH"
