"""Every single bit of a published log of 100 entries: flip it, and the auditor names what was changed.

By default one bit of every byte of checkpoint and hash tile and a seeded sample of the entry bundle; with
MALAN_CAMPAIGN=full every bit of every file.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import MalanError
from ledger.note import parse_note
from ledger.policy import parse_policy
from tests.verify.logs import MemorySource, forge, published, said_in, whole_world
from verify.audit import signatures, walk
from verify.audit.findings import Findings, Severity

FULL = os.environ.get("MALAN_CAMPAIGN") == "full"
ENTRIES, TILE = "tile/entries/000.p/100", "tile/0/000.p/100"
SAMPLE = 2_000  # bits of the bundle, besides one in each byte of its first and last entry


@pytest.fixture(scope="module")
def log() -> MemorySource:
    world = whole_world()
    return published(forge(world, said_in(world)[:100]))


def checkpoint_of(log: MemorySource) -> Checkpoint:
    return parse_checkpoint(parse_note(log.files["checkpoint"]).text)


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def one_bit_a_byte(size: int) -> Iterator[int]:
    return (8 * place + place % 8 for place in range(size))


def bits(size: int, *, sample: int | None) -> list[int]:
    """All bits in a full campaign; else one a byte, or `sample` of them and the edges of the file."""
    if FULL:
        return list(range(8 * size))
    every = list(one_bit_a_byte(size))
    if sample is None:
        return every
    edges = every[:600] + every[-600:]
    return [*edges, *random.Random(20260302).sample(range(8 * size), sample)]


def departures(findings: Findings) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in findings.listed if one.severity is Severity.DEPARTURE]


def walked_with(log: MemorySource, path: str, data: bytes) -> list[tuple[str, str]]:
    files = {**log.files, path: data}
    return departures(walk.walk(files.get, checkpoint_of(log)).findings)


def test_the_untouched_log_has_no_departure(log: MemorySource) -> None:
    assert walked_with(log, TILE, log.files[TILE]) == []
    assert checkpoint_departures(log, log.files["checkpoint"]) == []


@pytest.mark.slow
def test_every_flipped_bit_of_the_entries_is_named_with_its_entry(log: MemorySource) -> None:
    data = log.files[ENTRIES]
    for bit in bits(len(data), sample=SAMPLE):
        found = walked_with(log, ENTRIES, flipped(data, bit))
        assert found, f"bit {bit} of the entries passed unseen"
        assert any("seq" in where for _, where in found), f"bit {bit}: no entry named"


@pytest.mark.slow
def test_every_flipped_bit_of_the_hash_tile_is_named_with_its_hash(log: MemorySource) -> None:
    data = log.files[TILE]
    for bit in bits(len(data), sample=None):
        assert walked_with(log, TILE, flipped(data, bit)) == [
            ("TILE_DIFFERS", f"seq {bit // 256}, {TILE}")
        ], f"bit {bit} of the tile"


def checkpoint_departures(log: MemorySource, data: bytes) -> list[tuple[str, str]]:
    """What the audit does with a checkpoint, less the replay that gives it the log's key."""
    world = whole_world()
    assert log.policy is not None
    try:
        note = parse_note(data)
        checkpoint = parse_checkpoint(note.text)
    except MalanError as error:
        return [(error.code, "checkpoint")]
    findings = Findings()
    keys = signatures.log_keys(world.view, world.origin)
    signatures.check_signatures(note, keys, parse_policy(log.policy), findings, where="checkpoint")
    return departures(findings) or departures(walk.walk(log.fetch, checkpoint).findings)


@pytest.mark.slow
def test_every_flipped_bit_of_the_checkpoint_is_named(log: MemorySource) -> None:
    data = log.files["checkpoint"]
    for bit in bits(len(data), sample=None):
        assert checkpoint_departures(log, flipped(data, bit)), f"bit {bit} of the checkpoint"


def is_note(data: bytes) -> bool:
    """Only a signature can tell then that a bit of a signature line was flipped."""
    try:
        return bool(parse_note(data))
    except MalanError:
        return False


def test_a_campaign_against_a_blind_tree_lets_the_flips_through(
    log: MemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Negative control: the harness sees flips pass once tree and chain look away.
    monkeypatch.setattr("verify.audit.trees.Trees.take", lambda *_: None)
    monkeypatch.setattr("verify.audit.trees.Trees.close", lambda *_: None)
    assert walked_with(log, TILE, flipped(log.files[TILE], 4_000)) == []


def test_a_campaign_against_blind_signatures_lets_a_changed_line_through(
    log: MemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = log.files["checkpoint"]
    changed = next(
        one for bit in range(8 * (len(data) - 40), 8 * len(data)) if is_note(one := flipped(data, bit))
    )
    assert checkpoint_departures(log, changed)
    monkeypatch.setattr("verify.audit.signatures.check_cosignature", lambda *_: 0)
    assert checkpoint_departures(log, changed) == []
