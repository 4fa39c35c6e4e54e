"""The wire form of tlog-witness: one spelling, and nothing hostile passes or costs much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.add_checkpoint import (
    PROOF_LINES_MAX,
    REQUEST_BYTES_MAX,
    AddCheckpoint,
    parse_add_checkpoint,
    parse_lines,
    parse_size,
    render_lines,
    render_size,
)
from ledger.errors import MalanError
from ledger.note import parse_note
from tests.verify.witnessing import History

NOTE = History().note(7)
HASH = bytes(range(32))


@pytest.mark.parametrize("proof", [(), (HASH,), (HASH,) * PROOF_LINES_MAX])
def test_a_request_has_one_spelling(proof: tuple[bytes, ...]) -> None:
    request = AddCheckpoint(5, proof, NOTE)
    assert parse_add_checkpoint(request.render()) == request


def test_the_form_of_the_specification() -> None:
    """c2sp.org/tlog-witness, to the byte."""
    made = AddCheckpoint(20, (HASH,), NOTE).render()
    assert made == b"old 20\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n" + NOTE


GOOD = AddCheckpoint(5, (HASH,), NOTE).render()
BROKEN = {
    "empty": b"",
    "no empty line": GOOD.replace(b"\n\n", b"\n", 1),
    "old without number": GOOD.replace(b"old 5", b"old "),
    "sign": GOOD.replace(b"old 5", b"old +5"),
    "leading zero": GOOD.replace(b"old 5", b"old 05"),
    "underscore": GOOD.replace(b"old 5", b"old 5_0"),
    "full width": GOOD.replace(b"old 5", "old ５".encode()),
    "too large": GOOD.replace(b"old 5", b"old 9223372036854775808"),
    "another word": GOOD.replace(b"old 5", b"new 5"),
    "carriage return": GOOD.replace(b"old 5\n", b"old 5\r\n"),
    "short hash": GOOD.replace(b"Hh8=", b"Hg=="),
    "stray bits": GOOD.replace(b"Hh8=", b"Hh9="),
    "junk in base64": GOOD.replace(b"AAEC", b"AA EC"),
    "64 hashes": AddCheckpoint(5, (HASH,) * 63, NOTE)
    .render()
    .replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n\n", 1),
    "no signature": GOOD[: GOOD.rindex(b"\n\n") + 2],
    "too long": GOOD + b" " * REQUEST_BYTES_MAX,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_request_is_refused(name: str) -> None:
    with pytest.raises(MalanError):
        parse_add_checkpoint(BROKEN[name])


@given(st.binary(max_size=400))
def test_nothing_else_than_an_error_comes_of_noise(data: bytes) -> None:
    for read in (parse_add_checkpoint, parse_size, parse_lines):
        try:
            read(data)
        except MalanError:
            continue


@given(st.integers(min_value=0, max_value=len(GOOD) - 1), st.integers(min_value=1, max_value=255))
def test_what_is_read_is_written_back(position: int, change: int) -> None:
    data = bytearray(GOOD)
    data[position] ^= change
    try:
        request = parse_add_checkpoint(bytes(data))
    except MalanError:
        return
    assert request.render() == bytes(data)


def test_sizes_and_lines() -> None:
    assert parse_size(render_size(500)) == 500
    lines = parse_note(NOTE).signatures
    assert parse_lines(render_lines(lines)) == lines
    for bad in (b"500", b"500\n\n", b" 500\n", b"", b"05\n"):
        with pytest.raises(MalanError):
            parse_size(bad)
    for bad in (b"", b"\n", NOTE, render_lines(lines)[:-1]):
        with pytest.raises(MalanError):
            parse_lines(bad)
