"""Breaks of readers: pictures that eat the machine, errors not of our family, two spellings of one thing."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import issuers
from issuers.acts.words import PEOPLE_MAX
from issuers.evidence_document import from_json, to_json
from issuers.status import BYTES, open_status_list
from ledger import cbor
from ledger.cose import STATUS_LIST_TYPE, sign1
from ledger.errors import MalanError, Malformed
from tests.verify.shown import issued_world
from verify.scan import scan_image

MEGABYTES_MAX = 100

MEASURE = """
import re, sys
from pathlib import Path
from ledger.errors import MalanError
from verify.scan import scan_image

def peak():
    return int(re.search(r"VmHWM:\\s*([0-9]+)", Path("/proc/self/status").read_text())[1]) // 1024

data, before = Path(sys.argv[1]).read_bytes(), peak()
try:
    scan_image(data)
except MalanError:
    pass
print(peak() - before)
"""


def one_bit_png(width: int, height: int, *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG of a palette of two colours, or of black and white where no extra chunks are given."""
    colour = 3 if extra else 0
    rows = zlib.compress((b"\x00" + bytes((width + 7) // 8)) * height, 9)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, colour, 0, 0, 0)),
        *extra,
        (b"IDAT", rows),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in chunks
    )


UNPACKED = pytest.mark.xfail(strict=True, reason="the decoder of WebP unpacks a picture whole, twice")


def bomb(kind: str, side: int) -> bytes:
    """A picture of one colour, half transparent: a few kilobytes, whatever its side."""
    if kind == "png":
        return one_bit_png(side, side, (b"PLTE", b"\xff\xff\xff\x00\x00\x00"), (b"tRNS", b"\x80\xff"))
    target = io.BytesIO()
    Image.new("RGBA", (side, side), (1, 2, 3, 100)).save(target, "WEBP", lossless=True)
    return target.getvalue()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read as Linux tells it")
@pytest.mark.parametrize("kind", [pytest.param("webp", marks=UNPACKED), "png"])
def test_a_small_file_does_not_become_a_gigabyte(kind: str, tmp_path: Path) -> None:
    """verify/scan.py: 50 million pixels are let in whatever the file's size, then held as RGBA three times.

    With the side of 7,000 that is allowed, 1.9 KB of WebP take 1.1 GB and three seconds. Here 4,000.
    """
    data, path = bomb(kind, 4_000), tmp_path / "picture"
    assert len(data) <= 65_536
    path.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < MEGABYTES_MAX


@pytest.mark.parametrize("size", [(65_536, 1), (1, 65_536), (70_000, 3)])
def test_a_very_long_picture_is_refused_as_one_of_ours(size: tuple[int, int]) -> None:
    """verify/scan.py: zxing-cpp raises ValueError above 65,535 pixels a side."""
    with pytest.raises(MalanError):
        scan_image(one_bit_png(*size))


ODD_LISTS: dict[str, dict[int, Any]] = {
    "a claim too many": {99: 1},
    "true for list 1": {-70002: [True, 5]},
    "a list below zero": {-70002: [-1, 5]},
    "a size below zero": {-70002: [1, -5]},
    "true for a time": {6: True},
    "a time below zero": {6: -1},
    "a ttl below zero": {65534: -1},
    "a list with more": {65533: {"bits": 2, "lst": zlib.compress(bytes(BYTES)), "aggregation_uri": "x"}},
}


@pytest.mark.parametrize("name", ODD_LISTS)
def test_a_status_list_has_one_shape(name: str) -> None:
    """issuers/status.py `open_status_list`: a mapping pattern passes over other keys, and true is an int."""
    world = issued_world()
    signer = world.service["status"]
    honest: dict[int, Any] = {
        2: "https://cert.malan.example/status/1",
        6: world.now // 1000,
        65533: {"bits": 2, "lst": zlib.compress(bytes(BYTES), 9)},
        65534: 43_200,
        -70002: [1, len(world.leaves)],
    }

    def read(claims: dict[int, Any]) -> None:
        raw = sign1(signer, content_type=STATUS_LIST_TYPE, payload=cbor.encode(claims))
        open_status_list(raw, signer.public)

    read(honest)
    with pytest.raises(Malformed):
        read(honest | ODD_LISTS[name])


@pytest.mark.parametrize("spell", ["byte order mark", "spaces", "minus zero", "escape"])
def test_evidence_has_one_spelling(spell: str) -> None:
    """issuers/evidence_document.py `from_json`: compare with what `to_json` writes, as everywhere else."""
    world = issued_world()
    honest = to_json(world.evidence())
    assert to_json(from_json(honest)) == honest
    empty = b'{"v":1,"class":"' + b"00" * 16 + b'","statements":[]}'
    other = {
        "byte order mark": b"\xef\xbb\xbf" + honest,
        "spaces": honest.replace(b",", b", ", 1),
        "minus zero": b'{"v":1,"class":"' + b"00" * 16 + b'","statements":'
        b'[{"seq":-0,"time_ms":0,"statement":"","openings":[]}]}',
        "escape": empty.replace(b'"v"', b'"\\u0076"'),
    }[spell]
    with pytest.raises(Malformed):
        from_json(other)


def test_the_specification_and_the_reader_allow_as_many_people() -> None:
    """issuers/SPEC.md says 200, acts/words.py 160: others write rosters that this one refuses."""
    text = (Path(issuers.__file__).parent / "SPEC.md").read_text(encoding="utf-8")
    assert f"*entries* 1 to {PEOPLE_MAX} commitments" in text
    assert f"`candidates` 1–{PEOPLE_MAX}; `passed` 0–{PEOPLE_MAX} ids" in text
