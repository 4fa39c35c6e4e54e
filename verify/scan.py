"""Door: reads the text of a QR code out of the bytes of a picture.

Promises: only PNG, JPEG and WebP decoders run, on so many bytes and pixels and no more, and a text is
returned only when there is no doubt which one. Knows nothing of what a text means: `issuers.qr` parses it.

A picture made of nothing but finder patterns costs the reader a few seconds; whoever serves strangers sets a
time limit besides.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterable
from typing import Final

import zxingcpp
from PIL import Image

from issuers.qr import has_our_form
from ledger.errors import Malformed, Refused, Unavailable

FILE_BYTES_MAX: Final = 20_000_000
"""A photograph of a telephone is 2 to 12 MB."""

PIXELS_MAX: Final = 50_000_000
"""The largest common camera mode."""

PIXELS_READ: Final = 4_000_000
"""Larger pictures are reduced: a code of 33 mm on a photographed A4 page keeps 3 pixels a module."""

SIDE_MAX: Final = 16_384
"""The reader of codes takes no side over 65,535; no camera makes one so long."""

JPEG_SCANS_MAX: Final = 64
"""A progressive JPEG has about 10; each one more costs a walk over all pixels and few bytes of file."""

_STRIP: Final = 256
"""Rows brought to grey at once."""

_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_QR_ONLY: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def scan_image(data: bytes) -> str:
    """The text of the QR code in a picture.

    Of several codes the one whose text has our form (at any address) is taken; a code seen twice counts once.
    Raises `Refused` SCAN_TOO_LARGE (bytes, pixels or layers); `Malformed` SCAN_NOT_IMAGE (another format, or
    damaged); `Unavailable` SCAN_NONE, and SCAN_SEVERAL when several have our form, or several and none.
    """
    if len(data) > FILE_BYTES_MAX:
        raise _too_large(f"over {FILE_BYTES_MAX // 1_000_000} MB")
    grey = _grey(data)
    found = zxingcpp.read_barcodes(grey, formats=_QR_ONLY, text_mode=zxingcpp.TextMode.Plain)
    return only_text(code.text for code in found)


def only_text(found: Iterable[str]) -> str:
    """The text meant among those found. Raises `Unavailable` SCAN_NONE or SCAN_SEVERAL, as `scan_image`."""
    texts = list(dict.fromkeys(found))
    if not texts:
        raise Unavailable(
            "SCAN_NONE",
            "no QR code could be read in the picture",
            fix="Take it again: sharp, whole, from straight above.",
        )
    ours = [text for text in texts if has_our_form(text)]
    if len(ours) == 1:
        return ours[0]
    if len(texts) == 1:
        return texts[0]
    raise Unavailable(
        "SCAN_SEVERAL", "there are several QR codes in the picture", fix="Cut the picture to one of them."
    )


def _grey(data: bytes) -> Image.Image:
    """The picture in 256 greys, transparent parts white, not much over `PIXELS_READ` pixels."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of many pixels from 89 million on; we refuse far below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(data), formats=_FORMATS)
        _check_size(opened, data)
        size = _size_to_read(opened.size)
        opened.draft("L", size)
        opened.load()
        grey = _in_greys(opened)
        if grey.width * grey.height > PIXELS_READ:
            grey = grey.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    except Image.DecompressionBombError:
        raise _too_large("pixels") from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error):
        raise Malformed(
            "SCAN_NOT_IMAGE", "not a PNG, JPEG or WebP picture, or a damaged one", fix="Save it again as PNG."
        ) from None
    return grey


def _check_size(image: Image.Image, data: bytes) -> None:
    if max(image.size) > SIDE_MAX:
        raise _too_large(f"over {SIDE_MAX} pixels a side")
    if image.width * image.height > PIXELS_MAX:
        raise _too_large(f"over {PIXELS_MAX // 1_000_000} million pixels")
    if image.info.get("progressive") and data.count(b"\xff\xda") > JPEG_SCANS_MAX:
        raise _too_large("layers of a progressive JPEG")


def _size_to_read(size: tuple[int, int]) -> tuple[int, int]:
    shrink = min(1.0, (PIXELS_READ / (size[0] * size[1])) ** 0.5)
    return max(1, int(size[0] * shrink)), max(1, int(size[1] * shrink))


def _in_greys(image: Image.Image) -> Image.Image:
    """One byte a pixel, made strip by strip: a small file that unpacks to much is not held four times."""
    grey = Image.new("L", image.size)
    for top in range(0, image.height, _STRIP):
        strip = image.crop((0, top, image.width, min(top + _STRIP, image.height)))
        grey.paste(_narrowed(_on_white(strip)).convert("L"), (0, top))
    return grey


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    sheet = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(sheet, image.convert("RGBA"))


def _narrowed(image: Image.Image) -> Image.Image:
    """16 bits of grey brought to 8; Pillow's own conversion would cut every value over 255 to white."""
    if not image.mode.startswith("I"):
        return image
    return image.convert("I").point(lambda value: value * (1 / 256))


def _too_large(where: str) -> Refused:
    return Refused("SCAN_TOO_LARGE", "the picture is too large to be read safely", where=where)
