"""The QR text of a credential, and its picture.

Promises: one text for each (origin, code, credential), `https://<host>/v/<16 digits>#1<digits>`, and a parser
that takes that text from pinned origins only, so that no look-alike address is ever read as ours.
Knows nothing of signatures or of what the credential says; that the code in the path equals the signed code
is checked by whoever opens the credential.

An *origin* is scheme and authority as they stand in the text: `https://cert.example.cn`, or for a
demonstration `http://192.168.1.5:8000`. Plain http is an origin only for localhost and for the IPv4 ranges of
RFC 1122 (loopback) and RFC 1918 (private), where no certificate authority would answer for the host.
"""

from __future__ import annotations

import ipaddress
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.base import BaseImage
from qrcode.main import QRCode
from qrcode.util import MODE_8BIT_BYTE, MODE_NUMBER, QRData

from issuers.digits import from_digits, to_digits
from ledger.errors import Malformed, Refused

VERSION_MAX: Final = 15
"""77 modules: still read from a card of 150 dpi at 3 pixels a module."""

QUIET_MODULES: Final = 4
"""Light modules on every side, as ISO/IEC 18004 asks."""

SCALE_MAX: Final = 40
TEXT_CHARS_MAX: Final = 2_048
_ORIGIN_CHARS_MAX: Final = 100

_DATA_BITS_M: Final = (
    *(128, 224, 352, 512, 688, 864, 992, 1232, 1456),
    *(1728, 2032, 2320, 2672, 2920, 3320),
)
"""ISO/IEC 18004 table 7: data bits of versions 1 to 15 at level M."""

# The mask is stated in the symbol, so any of the eight reads; choosing among them pays only for regular data,
# and trying all eight takes several times as long as everything else.
_MASK: Final = 2

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN: Final = re.compile(rf"(https?)://({_LABEL}(?:\.{_LABEL})*)(?::([1-9][0-9]{{0,4}}))?")
_AUTHORITY: Final = re.compile(r"https?://[^/?#\\\s]*")
_PATH: Final = re.compile(r"/v/([0-9]{16})#([0-9])")
# Chat programs append such things as `&appinstall=0` to a shared address, after the fragment.
_DIGITS: Final = re.compile(r"[0-9]*")
_SUFFIX: Final = re.compile(r"[&?][A-Za-z0-9._~!$&'()*+,;=:@/?%-]{0,256}")
_FORM: Final = re.compile(r"(https?://[a-z0-9.:-]+/v/([0-9]{16})#)(1[0-9]+)")

