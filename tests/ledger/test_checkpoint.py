"""Checkpoints and cosignatures: golden lines, one spelling, the log's own signature, witnesses' times."""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import (
    MAX_TIME,
    Checkpoint,
    Cosignature,
    Cosigner,
    check_cosignature,
    cosign,
    open_checkpoint,
    parse_checkpoint,
    parse_cosigner_vkey,
    parse_decimal,
)
from ledger.errors import BadSignature, MalanError
from ledger.merkle import EMPTY_ROOT, MAX_SIZE
from ledger.note import Note, NoteSigner, SignatureLine, parse_note, parse_vkey, sign_note


def _private(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())


ORIGIN = "registry.example/ledger"
LOG = NoteSigner(ORIGIN, _private("log"))
W1 = Cosigner("district-01.example/w", _private("w1"))
W2 = Cosigner("district-02.example/w", _private("w2"))
TIME = 1767225600
THREE = Checkpoint(ORIGIN, 3, base64.b64decode("pkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs="))
BODY = THREE.body()
GOLDEN = (
    "registry.example/ledger\n3\npkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=\n\n"
    "— registry.example/ledger OZiRNEGvcadlWp2vegbjmnXko6XfNJz0xp+CYdc2zl4lNeKqjsbmZ8pLXi67NY6HAD5Kk8xSKip82"
    "RvZ+RhFuznXlgY=\n"
    "— district-01.example/w 17R54wAAAABpVbkAQ5rystAsfH/rUYBT5TtLkBVrCaKov6xtTCWKE6p4TK6ou4TfolAWyxauWfpxf1J+"
    "EtDLpgGvD/zwTCueOp67BQ==\n"
).encode()


def _code(attempt: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        attempt()
    return caught.value.code


def _note(*lines: SignatureLine, body: str = BODY) -> bytes:
    return Note(body, lines).render()


def test_golden_checkpoint_with_its_cosignature_to_the_byte() -> None:
    assert parse_note(sign_note(BODY, [LOG])).with_lines([cosign(BODY, W1, time=TIME)]).render() == GOLDEN
    opened = open_checkpoint(GOLDEN, log_keys=[LOG.key], cosigners=[W1.key])
    assert opened.checkpoint == THREE
    assert opened.cosignatures == (Cosignature(W1.name, TIME),)
    assert opened.strangers == ()


def test_golden_witness_key() -> None:
    vkey = "district-01.example/w+d7b479e3+BLDvac9mmAMfo6UM3ZhuGEswRR4MUnSlB9TyBI0y+MK1"
    assert W1.key.vkey == vkey
    assert parse_cosigner_vkey(vkey) == W1.key
    assert _code(lambda: parse_vkey(vkey)) == "VKEY_TYPE"
    assert _code(lambda: parse_cosigner_vkey(LOG.key.vkey)) == "VKEY_TYPE"


def test_a_flipped_bit_anywhere_in_the_golden_note_is_refused() -> None:
    for place in range(len(GOLDEN) * 8):
        bent = bytearray(GOLDEN)
        bent[place // 8] ^= 1 << place % 8
        try:
            opened = open_checkpoint(bytes(bent), log_keys=[LOG.key], cosigners=[W1.key])
        except MalanError:
            continue
        # What is left: the line no longer claims the witness's key, so it proves nothing and is named.
        assert opened.checkpoint == THREE
        assert (opened.cosignatures, len(opened.strangers)) == ((), 1)


def test_the_empty_tree_has_only_its_own_root() -> None:
    body = f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    assert parse_checkpoint(body) == Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert _code(lambda: Checkpoint(ORIGIN, 0, THREE.root)) == "EMPTY_TREE_ROOT"


ROOT64 = "pkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs="


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "CHECKPOINT_LINES"),
        (f"{ORIGIN}\n3\n", "CHECKPOINT_LINES"),
        (f"{ORIGIN}\n3\n{ROOT64}", "CHECKPOINT_LINES"),
        (f"{ORIGIN}\n3\n{ROOT64}\n\n", "CHECKPOINT_LINES"),
        (f"{ORIGIN}\n3\n{ROOT64}\nextension\n", "CHECKPOINT_LINES"),
        (f"\n3\n{ROOT64}\n", "KEY_NAME"),
        (f"a b\n3\n{ROOT64}\n", "KEY_NAME"),
        (f"a+b\n3\n{ROOT64}\n", "KEY_NAME"),
        (f"a\u2028b\n3\n{ROOT64}\n", "KEY_NAME"),
        (f"{ORIGIN}\n03\n{ROOT64}\n", "DECIMAL"),
        (f"{ORIGIN}\n+3\n{ROOT64}\n", "DECIMAL"),
        (f"{ORIGIN}\n-3\n{ROOT64}\n", "DECIMAL"),
        (f"{ORIGIN}\n3_0\n{ROOT64}\n", "DECIMAL"),
        (f"{ORIGIN}\n３\n{ROOT64}\n", "DECIMAL"),
        (f"{ORIGIN}\n 3\n{ROOT64}\n", "DECIMAL"),
        (f"{ORIGIN}\n3\r\n{ROOT64}\n", "DECIMAL"),
        (f"{ORIGIN}\n\n{ROOT64}\n", "DECIMAL"),
        (f"{ORIGIN}\n{2**63}\n{ROOT64}\n", "DECIMAL"),
        (f"{ORIGIN}\n{'9' * 5000}\n{ROOT64}\n", "DECIMAL"),
        (f"{ORIGIN}\n3\n{ROOT64} \n", "BASE64"),
        (f"{ORIGIN}\n3\n{ROOT64[:-1]}\n", "BASE64"),
        (f"{ORIGIN}\n3\n{ROOT64[:-2]}t=\n", "BASE64"),
        (f"{ORIGIN}\n3\nAAAA\n", "CHECKPOINT_ROOT"),
        (f"{ORIGIN}\n3\n\n", "CHECKPOINT_ROOT"),
        (f"{ORIGIN}\n0\n{ROOT64}\n", "EMPTY_TREE_ROOT"),
    ],
)
def test_what_no_log_writes_is_refused(text: str, code: str) -> None:
    assert parse_checkpoint(f"{ORIGIN}\n3\n{ROOT64}\n") == THREE
    assert _code(lambda: parse_checkpoint(text)) == code


