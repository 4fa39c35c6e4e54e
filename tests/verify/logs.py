"""Logs for the auditor's tests: published in memory, and forged by an operator who holds the log's key.

An operator can put any leaves under a fresh checkpoint of its own; what it cannot make are the signatures of
others. `forge` does just that: no judge is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

from ledger.errors import Malformed
from ledger.leaf import Leaf, encode_leaf, first_prev, leaf_hash
from ledger.statement import parse_statement
from ledger.tiles import WIDTH, Tile, TileBuilder, encode_bundle
from tests.world import World
from verify.audit.findings import Severity
from verify.audit.report import AuditReport
from verify.audit.run import Asked, audit

Said = tuple[int, bytes]
"""The time of a leaf in milliseconds, and the statement in it."""


class MemorySource:
    """A published log in memory; the test may change `files` as an attacker would."""

    def __init__(self, files: Mapping[str, bytes], policy: bytes | None = None) -> None:
        self.files = dict(files)
        self.policy = policy

    def fetch(self, path: str) -> bytes | None:
        return self.files.get(path)

    def list_files(self) -> list[str]:
        return sorted(self.files)

    def offered_policy(self) -> bytes | None:
        return self.policy


@lru_cache(maxsize=1)
def _whole() -> World:
    world = World.founded().with_rivals().with_standard().with_class()
    return world.with_results().with_certificates().with_claim()


def whole_world() -> World:
    """Every stage: 181 entries, five certificates, an open claim."""
    return _whole().copy()


def files_of(leaves: Sequence[bytes], checkpoint: bytes) -> dict[str, bytes]:
    """The files of a log as the publisher writes them."""
    builder = TileBuilder()
    tiles = [*builder.add(leaf_hash(leaf) for leaf in leaves), *builder.partial()]
    files = {tile.path: data for tile, data in tiles}
    for start in range(0, len(leaves), WIDTH):
        entries = leaves[start : start + WIDTH]
        files[Tile(None, start // WIDTH, len(entries)).path] = encode_bundle(entries)
    return {**files, "checkpoint": checkpoint}


def published(world: World, *, cosigned: int = 11) -> MemorySource:
    """The world's log with its policy beside it."""
    return MemorySource(files_of(world.leaves, world.checkpoint(cosigned=cosigned)), world.policy())


def said_in(world: World) -> list[Said]:
    """What stands in the log, without the chain."""
    return list(zip(world.times, (one.raw for one in world.said), strict=True))


def chained(origin: str, said: Iterable[Said]) -> list[bytes]:
    """Leaves over these statements, each linked to the one before."""
    leaves: list[bytes] = []
    prev = first_prev(origin)
    for seq, (time_ms, raw) in enumerate(said):
        leaves.append(encode_leaf(Leaf(seq, time_ms, prev, raw)))
        prev = leaf_hash(leaves[-1])
    return leaves


def forge(world: World, said: Sequence[Said]) -> World:
    """The log the operator would like: these statements in this order under its own checkpoint, unjudged."""
    forged = world.copy()
    forged.leaves = chained(world.origin, said)
    forged.times = [time_ms for time_ms, _ in said]
    forged.said = []
    for _, raw in said:
        with suppress(Malformed):  # an operator may put anything into a leaf
            forged.said.append(parse_statement(raw))
    forged.now = max(world.now, max(forged.times) + 1000)
    return forged


def look(world: World, **asked: object) -> AuditReport:
    """The audit of a world's log, as of an hour after its last word unless told."""
    source = asked.pop("source", None) or published(world)
    question = {"at_ms": world.now + 3_600_000, "policy": world.policy(), **asked}
    return audit(source, Asked(**question))  # type: ignore[arg-type]  # the tests' own keywords


def names(report: AuditReport, severity: Severity = Severity.DEPARTURE) -> list[tuple[str, str]]:
    """Code and place of each finding."""
    return [(one.code, one.where) for one in report.of(severity)]


def codes(report: AuditReport, severity: Severity = Severity.DEPARTURE) -> list[str]:
    """Just the codes."""
    return [one.code for one in report.of(severity)]
