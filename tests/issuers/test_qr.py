"""The QR text and its picture: one form, pinned origins only, and a size known before drawing."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError
from qrcode.image.base import BaseImage
from qrcode.main import QRCode
from qrcode.util import MODE_8BIT_BYTE, MODE_NUMBER, QRData

from issuers.digits import to_digits
from issuers.qr import (
    QrText,
    authority_of,
    check_origin,
    code_of,
    fit,
    has_our_form,
    make_text,
    matrix,
    parse_text,
    png,
    version_for,
)
from ledger.errors import MalanError, Malformed, Refused

ORIGIN = "https://cert.example.cn"
PINNED = frozenset({ORIGIN})
CODE = "1234567890123456"
CREDENTIAL = random.Random(13).randbytes(165)
TEXT = make_text(host=ORIGIN, code=CODE, credential=CREDENTIAL)
DIGITS = to_digits(CREDENTIAL)

# One file for every reader of QR texts, the page in the browser as well.
CORPUS = json.loads((Path(__file__).parent / "look_alikes.json").read_text("ascii"))
OTHER_HOSTS: list[str] = [entry["text"] for entry in CORPUS["other_hosts"]]
LOOK_ALIKES: list[str] = OTHER_HOSTS + CORPUS["other_shapes"]


def test_the_corpus_of_look_alikes_is_large_and_has_no_genuine_text() -> None:
    assert len(LOOK_ALIKES) == len(set(LOOK_ALIKES)) >= 100
    assert CORPUS["genuine"] not in LOOK_ALIKES
    assert CORPUS["pinned"] == ORIGIN


def test_of_all_look_alikes_the_pinned_address_alone_is_accepted() -> None:
    endless = f"{ORIGIN}/v/{CODE}#1" + "0" * 1_000_000
    accepted = []
    for text in [*LOOK_ALIKES, endless, CORPUS["genuine"]]:
        try:
            accepted.append((text, parse_text(text, hosts=PINNED)))
        except MalanError as error:
            assert error.code in {"QR_OTHER_HOST", "QR_UNREADABLE"}
            assert "evil" not in str(error)
    genuine = QrText(host=ORIGIN, code=CODE, credential=b"hello world")
    assert accepted == [(CORPUS["genuine"], genuine)]


def test_a_web_address_elsewhere_is_named_as_such() -> None:
    for text in OTHER_HOSTS:
        with pytest.raises(Refused) as caught:
            parse_text(text, hosts=PINNED)
        assert caught.value.code == "QR_OTHER_HOST"


@given(st.integers(0, len(TEXT) - 1), st.characters())
def test_a_text_with_one_character_changed_never_gives_the_same_content(place: int, letter: str) -> None:
    changed = TEXT[:place] + letter + TEXT[place + 1 :]
    try:
        read = parse_text(changed, hosts=PINNED)
    except MalanError:
        return
    assert read.host == ORIGIN
    assert changed == TEXT or read != parse_text(TEXT, hosts=PINNED)


@pytest.mark.parametrize(
    "suffix",
    ["", "&appinstall=0", "?from=singlemessage&isappinstalled=0", "&", "?", "&wxurl=https%3A%2F%2Fa.b"],
)
def test_what_a_chat_program_appends_is_dropped(suffix: str) -> None:
    read = parse_text(TEXT + suffix, hosts=PINNED)
    assert (read.code, read.credential) == (CODE, CREDENTIAL)
    assert has_our_form(TEXT + suffix)


@pytest.mark.parametrize("version", "023456789")
def test_another_version_is_refused_as_such(version: str) -> None:
    for rest in (DIGITS, "", "abc"):
        with pytest.raises(Refused) as caught:
            parse_text(f"{ORIGIN}/v/{CODE}#{version}{rest}", hosts=PINNED)
        assert caught.value.code == "QR_VERSION"


@given(st.binary(min_size=1, max_size=400), st.integers(0, 10**16 - 1))
def test_what_was_made_is_read_back(credential: bytes, number: int) -> None:
    for host in (ORIGIN, "http://192.168.1.5:8000", "https://a.b:8443", "http://localhost:8000"):
        text = make_text(host=host, code=f"{number:016d}", credential=credential)
        assert parse_text(text, hosts=frozenset({host, ORIGIN})) == QrText(
            host=host, code=f"{number:016d}", credential=credential
        )
        assert has_our_form(text)
        assert code_of(text) == f"{number:016d}"
        assert authority_of(text) == host.split("//")[1]


def test_origins_that_may_be_pinned() -> None:
    for origin in CORPUS["origins_that_may_be_pinned"]:
        check_origin(origin)


@pytest.mark.parametrize("origin", CORPUS["origins_that_may_not_be_pinned"])
def test_origins_that_may_not_be_pinned(origin: str) -> None:
    with pytest.raises(Malformed, match="QR_ORIGIN"):
        check_origin(origin)
    with pytest.raises(Malformed, match="QR_ORIGIN"):
        make_text(host=origin, code=CODE, credential=b"x")
    with pytest.raises(Malformed, match="QR_ORIGIN"):
        parse_text(TEXT, hosts=frozenset({ORIGIN, origin}))


def test_nothing_is_ours_when_nothing_is_pinned() -> None:
    with pytest.raises(Refused, match="QR_OTHER_HOST"):
        parse_text(TEXT, hosts=frozenset())


@pytest.mark.parametrize(
    "code", ["", "123", CODE + "0", "1234-5678-9012-34", "１２３４５６７８９０１２３４５６", CODE + "\n"]
)
def test_a_code_that_is_not_16_digits_has_no_text(code: str) -> None:
    with pytest.raises(Malformed, match="QR_CODE"):
        make_text(host=ORIGIN, code=code, credential=b"x")


def test_an_empty_or_endless_credential_has_no_text() -> None:
    with pytest.raises(Malformed, match="QR_EMPTY"):
        make_text(host=ORIGIN, code=CODE, credential=b"")
    with pytest.raises(Malformed, match="DIGITS_TOO_LONG"):
        make_text(host=ORIGIN, code=CODE, credential=bytes(495))


def test_personal_data_stay_out_of_repr() -> None:
    shown = repr(parse_text(TEXT, hosts=PINNED))
    assert CODE not in shown
    assert "credential" not in shown


def library_version(*, byte_count: int, digit_count: int) -> int | None:
    code: QRCode[BaseImage] = QRCode(error_correction=ERROR_CORRECT_M)
    for data, mode in ((b"a" * byte_count, MODE_8BIT_BYTE), (b"7" * digit_count, MODE_NUMBER)):
        code.add_data(QRData(data, mode=mode), optimize=0)  # type: ignore[no-untyped-call]
    try:
        return int(code.best_fit())  # type: ignore[no-untyped-call]
    except DataOverflowError:
        return None


def test_the_computed_version_is_the_one_the_library_fits() -> None:
    seen = set()
    for byte_count in (1, 20, 35, 42, 60, 120):
        for digit_count in [*range(1, 60), *range(60, 960, 7), *range(940, 1_000)]:
            mine = fit(byte_count=byte_count, digit_count=digit_count)
            theirs = library_version(byte_count=byte_count, digit_count=digit_count)
            assert mine == (theirs if theirs is not None and theirs <= 15 else None)
            seen.add(mine)
    assert seen == {*range(1, 16), None}


@pytest.mark.parametrize(
    ("credential_bytes", "version"), [(166, 10), (204, 11), (240, 12), (283, 13), (314, 14), (363, 15)]
)
def test_the_capacity_of_each_version_with_an_address_of_42_characters(
    credential_bytes: int, version: int
) -> None:
    host = "https://cert.sh.gov.cn"
    assert len(f"{host}/v/{CODE}#") == 42
    for size, expected in ((credential_bytes, version), (credential_bytes + 2, version + 1)):
        text = make_text(host=host, code=CODE, credential=random.Random(size).randbytes(size))
        if expected <= 15:
            assert version_for(text) == expected
            assert len(matrix(text)) == 17 + 4 * expected + 8
        else:
            with pytest.raises(Refused, match="QR_TOO_LARGE"):
                version_for(text)
            with pytest.raises(Refused, match="QR_TOO_LARGE"):
                matrix(text)
            with pytest.raises(Refused, match="QR_TOO_LARGE"):
                png(text, scale=3)


def test_the_symbol_has_level_m_two_segments_and_a_light_quiet_zone() -> None:
    modules = matrix(TEXT)
    side = len(modules)
    for row in range(side):
        for column in range(side):
            if min(row, column) < 4 or max(row, column) >= side - 4:
                assert modules[row][column] is False
    assert all(modules[4][4:11])
    (read,) = zxingcpp.read_barcodes(
        Image.open(io.BytesIO(png(TEXT, scale=4))).convert("L"), formats=zxingcpp.BarcodeFormat.QRCode
    )
    assert read.ec_level == "M"
    assert read.text == TEXT
    # One byte segment for the whole text would need a larger symbol.
    assert fit(byte_count=len(TEXT), digit_count=0) is None


@pytest.mark.parametrize("scale", [1, 2, 3, 5, 8])
def test_the_png_is_one_bit_and_holds_exactly_the_modules(scale: int) -> None:
    data = png(TEXT, scale=scale)
    assert data == png(TEXT, scale=scale)
    image = Image.open(io.BytesIO(data))
    image.verify()
    image = Image.open(io.BytesIO(data))
    modules = matrix(TEXT)
    assert image.mode == "1"
    assert image.size == (len(modules) * scale,) * 2
    for row, line in enumerate(modules):
        for column, dark in enumerate(line):
            corners = [(column * scale, row * scale), (column * scale + scale - 1, row * scale + scale - 1)]
            assert {bool(image.getpixel(corner)) for corner in corners} == {not dark}


@pytest.mark.parametrize("scale", [0, -1, 41])
def test_a_module_of_no_pixels_or_of_a_poster_is_refused(scale: int) -> None:
    with pytest.raises(Malformed, match="QR_SCALE"):
        png(TEXT, scale=scale)


@pytest.mark.parametrize(
    "text", ["", "hello", TEXT + "&appinstall=0", TEXT.upper(), TEXT.replace("#1", "#2")]
)
def test_only_a_text_of_our_form_is_drawn(text: str) -> None:
    with pytest.raises(Malformed, match="QR_UNREADABLE"):
        matrix(text)
    with pytest.raises(Malformed, match="QR_UNREADABLE"):
        code_of(text)


def test_a_credential_of_zeros_is_refused_not_a_crash() -> None:
    with pytest.raises(Malformed, match="QR_UNREADABLE"):
        matrix(make_text(host=ORIGIN, code=CODE, credential=bytes(200)))


def test_another_form_is_told_apart_for_a_scanner() -> None:
    assert has_our_form(TEXT.replace("cert.", "evil."))
    for text in (
        "",
        "https://example.cn",
        TEXT.upper(),
        TEXT + " ",
        TEXT + "#",
        TEXT.replace("#1", "#2"),
        "1" * 9_999,
    ):
        assert not has_our_form(text)
