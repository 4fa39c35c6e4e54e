"""The pictures on the first pages of a PDF, for whoever looks for a QR code in one that was scanned. Pure.

Promises: at most so many pages and pictures, within the limits of `attached.open_pdf`; JPEG as it lies in the
file, packed grey, colour or black-and-white dots as PNG. Other packings (fax, JBIG2, JPEG 2000) are passed
over, and so are drawings: nothing is rendered.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

from PIL import Image
from pyhanko.pdf_utils import generic

from issuers.printing.attached import open_pdf

PAGES_MAX: Final = 4
PICTURES_MAX: Final = 6
_NODES_MAX: Final = 64
_MODES: Final = {(8, 1): "L", (8, 3): "RGB", (1, 1): "1"}
"""Bits a dot and channels, to Pillow's name."""


def read_pictures(pdf: bytes) -> list[bytes]:
    """JPEG and PNG files, in the order of the pages. Raises Malformed PDF_SIZE, PDF_UNREADABLE."""
    found: list[bytes] = []
    with open_pdf(pdf, strict=False) as reader:
        for page in _pages(reader.root["/Pages"]):
            for stream in _images(page):
                picture = _picture(stream)
                if picture is not None:
                    found.append(picture)
                if len(found) == PICTURES_MAX:
                    return found
    return found


def _pages(tree: generic.DictionaryObject) -> Iterator[generic.DictionaryObject]:
    """The first pages. A tree that leads in circles, or nowhere, ends."""
    waiting, pages = [tree], 0
    for _ in range(_NODES_MAX):
        if not waiting or pages == PAGES_MAX:
            return
        node = waiting.pop(0)
        if "/Kids" in node:
            kids = node["/Kids"]
            waiting = [kids[place] for place in range(min(len(kids), _NODES_MAX))] + waiting
        else:
            pages += 1
            yield node


def _images(page: generic.DictionaryObject) -> Iterator[generic.StreamObject]:
    objects = _entry(_entry(page, "/Resources", {}), "/XObject", {})
    for name in list(objects)[:_NODES_MAX]:
        stream = objects[name]
        if isinstance(stream, generic.StreamObject) and _entry(stream, "/Subtype", "") == "/Image":
            yield stream


def _entry(found: Any, key: str, otherwise: Any) -> Any:
    """Looked up by [], which follows references; `get` does not."""
    if key not in found:
        return otherwise
    return found[key]


def _picture(stream: generic.StreamObject) -> bytes | None:
    filters = _entry(stream, "/Filter", "")
    names = [str(one) for one in filters] if isinstance(filters, generic.ArrayObject) else [str(filters)]
    if names == ["/DCTDecode"]:
        return bytes(stream.encoded_data)
    if names not in (["/FlateDecode"], [""]):
        return None
    width, height, bits = (int(stream[key]) for key in ("/Width", "/Height", "/BitsPerComponent"))
    data = bytes(stream.data)
    for (depth, channels), mode in _MODES.items():
        if depth == bits and len(data) == (width * channels * bits + 7) // 8 * height > 0:
            out = io.BytesIO()
            Image.frombytes(mode, (width, height), data).save(out, "PNG", compress_level=1)
            return out.getvalue()
    return None