def test_decimals_have_one_spelling_and_a_limit() -> None:
    assert [parse_decimal(text, where="here") for text in ("0", "10", str(MAX_SIZE))] == [0, 10, MAX_SIZE]
    assert parse_decimal("7", where="here", most=7) == 7
    assert _code(lambda: parse_decimal("8", where="here", most=7)) == "DECIMAL"


@given(st.integers(1, MAX_SIZE), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_comes_back_from_its_body(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert parse_checkpoint(checkpoint.body()) == checkpoint


def test_impossible_sizes_and_roots_cannot_be_made() -> None:
    assert _code(lambda: Checkpoint(ORIGIN, -1, THREE.root)) == "CHECKPOINT_SIZE"
    assert _code(lambda: Checkpoint(ORIGIN, 2**63, THREE.root)) == "CHECKPOINT_SIZE"
    assert _code(lambda: Checkpoint(ORIGIN, 3, b"")) == "CHECKPOINT_ROOT"


def test_cosignatures_alone_are_no_log_signature() -> None:
    raw = _note(cosign(BODY, W1, time=TIME))
    assert _code(lambda: open_checkpoint(raw, log_keys=[LOG.key], cosigners=[W1.key])) == "NO_LOG_SIGNATURE"
    assert _code(lambda: open_checkpoint(raw, log_keys=[LOG.key])) == "NO_KNOWN_SIGNATURE"


def test_a_log_cannot_speak_for_another_origin() -> None:
    other = Checkpoint("other.example/ledger", 3, THREE.root).body()
    raw = _note(LOG.sign(other), body=other)
    assert _code(lambda: open_checkpoint(raw, log_keys=[LOG.key])) == "NO_LOG_SIGNATURE"


def test_a_plain_signature_is_no_cosignature_and_the_other_way_round() -> None:
    """The log's own bytes under a witness's name, and a cosignature's bytes under the log's: both refused."""
    as_witness = SignatureLine(W1.name, W1.key.key_id, bytes(8) + W1.private_key.sign(BODY.encode()))
    raw = _note(LOG.sign(BODY), as_witness)
    assert _code(lambda: open_checkpoint(raw, log_keys=[LOG.key], cosigners=[W1.key])) == "SIGNATURE"
    same_key = Cosigner(ORIGIN, LOG.private_key)
    timed = cosign(BODY, same_key, time=TIME)
    as_log = SignatureLine(ORIGIN, LOG.key.key_id, timed.signature[8:])
    assert _code(lambda: open_checkpoint(_note(as_log), log_keys=[LOG.key])) == "SIGNATURE"


def test_a_changed_time_is_refused() -> None:
    line = cosign(BODY, W1, time=TIME)
    assert check_cosignature(BODY, line, W1.key) == TIME
    later = SignatureLine(line.name, line.key_id, (TIME + 1).to_bytes(8, "big") + line.signature[8:])
    assert _code(lambda: check_cosignature(BODY, later, W1.key)) == "SIGNATURE"
    assert _code(lambda: check_cosignature(BODY, line, W2.key)) == "WRONG_KEY"
    for wrong in (line.signature[:-1], line.signature + b"\x00", line.signature[8:]):
        bad = SignatureLine(line.name, line.key_id, wrong)
        assert _code(lambda bad=bad: check_cosignature(BODY, bad, W1.key)) == "SIGNATURE"


def test_times_reach_to_the_limit_and_no_further() -> None:
    for time in (0, MAX_TIME):
        assert check_cosignature(BODY, cosign(BODY, W1, time=time), W1.key) == time
    for time in (-1, MAX_TIME + 1):
        assert _code(lambda time=time: cosign(BODY, W1, time=time)) == "COSIGNATURE_TIME"
    beyond = 2**63
    signature = W1.private_key.sign(f"cosignature/v1\ntime {beyond}\n{BODY}".encode())
    line = SignatureLine(W1.name, W1.key.key_id, beyond.to_bytes(8, "big") + signature)
    with pytest.raises(BadSignature):
        check_cosignature(BODY, line, W1.key)


def test_only_a_checkpoint_is_cosigned() -> None:
    assert _code(lambda: cosign("any text\n", W1, time=TIME)) == "CHECKPOINT_LINES"


def test_a_witness_counts_once_with_its_latest_time() -> None:
    lines = [cosign(BODY, W1, time=TIME), cosign(BODY, W2, time=TIME), cosign(BODY, W1, time=TIME + 5)]
    raw = _note(LOG.sign(BODY), *lines)
    opened = open_checkpoint(raw, log_keys=[LOG.key], cosigners=[W1.key, W2.key])
    assert opened.cosignatures == (Cosignature(W1.name, TIME + 5), Cosignature(W2.name, TIME))


def test_one_key_under_two_names_is_refused() -> None:
    double = Cosigner("double.example/w", W1.private_key)
    raw = _note(LOG.sign(BODY), cosign(BODY, W1, time=TIME), cosign(BODY, double, time=TIME))
    attempt = lambda: open_checkpoint(raw, log_keys=[LOG.key], cosigners=[W1.key, double.key])  # noqa: E731
    assert _code(attempt) == "COSIGNERS_SHARE_KEY"


def test_lines_of_nobody_known_are_ignored_but_named() -> None:
    stranger = cosign(BODY, W2, time=TIME)
    opened = open_checkpoint(_note(LOG.sign(BODY), stranger), log_keys=[LOG.key], cosigners=[W1.key])
    assert opened.cosignatures == ()
    assert opened.strangers == (stranger,)


def test_a_bad_line_of_a_known_witness_rejects_the_checkpoint() -> None:
    line = cosign(BODY, W1, time=TIME)
    bad = SignatureLine(W1.name, W1.key.key_id, line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    raw = _note(LOG.sign(BODY), bad)
    assert open_checkpoint(raw, log_keys=[LOG.key]).checkpoint == THREE
    assert _code(lambda: open_checkpoint(raw, log_keys=[LOG.key], cosigners=[W1.key])) == "SIGNATURE"


def test_seventeen_lines_are_read() -> None:
    witnesses = [Cosigner(f"district-{n:02}.example/w", _private(f"d{n}")) for n in range(1, 17)]
    raw = _note(
        LOG.sign(BODY), *(cosign(BODY, witness, time=TIME + n) for n, witness in enumerate(witnesses))
    )
    opened = open_checkpoint(raw, log_keys=[LOG.key], cosigners=[witness.key for witness in witnesses])
    assert [one.time - TIME for one in opened.cosignatures] == list(range(16))


def test_a_successor_key_opens_what_both_keys_signed() -> None:
    successor = NoteSigner(ORIGIN, _private("log, second key"))
    raw = sign_note(BODY, [LOG, successor])
    for keys in ([LOG.key], [successor.key], [LOG.key, successor.key]):
        assert open_checkpoint(raw, log_keys=keys).checkpoint == THREE
    assert open_checkpoint(raw, log_keys=[successor.key]).strangers == (LOG.sign(BODY),)
