"""Proof files: made from a log, carried as text, checked without it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import merkle
from ledger.checkpoint import Checkpoint, Cosigner, cosign
from ledger.errors import MalanError, ProofFailed
from ledger.merkle import MemoryTree
from ledger.note import Note, NoteSigner
from ledger.proof import MAX_HASHES, Proof, check_proof, make_proof, parse_proof


def _private(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())


LOG = NoteSigner("registry.example/ledger", _private("log"))
WITNESS = Cosigner("district-01.example/w", _private("w1"))
TREE = MemoryTree(merkle.leaf_hash(b"entry-%d" % number) for number in range(300))


def _note(size: int) -> bytes:
    root = merkle.Frontier(size=size, peaks=TREE.read(merkle.cover(0, size))).root()
    body = Checkpoint(LOG.name, size, root).body()
    return Note(body, (LOG.sign(body), cosign(body, WITNESS, time=1767225600))).render()


def _make(index: int, size: int, extra: bytes | None = None) -> Proof:
    return make_proof(index=index, checkpoint=_note(size), read=TREE.read, extra=extra)


def _check(proof: Proof, data: bytes) -> None:
    opened = check_proof(proof, leaf_hash=merkle.leaf_hash(data), log_keys=[LOG.key], cosigners=[WITNESS.key])
    assert [one.name for one in opened.cosignatures] == [WITNESS.name]


def _code(attempt: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        attempt()
    return caught.value.code


def test_a_proof_file_to_the_byte() -> None:
    """The golden checkpoint of three entries, and the last of them."""
    leaf = [base64.b64encode(merkle.leaf_hash(b"entry-%d" % number)).decode() for number in range(3)]
    pair = base64.b64encode(TREE.read([merkle.Node(1, 0)])[0]).decode()
    last, first = _make(2, 3), _make(0, 3, extra=b"\x00\x01")
    note = _note(3).decode()
    assert note.startswith("registry.example/ledger\n3\npkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=\n\n— ")
    assert last.render().decode() == f"c2sp.org/tlog-proof@v1\nindex 2\n{pair}\n\n{note}"
    head = f"c2sp.org/tlog-proof@v1\nextra AAE=\nindex 0\n{leaf[1]}\n{leaf[2]}\n\n"
    assert first.render().decode() == head + note


def test_the_example_in_the_specification_is_such_a_file() -> None:
    specification = (Path(merkle.__file__).parent / "SPEC.md").read_text("utf-8")
    proof = _make(2, 3, extra=b"entry-2")
    assert f"\n```\n{proof.render().decode()}```\n" in specification
    assert f"\n```\n{proof.checkpoint.decode()}```\n" in specification
    for number in range(3):
        assert f"leaf {number}   {merkle.leaf_hash(b'entry-%d' % number).hex()}\n" in specification


def test_every_entry_of_a_log_proves_itself_and_no_other() -> None:
    for size in (1, 2, 3, 7, 8, 255, 256, 257, 300):
        for index in {0, 1, size // 2, size - 1} & set(range(size)):
            proof = parse_proof(_make(index, size).render())
            _check(proof, b"entry-%d" % index)
            with pytest.raises(ProofFailed):
                _check(proof, b"entry-%d" % (index + 1))


def test_a_flipped_bit_in_the_head_or_body_is_refused() -> None:
    """Index, hashes, origin, size, root, the log's line; `extra` is not authenticated, so there is none."""
    raw = _make(5, 12).render()
    _check(parse_proof(raw), b"entry-5")
    end = raw.index("— district".encode())
    for place in range(end * 8):
        bent = bytearray(raw)
        bent[place // 8] ^= 1 << place % 8
        with pytest.raises(MalanError):
            _check(parse_proof(bytes(bent)), b"entry-5")


def test_a_proof_under_another_logs_key_is_refused() -> None:
    proof = _make(5, 12)
    other = NoteSigner(LOG.name, _private("another"))
    attempt = lambda: check_proof(proof, leaf_hash=bytes(32), log_keys=[other.key])  # noqa: E731
    assert _code(attempt) == "NO_KNOWN_SIGNATURE"


def test_a_single_entry_needs_no_hash() -> None:
    proof = _make(0, 1)
    assert proof.hashes == ()
    _check(parse_proof(proof.render()), b"entry-0")


RAW = _make(2, 3, extra=b"\x00\x01").render()
HASH_LINE = RAW.split(b"\n")[3] + b"\n"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "PROOF_SHAPE"),
        (RAW.replace(b"\n", b"\r\n"), "PROOF_SHAPE"),
        (RAW.replace(b"@v1", b"@v2", 1), "PROOF_HEADER"),
        (b"\n" + RAW, "PROOF_HEADER"),
        (b"\xef\xbb\xbf" + RAW, "PROOF_SHAPE"),
        (RAW.replace(b"extra AAE=", b"extra "), "PROOF_EXTRA"),
        (RAW.replace(b"extra AAE=", b"extra AAF="), "BASE64"),
        (RAW.replace(b"extra AAE=", b"extra  AAE="), "BASE64"),
        (RAW.replace(b"extra AAE=", b"Extra AAE="), "PROOF_INDEX"),
        (RAW.replace(b"extra AAE=\n", b"extra AAE=\nextra AAE=\n"), "PROOF_INDEX"),
        (RAW.replace(b"extra AAE=\nindex 2\n", b"index 2\nextra AAE=\n"), "BASE64"),
        (RAW.replace(b"index 2\n", b""), "PROOF_INDEX"),
        (RAW.replace(b"index 2", b"index 02"), "DECIMAL"),
        (RAW.replace(b"index 2", b"index +2"), "DECIMAL"),
        (RAW.replace(b"index 2", b"index  2"), "DECIMAL"),
        (RAW.replace(b"index 2", b"index 2 "), "DECIMAL"),
        (RAW.replace(b"index 2", b"index 9223372036854775808"), "DECIMAL"),
        (RAW.replace(b"index 2\n", b"index 2\nAAAA\n"), "HASH_WIDTH"),
        (RAW.replace(HASH_LINE, HASH_LINE[:-1] + b" \n"), "BASE64"),
        (RAW.replace(HASH_LINE, HASH_LINE * (MAX_HASHES + 1)), "PROOF_LENGTH"),
        (RAW.replace(HASH_LINE, HASH_LINE + b"\n"), "CHECKPOINT_LINES"),
        (RAW.replace(b"\n3\n", b"\n03\n"), "DECIMAL"),
        (RAW[: RAW.index("—".encode())], "SIGNATURE_LINE"),
        (RAW + b"x", "NOTE_SHAPE"),
        (b"x" * 2_000_001, "PROOF_SIZE"),
    ],
)
def test_what_no_honest_writer_produces_is_malformed(raw: bytes, code: str) -> None:
    assert parse_proof(RAW).index == 2
    assert _code(lambda: parse_proof(raw)) == code