_LOCAL_NETWORKS: Final = tuple(
    ipaddress.IPv4Network(text) for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
_DEFAULT_PORTS: Final = {"https": "443", "http": "80"}


@dataclass(frozen=True, slots=True)
class QrText:
    """What a QR text holds: the pinned origin, the 16 digits of the path, the credential bytes (COSE).

    Code and credential stay out of `repr`: they are personal data, and a log line must not carry them.
    """

    host: str
    code: str = field(repr=False)
    credential: bytes = field(repr=False)


def check_origin(origin: str) -> None:
    """Raise `Malformed` QR_ORIGIN unless `origin` may be pinned, and is written the only way we write it.

    Lower case; no userinfo, path or trailing dot; no default or zero-padded port; no `xn--` label (Punycode
    hides look-alikes); a host name has two labels or more, or is `localhost`; a numeric last label must end
    a plain dotted IPv4 address; http only for local addresses.
    """
    match = _ORIGIN.fullmatch(origin) if len(origin) <= _ORIGIN_CHARS_MAX else None
    if match is None:
        raise _bad_origin()
    scheme, host, port = match.groups()
    if port is not None and (port == _DEFAULT_PORTS[scheme] or int(port) > 65_535):
        raise _bad_origin()
    labels = host.split(".")
    if any(label.startswith("xn--") for label in labels):
        raise _bad_origin()
    local = host == "localhost"
    if labels[-1].isdigit():
        try:
            address = ipaddress.IPv4Address(host)
        except ipaddress.AddressValueError:
            raise _bad_origin() from None
        local = any(address in network for network in _LOCAL_NETWORKS)
    elif not local and len(labels) < 2:
        raise _bad_origin()
    if scheme == "http" and not local:
        raise _bad_origin()


def _bad_origin() -> Malformed:
    return Malformed(
        "QR_ORIGIN",
        "this is not an origin that may be pinned",
        fix="Write https://host or, for a local demonstration, http://address:port.",
    )


@lru_cache(maxsize=32)
def _check_origins(origins: frozenset[str]) -> None:
    for origin in origins:
        check_origin(origin)


def make_text(*, host: str, code: str, credential: bytes) -> str:
    """The QR text. `host` is an origin (see the module text), `code` 16 digits, `credential` 1 to 494 bytes.

    Raises `Malformed` QR_ORIGIN, QR_CODE, QR_EMPTY or DIGITS_TOO_LONG. Size is judged by `version_for`.
    """
    check_origin(host)
    if not re.fullmatch(r"[0-9]{16}", code):
        raise Malformed("QR_CODE", "the code in the path has exactly 16 digits")
    if not credential:
        raise Malformed("QR_EMPTY", "an empty credential has no QR text")
    return f"{host}/v/{code}#1{to_digits(credential)}"


def parse_text(text: str, *, hosts: frozenset[str]) -> QrText:
    """Read a QR text whose origin is, character by character, one of `hosts`.

    Nothing is normalised, decoded or folded: %xx, upper case, userinfo, trailing dots, default ports and
    look-alike letters all fail the comparison. After the digits only a suffix opened by `&` or `?` is
    tolerated, and dropped.
    Raises `Malformed`: QR_ORIGIN for a pin that may not be pinned; QR_UNREADABLE. Raises `Refused`:
    QR_OTHER_HOST for a web address elsewhere; QR_VERSION for a version digit other than 1.
    """
    _check_origins(hosts)
    if len(text) > TEXT_CHARS_MAX:
        raise _unreadable("longer than any text we write")
    authority = _AUTHORITY.match(text)
    if authority is None:
        raise _unreadable("not a web address in lower case")
    origin = authority.group()
    if origin not in hosts:
        raise Refused(
            "QR_OTHER_HOST",
            "the address is not the official one",
            fix="Do not trust the page it opens; compare with the address published by the authority.",
        )
    path = _PATH.match(text, len(origin))
    if path is None:
        raise _unreadable("path")
    code, version = path.groups()
    if version != "1":
        raise Refused("QR_VERSION", "made by a newer version of the registry", fix="Update this program.")
    digits = _DIGITS.match(text, path.end())
    assert digits is not None, "it matches nothing as well"
    start, end = digits.span()
    if end == start or (end < len(text) and not _SUFFIX.fullmatch(text, end)):
        raise _unreadable("digits after #1")
    try:
        credential = from_digits(text[start:end])
    except Malformed:
        raise _unreadable("digits after #1") from None
    return QrText(host=origin, code=code, credential=credential)


def _unreadable(where: str) -> Malformed:
    return Malformed("QR_UNREADABLE", "this is not the text of a certificate's QR code", where=where)


def has_our_form(text: str) -> bool:
    """Whether `text` has the form of `make_text` at any origin, a chat program's suffix included."""
    if len(text) > TEXT_CHARS_MAX:
        return False
    match = _FORM.match(text)
    return match is not None and (match.end() == len(text) or bool(_SUFFIX.fullmatch(text, match.end())))


def authority_of(text: str) -> str:
    """Host and port as they stand in a text of `make_text`. Raises `Malformed` QR_UNREADABLE."""
    return _split(text)[0].split("/", 3)[2]


def code_of(text: str) -> str:
    """The 16 digits in the path of a text of `make_text`. Raises `Malformed` QR_UNREADABLE."""
    return _split(text)[0][-17:-1]


def version_for(text: str) -> int:
    """QR version, 1 to 15, of a text of `make_text` at level M, computed from lengths alone.

    Raises `Malformed` QR_UNREADABLE for another text, `Refused` QR_TOO_LARGE above version 15.
    """
    address, digits = _split(text)
    version = fit(byte_count=len(address), digit_count=len(digits))
    if version is None:
        raise Refused(
            "QR_TOO_LARGE",
            f"the credential needs a QR code above version {VERSION_MAX}",
            fix="Shorten the longest of name, course and address.",
        )
    return version


def fit(*, byte_count: int, digit_count: int) -> int | None:
    """Smallest version at level M that holds a byte segment and then a numeric one; None above version 15.

    A segment is 4 bits of mode, its length, its data (ISO/IEC 18004, 7.4): 8 bits a byte; 10 bits for three
    digits, 4 or 7 for the one or two left over.
    """
    numeric = 10 * (digit_count // 3) + (0, 4, 7)[digit_count % 3]
    for version, capacity in enumerate(_DATA_BITS_M, start=1):
        lengths = 8 + 10 if version < 10 else 16 + 12
        if 4 + 4 + lengths + 8 * byte_count + numeric <= capacity:
            return version
    return None


def matrix(text: str) -> list[list[bool]]:
    """The modules of the QR code, dark = True, rows from the top, the quiet zone of 4 included.

    Side: 17 + 4 * version + 8. Level M; the address in byte mode, version digit and digits in numeric mode.
    Raises as `version_for`.
    """
    address, digits = _split(text)
    code: QRCode[BaseImage] = QRCode(
        version=version_for(text),
        error_correction=ERROR_CORRECT_M,
        border=QUIET_MODULES,
        mask_pattern=_MASK,
    )
    for data, mode in ((address.encode("ascii"), MODE_8BIT_BYTE), (digits, MODE_NUMBER)):
        segment = QRData(data, mode=mode, check_data=False)  # type: ignore[no-untyped-call]
        code.add_data(segment, optimize=0)  # type: ignore[no-untyped-call]
    try:
        code.make(fit=False)  # type: ignore[no-untyped-call]
    except ValueError:
        # The library cannot divide a block of zeros. Some forty zero bytes in a row are no credential.
        raise _unreadable("a block of zeros") from None
    return [[bool(module) for module in row] for row in code.get_matrix()]  # type: ignore[no-untyped-call]


def _split(text: str) -> tuple[str, str]:
    """The two segments: address up to and with `#`, then version digit and digits."""
    match = _FORM.fullmatch(text) if len(text) <= TEXT_CHARS_MAX else None
    if match is None:
        raise _unreadable("")
    return match.group(1), match.group(3)


def png(text: str, *, scale: int) -> bytes:
    """The QR code with its quiet zone as a 1-bit greyscale PNG, `scale` (1 to 40) pixels a module.

    Raises as `version_for`, and `Malformed` QR_SCALE.
    """
    if not 1 <= scale <= SCALE_MAX:
        raise Malformed("QR_SCALE", f"a module is 1 to {SCALE_MAX} pixels wide")
    return _png(matrix(text), scale=scale)


def _png(modules: Sequence[Sequence[bool]], *, scale: int) -> bytes:
    """A square of modules as a 1-bit greyscale PNG (PNG third edition, sections 5 and 11)."""
    side = len(modules) * scale
    padding = -side % 8
    rows = []
    for row in modules:
        bits = "".join(("0" if dark else "1") * scale for dark in row) + "1" * padding
        rows.append((b"\x00" + int(bits, 2).to_bytes(len(bits) // 8, "big")) * scale)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
