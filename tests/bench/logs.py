"""The log: appended as a library, read as tiles, audited, published and witnessed while the service runs."""

from __future__ import annotations

import os
import random
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

from ledger import merkle
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.leaf import Leaf, encode_leaf, first_prev, leaf_hash, parse_leaf
from ledger.note import parse_note
from ledger.statement import parse_statement
from ledger.tiles import TileBuilder, TileReader, encode_bundle
from tests.bench.long_log import long_world, publish_synthetic
from tests.bench.meter import Meter
from tests.world import World
from verify.audit.run import Asked, audit
from verify.audit.walk import walk
from verify.source import DirectorySource

SHA, VERIFY = "sha256 of 500 bytes", "raw ES256 verify"
PROVED = 70_000
CLASSES = 1_000


def batches(meter: Meter) -> None:
    """Leaves made, chained, hashed into the tree and cut into bundles and tiles, nothing written."""
    statement = bytes(400)

    def step() -> int:
        builder, prev = TileBuilder(), first_prev("bench")
        for start in range(0, 4_096, 256):
            entries, hashes = [], []
            for seq in range(start, start + 256):
                data = encode_leaf(Leaf(seq, 2**40 + seq, prev, statement))
                prev = leaf_hash(data)
                entries.append(data)
                hashes.append(prev)
            encode_bundle(entries)
            builder.add(hashes)
        return 4_096

    meter.figure("library append: leaf, chain, tree, tiles", step, bound=SHA)


def proofs(meter: Meter) -> None:
    """Inclusion proofs of entries anywhere, made from the tiles of a directory."""
    with tempfile.TemporaryDirectory() as folder:
        publish_synthetic(Path(folder), PROVED)
        source = DirectorySource(Path(folder))
        checkpoint = parse_checkpoint(parse_note(source.fetch("checkpoint") or b"").text)
        for name, keep in (("1 tile kept", 1), ("512 tiles kept", 512)):
            _prove(meter, source, checkpoint, name, keep)


def _prove(meter: Meter, source: DirectorySource, checkpoint: Checkpoint, name: str, keep: int) -> None:
    reader = TileReader(size=checkpoint.size, fetch=source.fetch, keep=keep)
    draw = random.Random(1)

    def step() -> int:
        for _ in range(100):
            index = draw.randrange(checkpoint.size)
            merkle.inclusion_proof(index=index, size=checkpoint.size, read=reader.read)
        return 100

    meter.figure("inclusion proofs from tiles", step, bound=SHA, entries=PROVED, tiles=name)


def long_audits(meter: Meter) -> None:
    """Ten thousand judged entries: bytes, decoding, and the whole audit by one and by all processors."""
    world = _long()
    leaves, cores = world.leaves, os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        world.publish(Path(folder))
        source = DirectorySource(Path(folder))
        checkpoint = parse_checkpoint(parse_note(source.fetch("checkpoint") or b"").text)

        def shallow() -> int:
            walk(source.fetch, checkpoint)
            return checkpoint.size

        def decode() -> int:
            for data in leaves[:1_000]:
                parse_statement(parse_leaf(data).statement)
            return 1_000

        meter.figure("audit, chain and tree", shallow, bound=SHA, entries=checkpoint.size, processes=1)
        meter.figure("audit, strict decoding", decode, bound=SHA, entries=checkpoint.size, processes=1)
        question = Asked(at_ms=world.now, policy=world.policy())

        def alone() -> int:
            audit(source, question)
            return checkpoint.size

        meter.figure("audit, whole", alone, bound=VERIFY, entries=checkpoint.size, processes=1)
        with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as executor:
            audit(source, question, executor=executor)  # the processes are there from now on

            def helped() -> int:
                audit(source, question, executor=executor)
                return checkpoint.size

            meter.figure("audit, whole", helped, bound=VERIFY, entries=checkpoint.size, processes=1 + cores)


@lru_cache(maxsize=1)
def _long() -> World:
    return long_world(CLASSES)
