"""The gate before every route: address and headers have their form, or the answer is a 4xx with a code.

Promises that a handler meets only addresses that mean one thing (valid escapes of UTF-8, no NUL, no dots, no
hidden slash), headers that say one thing, and a body where the method has one. Bodies are read by
`registry.http.bodies`. HEAD is answered as GET without its body. Nothing is echoed.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.errors import MalanError, Malformed
from registry.http.bodies import LARGE
from registry.http.problems import problem

PATH_BYTES_MAX: Final = 1_024
QUERY_BYTES_MAX: Final = 1_024
HEADERS_MAX: Final = 64
HEADERS_BYTES_MAX: Final = 16_384
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})?")
_PLAIN: Final = re.compile(rb"[!-~]*")  # visible ASCII; everything else is written as an escape
_LENGTH: Final = re.compile(rb"[0-9]{1,10}")
_HIDDEN: Final = frozenset(rb"/\%")  # an escaped one of these means another address to the next reader
_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})

# Said twice, these mean something else to a proxy than to us.
_ONCE: Final = frozenset(
    {
        *(b"host", b"content-type", b"content-length", b"content-encoding", b"transfer-encoding"),
        *(b"cookie", b"origin", b"sec-fetch-site", b"x-malan-csrf", b"authorization", b"referer"),
    }
)


class Gate:
    """ASGI middleware; `app` is what lies behind."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] != "HEAD":
            await self._passed(scope, receive, send)
            return
        inner = {
            **scope,
            "method": "GET",
        }  # the server's own scope stays: it counts the bytes of a body by it
        try:
            await self._passed(inner, receive, _without_body(send))
        finally:
            scope["route"] = inner.get("route")

    async def _passed(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_address(scope.get("raw_path") or scope["path"].encode(), scope.get("query_string", b""))
            check_headers(scope["headers"], bodiless=scope["method"] in _BODILESS)
        except MalanError as error:
            await problem(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def check_address(path: bytes, query: bytes) -> None:
    """Raises Malformed URL_SIZE, PATH_FORM or QUERY_FORM."""
    path = path.partition(b"?")[0]
    if len(path) > PATH_BYTES_MAX or len(query) > QUERY_BYTES_MAX:
        raise Malformed("URL_SIZE", f"an address has at most {PATH_BYTES_MAX} bytes, and so has its query")
    if not _is_text(path) or any(part in (b".", b"..") for part in _plain(path).split(b"/")):
        raise _bad_path()
    if b"//" in path or b"\\" in path:
        raise _bad_path()
    if any(int(digits, 16) in _HIDDEN for digits in _ESCAPE.findall(path)):
        raise _bad_path()
    if not _is_text(query):
        raise Malformed("QUERY_FORM", "the query of the address is not text in UTF-8, escaped")


def check_headers(headers: list[tuple[bytes, bytes]], *, bodiless: bool) -> None:
    """Raises Malformed HEADERS_SIZE, HEADERS_REPEATED, HEADERS_FORM, BODY_SIZE or BODY_UNWANTED."""
    size = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > HEADERS_MAX or size > HEADERS_BYTES_MAX:
        raise Malformed(
            "HEADERS_SIZE", f"at most {HEADERS_MAX} headers, of {HEADERS_BYTES_MAX} bytes together"
        )
    found = dict(headers)
    if len(found) != len(headers):
        counted = Counter(name for name, _ in headers)
        if any(counted[name] > 1 for name in _ONCE):
            raise Malformed("HEADERS_REPEATED", "a header is there twice that may be there once")
    length, coding = found.get(b"content-length"), found.get(b"transfer-encoding")
    if length is not None and (coding is not None or not _LENGTH.fullmatch(length)):
        raise Malformed("HEADERS_FORM", "the length of the body is said twice, or is no number")
    if coding is not None and coding.lower() != b"chunked":
        raise Malformed("HEADERS_FORM", "a body comes chunked or with its length")
    if length is not None and int(length) > LARGE:
        raise Malformed("BODY_SIZE", f"a body has at most {LARGE} bytes", fix="Send less at once.")
    if bodiless and (coding is not None or length not in (None, b"0")):
        raise Malformed("BODY_UNWANTED", "a request with this method has no body")


def _is_text(escaped: bytes) -> bool:
    """Visible ASCII with whole escapes, of UTF-8 without control characters."""
    if not _PLAIN.fullmatch(escaped):
        return False
    if b"%" not in escaped:
        return True
    if any(not digits for digits in _ESCAPE.findall(escaped)):
        return False
    try:
        text = _plain(escaped).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(character >= " " and not "\x7f" <= character <= "\x9f" for character in text)


def _plain(escaped: bytes) -> bytes:
    """The bytes meant; a broken escape stays as it is."""
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]) if found[1] else found[0], escaped)


def _without_body(send: Send) -> Send:
    async def headless(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {"type": "http.response.body", "more_body": message.get("more_body", False)}
        await send(message)

    return headless


def _bad_path() -> Malformed:
    return Malformed("PATH_FORM", "the address is not text in UTF-8, escaped, or has dots in place of names")