def test_impossible_proofs_cannot_be_made() -> None:
    note = _note(3)
    assert _code(lambda: Proof(-1, (), note)) == "PROOF_INDEX"
    assert _code(lambda: Proof(0, (b"",), note)) == "HASH_WIDTH"
    assert _code(lambda: Proof(0, (), note, extra=b"")) == "PROOF_EXTRA"
    assert _code(lambda: Proof(0, (bytes(32),) * 64, note)) == "PROOF_LENGTH"
    assert _code(lambda: make_proof(index=3, checkpoint=note, read=TREE.read)) == "INDEX_OUT_OF_RANGE"


def test_an_index_beyond_the_checkpoint_is_refused() -> None:
    proof = _make(2, 3)
    beyond = Proof(3, proof.hashes, proof.checkpoint)
    assert _code(lambda: _check(beyond, b"entry-2")) == "INDEX_OUT_OF_RANGE"


@settings(max_examples=100, deadline=None)
@given(
    index=st.integers(0, 2**63 - 1),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=MAX_HASHES),
    extra=st.none() | st.binary(min_size=1, max_size=300),
)
def test_a_proof_comes_back_from_its_rendering(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    proof = Proof(index, tuple(hashes), _note(3), extra)
    assert parse_proof(proof.render()) == proof
    assert parse_proof(proof.render()).render() == proof.render()
