"""A log with a history that can fork, and a witness of it, for the tests of witnesses."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.add_checkpoint import AddCheckpoint
from ledger.checkpoint import Checkpoint, Cosigner
from ledger.merkle import Frontier, MemoryTree, consistency_proof, leaf_hash
from ledger.note import NoteSigner, sign_note
from ledger.policy import Group, Log, Policy, Witness
from ledger.tiles import WIDTH, TileBuilder, encode_bundle
from verify.witness.answering import Witnessing
from verify.witness.home import Home, create, open_home

ORIGIN = "log.malan.example/ledger"
NOW = 1_790_000_000


def private(name: str) -> Ed25519PrivateKey:
    """The same key for the same name."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


SIGNER = NoteSigner(ORIGIN, private("log"))


class History:
    """A log's entries; `fork(at)` shares the first `at` of them and then goes another way."""

    def __init__(self, entries: list[bytes] | None = None, *, signer: NoteSigner = SIGNER) -> None:
        self.signer = signer
        self.entries = list(entries or [])
        self.name = "main"

    def grow(self, size: int) -> History:
        """Entries of this history up to `size`."""
        self.entries += [f"{self.name} {i}".encode() for i in range(len(self.entries), size)]
        return self

    def fork(self, at: int, name: str = "other") -> History:
        """Another history by the same key."""
        other = History(self.entries[:at], signer=self.signer)
        other.name = name
        return other

    def tree(self, size: int) -> MemoryTree:
        return MemoryTree(leaf_hash(one) for one in self.entries[:size])

    def checkpoint(self, size: int) -> Checkpoint:
        self.grow(size)
        frontier = Frontier()
        for one in self.entries[:size]:
            frontier.append(leaf_hash(one))
        return Checkpoint(self.signer.name, size, frontier.root())

    def note(self, size: int) -> bytes:
        return sign_note(self.checkpoint(size).body(), [self.signer])

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        self.grow(new)
        if not 0 < old < new:
            return ()
        return tuple(consistency_proof(old=old, new=new, read=self.tree(new).read))

    def request(self, old: int, new: int) -> bytes:
        return AddCheckpoint(old, self.proof(old, new), self.note(new)).render()

    def files(self, size: int, *, policy: bytes | None = None) -> Files:
        """The log as it is published at that size."""
        note = self.note(size)
        builder = TileBuilder()
        hashes = [leaf_hash(one) for one in self.entries[:size]]
        files = {tile.path: data for tile, data in [*builder.add(hashes), *builder.partial()]}
        for start in range(0, size, WIDTH):
            bundle = self.entries[start : min(start + WIDTH, size)]
            width = "" if len(bundle) == WIDTH else f".p/{len(bundle)}"
            files[f"tile/entries/{start // WIDTH:03}{width}"] = encode_bundle(bundle)
        files["checkpoint"] = note
        return Files(files, policy)


class Files:
    """A published log in memory, as `verify.source.Source`."""

    def __init__(self, files: dict[str, bytes], policy: bytes | None = None) -> None:
        self.files = files
        self.policy = policy
        self.asked: list[str] = []

    def fetch(self, path: str) -> bytes | None:
        self.asked.append(path)
        return self.files.get(path)

    def list_files(self) -> list[str]:
        return sorted(self.files)

    def offered_policy(self) -> bytes | None:
        return self.policy

    def write(self, place: Path) -> Path:
        for path, data in self.files.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(data)
        return place


def home(folder: Path, name: str = "w01.district.example/malan", *, url: str | None = None) -> Home:
    """A fresh witness of the log."""
    logs = Policy((Log(SIGNER.key, url),), (), (), "none")
    create(folder, name=name, logs=logs, seed=sha256(name.encode()).digest())
    return open_home(folder)


def witness(folder: Path, name: str = "w01.district.example/malan") -> Witnessing:
    return home(folder, name).witness


def policy_of(cosigners: list[Cosigner], *, needed: int, urls: dict[str, str] | None = None) -> Policy:
    """A policy of all of them."""
    named = [
        Witness(f"d{number:02}", one.key, (urls or {}).get(one.name))
        for number, one in enumerate(cosigners, start=1)
    ]
    group = Group("districts", needed, tuple(one.name for one in named))
    return Policy((Log(SIGNER.key),), tuple(named), (group,), "districts")
