"""Door: reads the text of a QR code out of the bytes of a picture.

Promises: at most so many bytes and pixels are ever looked at, only PNG, JPEG and WebP decoders run, and a text is
returned only when there is no doubt which one. Knows nothing of what a text means: `issuers.qr` parses it.
"""

from __future__ import annotations

import io
import warnings
from typing import Final

import zxingcpp
from PIL import Image, UnidentifiedImageError

from issuers.qr import has_our_form
from ledger.errors import Malformed, Unavailable

FILE_BYTES_MAX: Final = 20_000_000
"""A photograph of a telephone is 2 to 12 MB."""

PIXELS_MAX: Final = 50_000_000
"""Of the largest common camera mode; decoded to grey, 50 MB of memory."""

SIDE_PX_READ: Final = 4_000
"""Longer sides are halved while decoding: a code that fills a tenth of the picture keeps 3 pixels a module."""

_FORMATS: Final = ("PNG", "JPEG", "WEBP")
