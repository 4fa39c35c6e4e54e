"""Reading a picture: the one certificate code in it, or a plain refusal, at bounded cost."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter

from issuers.qr import make_text, png
from ledger.errors import MalanError
from verify import scan
from verify.scan import FILE_BYTES_MAX, JPEG_SCANS_MAX, PIXELS_MAX, PIXELS_READ, scan_image


def text_of(seed: int, *, host: str = "https://cert.example.cn") -> str:
    source = random.Random(seed)
    code = f"{source.randrange(10**16):016d}"
    return make_text(host=host, code=code, credential=source.randbytes(165))


OURS = text_of(1)
OTHER = text_of(2, host="https://cert.example.org")
# A code that is not ours, drawn by the reader's own library: a payment address.
PAYMENT = "https://pay.example.com/x"


def symbol(text: str, *, scale: int = 4) -> Image.Image:
    if text == PAYMENT:
        import zxingcpp

        made = zxingcpp.create_barcode(PAYMENT, zxingcpp.BarcodeFormat.QRCode).to_image(scale=scale)
        height, width = made.shape
        return Image.frombytes("L", (width, height), bytes(memoryview(made).cast("B")))  # type: ignore[arg-type]
    return Image.open(io.BytesIO(png(text, scale=scale))).convert("L")


def sheet(*texts: str) -> Image.Image:
    page = Image.new("L", (60 + 340 * len(texts), 400), 255)
    for place, text in enumerate(texts):
        page.paste(symbol(text), (40 + 340 * place, 40))
    return page


def saved(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def code_for(data: bytes) -> str:
    with pytest.raises(MalanError) as caught:
        scan_image(data)
    assert "example" not in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 80}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {}),
        ("WEBP", {"lossless": 1}),
    ],
)
def test_the_text_is_read_from_each_format(file_format: str, options: dict[str, Any]) -> None:
    assert scan_image(saved(sheet(OURS).convert("RGB"), file_format, **options)) == OURS


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_the_text_is_read_from_each_kind_of_png(mode: str) -> None:
    assert scan_image(saved(sheet(OURS).convert(mode))) == OURS


def test_a_picture_of_16_bits_of_grey_is_not_cut_to_white() -> None:
    grey = sheet(OURS)
    values = (20_000 + 100 * value for value in grey.tobytes())
    deep = Image.frombytes("I;16", grey.size, b"".join(value.to_bytes(2, "little") for value in values))
    assert scan_image(saved(deep)) == OURS


def test_a_transparent_ground_counts_as_white() -> None:
    grey = sheet(OURS)
    clear = Image.new("RGBA", grey.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (0, 0), grey.point(lambda value: 255 - value))
    assert scan_image(saved(clear)) == OURS


@pytest.mark.parametrize("degrees", [0, 17, 90, 180, 263])
def test_a_photograph_from_a_telephone_is_read(degrees: int) -> None:
    table = Image.new("L", (1_600, 1_200), 120)
    card = sheet(OURS).rotate(degrees, expand=True, fillcolor=200, resample=Image.Resampling.BICUBIC)
    table.paste(card, (500, 300))
    blurred = table.filter(ImageFilter.GaussianBlur(0.8))
    assert scan_image(saved(blurred.convert("RGB"), "JPEG", quality=75)) == OURS


def test_a_picture_larger_than_is_read_is_reduced_and_still_read() -> None:
    table = Image.new("L", (4_000, 3_000), 120)
    table.paste(sheet(OURS).resize((1_100, 1_100)), (1_800, 900))
    assert table.width * table.height > PIXELS_READ
    assert scan_image(saved(table, "JPEG")) == OURS
    assert scan_image(saved(table)) == OURS
    for data in (saved(table, "JPEG"), saved(table)):
        grey = scan._grey(data)
        assert PIXELS_READ * 0.9 < grey.width * grey.height <= PIXELS_READ


def test_one_code_that_is_not_ours_is_handed_on_to_be_judged() -> None:
    assert scan_image(saved(sheet(PAYMENT))) == PAYMENT
    assert scan_image(saved(sheet(OTHER))) == OTHER


def test_among_several_codes_the_one_of_our_form_is_taken() -> None:
    assert scan_image(saved(sheet(PAYMENT, OURS))) == OURS
    assert scan_image(saved(sheet(OURS, PAYMENT))) == OURS


def test_the_same_code_twice_is_one_code() -> None:
    assert scan_image(saved(sheet(OURS, OURS))) == OURS
    assert scan_image(saved(sheet(PAYMENT, PAYMENT))) == PAYMENT


def test_a_second_code_of_our_form_beside_the_genuine_one_is_not_passed_over() -> None:
    assert code_for(saved(sheet(OURS, text_of(3)))) == "SCAN_SEVERAL"
    assert code_for(saved(sheet(OURS, OTHER))) == "SCAN_SEVERAL"
    assert code_for(saved(sheet(OTHER, PAYMENT, OURS))) == "SCAN_SEVERAL"


def test_a_picture_without_a_code_says_so() -> None:
    assert code_for(saved(Image.new("L", (300, 300), 255))) == "SCAN_NONE"
    assert code_for(saved(Image.new("L", (1, 1), 0))) == "SCAN_NONE"


def test_a_damaged_code_is_not_read() -> None:
    page = sheet(OURS)
    assert scan_image(saved(page)) == OURS
    ImageDraw.Draw(page).rectangle((110, 110, 240, 240), fill=255)
    assert code_for(saved(page)) == "SCAN_NONE"


@pytest.mark.parametrize("file_format", ["GIF", "BMP", "TIFF", "PPM", "ICO", "JPEG2000"])
def test_other_formats_are_not_decoded(file_format: str) -> None:
    assert code_for(saved(sheet(OURS).resize((256, 256)), file_format)) == "SCAN_NOT_IMAGE"


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"hello", b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"RIFF", b"\xff\xd8\xff"]
)
def test_what_is_not_a_picture_is_refused(data: bytes) -> None:
    assert code_for(data) == "SCAN_NOT_IMAGE"


def test_a_truncated_picture_is_refused() -> None:
    for file_format in ("PNG", "JPEG", "WEBP"):
        whole = saved(sheet(OURS), file_format)
        for share in (0.05, 0.3, 0.9):
            assert code_for(whole[: int(len(whole) * share)]) == "SCAN_NOT_IMAGE"


def test_altered_bytes_never_raise_anything_but_our_own_errors() -> None:
    source = random.Random(11)
    files = [saved(symbol(OURS, scale=2), name) for name in ("PNG", "JPEG", "WEBP")]
    for _ in range(600):
        data = bytearray(source.choice(files))
        for _ in range(source.choice((1, 2, 8))):
            data[source.randrange(min(len(data), source.choice((40, 400, 4_000))))] = source.randrange(256)
        try:
            scan_image(bytes(data))
        except MalanError as error:
            assert error.code in {"SCAN_NOT_IMAGE", "SCAN_NONE", "SCAN_TOO_LARGE"}


def test_a_file_of_too_many_bytes_is_refused_unopened() -> None:
    assert code_for(saved(sheet(OURS)) + bytes(FILE_BYTES_MAX)) == "SCAN_TOO_LARGE"


def png_of_zeros(width: int, height: int) -> bytes:
    """A decompression bomb: all the rows it claims, in a few bytes."""
    squeezed = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    body = b"".join(squeezed.compress(row * 100) for _ in range(height // 100)) + squeezed.flush()
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)),
        (b"IDAT", body),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


@pytest.mark.parametrize("side", [7_100, 10_000, 20_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(
    side: int, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    def must_not_decode(self: Image.Image) -> None:
        raise AssertionError("decoded")

    bomb = png_of_zeros(side, side)
    assert side * side > PIXELS_MAX
    assert len(bomb) < FILE_BYTES_MAX / 20
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", must_not_decode)
    assert code_for(bomb) == "SCAN_TOO_LARGE"
    assert not list(recwarn)


def test_a_picture_just_within_the_limit_is_read() -> None:
    assert code_for(png_of_zeros(7_000, 7_000)) == "SCAN_NONE"


def test_a_progressive_jpeg_with_endless_layers_is_refused() -> None:
    whole = saved(sheet(OURS), "JPEG", progressive=True)
    layer = whole[whole.rindex(b"\xff\xda") : -2]
    assert whole.count(b"\xff\xda") < 20
    assert scan_image(whole[:-2] + layer * 10 + whole[-2:]) == OURS
    assert code_for(whole[:-2] + layer * JPEG_SCANS_MAX + whole[-2:]) == "SCAN_TOO_LARGE"
