"""A credential and a log of ours, read by other people's code. `make foreign` prepares the readers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from issuers.credential import parse_credential
from ledger.keys import ES256, from_seed
from ledger.lock_store import MemoryLockStore
from ledger.note import NoteSigner
from ledger.publisher import publish
from tests.foreign.setup import GO_READER, HERE, NODE_MODULES, PYTHON
from tests.world import World

ORIGIN = "log.malan.example/foreign"

pytestmark = pytest.mark.foreign


def need(reader: Path) -> Path:
    """The reader, or a skip; in CI every reader must be there."""
    if not reader.exists():
        if os.environ.get("MALAN_CI"):
            pytest.fail(f"{reader.name} is missing; run make foreign")
        pytest.skip(f"{reader.name} is missing; run make foreign")
    return reader


def run(command: Sequence[str | Path], *, cwd: Path = HERE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def credential(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str, bytes]:
    """Files of one credential and its issuer's key, the kid, and the payload the reader must print."""
    world = World.founded().with_standard().with_class().with_results().with_certificates()
    raw = world.credentials[0]
    parsed = parse_credential(raw)
    folder = tmp_path_factory.mktemp("credential")
    message, spki = folder / "credential.cose", folder / "spki.der"
    message.write_bytes(raw)
    spki.write_bytes(world.key_of(parsed.message.kid).spki)
    return message, spki, parsed.message.kid.hex(), parsed.message.payload


@pytest.mark.parametrize("library", ["pycose", "cwt"])
def test_python_libraries_verify_our_credential(
    library: str, credential: tuple[Path, Path, str, bytes]
) -> None:
    message, spki, kid, payload = credential
    answer = run([need(PYTHON), "check_cose.py", library, message, spki, kid])
    assert answer.stdout.strip() == payload.hex(), answer.stderr


@pytest.mark.parametrize("library", ["pycose", "cwt"])
def test_python_libraries_refuse_a_changed_credential(
    library: str, credential: tuple[Path, Path, str, bytes], tmp_path: Path
) -> None:
    message, spki, kid, _ = credential
    forged = bytearray(message.read_bytes())
    forged[-70] ^= 1  # inside the payload
    (tmp_path / "forged.cose").write_bytes(forged)
    answer = run([need(PYTHON), "check_cose.py", library, tmp_path / "forged.cose", spki, kid])
    assert answer.returncode != 0 and not answer.stdout


def test_auth0_cose_verifies_our_credential_and_refuses_another_key(
    credential: tuple[Path, Path, str, bytes], tmp_path: Path
) -> None:
    need(NODE_MODULES)
    message, spki, _, payload = credential
    answer = run(["node", "check_cose.mjs", message, spki])
    assert answer.stdout.strip() == payload.hex(), answer.stderr
    (tmp_path / "other.der").write_bytes(from_seed(ES256, b"\x05" * 48).public.spki)
    assert run(["node", "check_cose.mjs", message, tmp_path / "other.der"]).returncode != 0


@pytest.fixture(scope="module", params=[0, 1, 2, 255, 256, 257, 600, 65_536, 65_537, 70_000])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """A published log of that many entries, and its vkey file."""
    size: int = request.param
    folder = tmp_path_factory.mktemp("log")
    leaves = [b"entry-%d" % place for place in range(size)]
    signer = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
    publish(
        folder / "log",
        origin=ORIGIN,
        size=size,
        read_leaves=lambda start, stop: leaves[start:stop],
        signer=signer,
        lock=MemoryLockStore(),
    )
    (folder / "log.vkey").write_text(signer.key.vkey + "\n")
    return folder / "log", folder / "log.vkey", size


def test_the_go_checksum_database_reader_accepts_our_log(log: tuple[Path, Path, int]) -> None:
    directory, vkey, size = log
    answer = run([need(GO_READER), directory, vkey])
    assert answer.stdout == f"accepted {size} entries\n", answer.stderr


def test_the_go_reader_refuses_a_flipped_byte(log: tuple[Path, Path, int], tmp_path: Path) -> None:
    directory, vkey, size = log
    if size == 0:
        pytest.skip("nothing to flip")
    shutil.copytree(directory, tmp_path / "log")
    bundle = next(
        file for file in sorted((tmp_path / "log" / "tile" / "entries").rglob("*")) if file.is_file()
    )
    data = bytearray(bundle.read_bytes())
    data[-1] ^= 1
    bundle.write_bytes(data)
    assert run([need(GO_READER), tmp_path / "log", vkey]).returncode != 0


def test_tlog_scales_reads_every_leaf_with_its_proof(log: tuple[Path, Path, int]) -> None:
    directory, _, size = log
    if size == 0:
        pytest.skip("no leaf to read")
    tool = need(PYTHON).parent / "tlog-tiles"
    for index in {0, size // 2, size - 1}:
        answer = run([tool, "get-leaf", "-c", directory, str(index)])
        assert answer.returncode == 0 and f"entry-{index}" in answer.stdout, answer.stderr
