"""The corpus of hostile inputs: bodies, addresses, headers. Each gets a 4xx, and nothing is echoed.

Grown from assurance finding 6: what plain frameworks answer with a 500, or take.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

MARK = "沈明310104198802290004"
JSON = (b"content-type", b"application/json")


@dataclass(frozen=True)
class Trap:
    """`body` in the pieces it is sent in; `codes` which answers are right."""

    body: tuple[bytes, ...]
    codes: frozenset[str]
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(JSON,))


def _body(data: bytes, *codes: str, headers: tuple[tuple[bytes, bytes], ...] = (JSON,)) -> Trap:
    return Trap((data,), frozenset(codes), headers)


def _text(value: bytes, *codes: str) -> Trap:
    """The value as a member of every name the API knows a text by."""
    names = ("qr", "request", "session", "kid", "statement", "ticket")
    members = b", ".join(b'"%s": %s' % (name.encode(), value) for name in names)
    return _body(b"{%s}" % members, *codes)


_SHAPE = ("BODY_SHAPE", "SESSION_NONE")

BODIES: dict[str, Trap] = {
    "empty": _body(b"", "JSON_FORM"),
    "white space": _body(b" \n\t ", "JSON_FORM"),
    "no json": _body(MARK.encode(), "JSON_FORM"),
    "cut off": _body(b'{"qr": "' + MARK.encode(), "JSON_FORM"),
    "two documents": _body(b"{} {}", "JSON_FORM"),
    "trailing comma": _body(b'{"qr": "a",}', "JSON_FORM"),
    "single quotes": _body(b"{'qr': 'a'}", "JSON_FORM"),
    "a comment": _body(b'{"qr": "a" /* x */}', "JSON_FORM"),
    "a member twice": _body(b'{"qr": "a", "qr": "b"}', "JSON_REPEATED"),
    "a member twice by an escape": _body(b'{"qr": "a", "\\u0071r": "b"}', "JSON_REPEATED"),
    "a member twice inside": _body(b'{"items": [{"statement": "a", "statement": "b"}]}', "JSON_REPEATED"),
    "NaN": _text(b"NaN", "JSON_NUMBER"),
    "infinity": _text(b"Infinity", "JSON_NUMBER"),
    "minus infinity": _text(b"-Infinity", "JSON_NUMBER"),
    "1e400": _text(b"1e400", "JSON_NUMBER"),
    "a fraction": _text(b"1.5", "JSON_NUMBER"),
    "an exponent": _text(b"1E2", "JSON_NUMBER"),
    "2 to the 63": _text(b"9223372036854775808", "JSON_NUMBER"),
    "5,000 digits": _text(b"9" * 5_000, "JSON_NUMBER"),
    "1_0": _text(b"1_0", "JSON_FORM"),
    "a leading zero": _text(b"01", "JSON_FORM"),
    "hex": _text(b"0x10", "JSON_FORM"),
    "half a character": _text(b'"\\ud800"', "JSON_TEXT"),
    "the other half": _text(b'"\\udfff"', "JSON_TEXT"),
    "halves in the wrong order": _text(b'"\\udc00\\ud800"', "JSON_TEXT"),
    "half a character as a name": _body(b'{"\\udfff": "x"}', "JSON_TEXT"),
    "NUL as an escape": _text(b'"a\\u0000b"', "JSON_TEXT"),
    "NUL": _text(b'"a\x00b"', "JSON_FORM"),
    "a control character": _text(b'"a\x1bb"', "JSON_FORM"),
    "a raw line break": _text(b'"a\nb"', "JSON_FORM"),
    "true for a text": _text(b"true", *_SHAPE),
    "a number for a text": _text(b"1", *_SHAPE),
    "a list for a text": _text(b'["a"]', *_SHAPE),
    "an object for a text": _text(b'{"$ne": null}', *_SHAPE),
    "null for a text": _text(b"null", *_SHAPE),
    "an empty text": _text(b'""', *_SHAPE),
    "nested 17": _body(b"[" * 17 + b"]" * 17, "JSON_DEPTH"),
    "nested 900": _body(b'{"a":' * 900 + b"1" + b"}" * 900, "JSON_DEPTH"),
    "nested 100,000": _body(b"[" * 100_000, "JSON_DEPTH"),
    "a bare number": _body(b"1", "BODY_SHAPE"),
    "a bare text": _body(json.dumps(MARK).encode(), "BODY_SHAPE"),
    "null": _body(b"null", "BODY_SHAPE"),
    "a list": _body(b"[{}]", "BODY_SHAPE"),
    "nothing in it": _body(b"{}", *_SHAPE),
    "a member nobody knows": _body(json.dumps({MARK: MARK}).encode(), *_SHAPE),
    "__proto__": _body(b'{"__proto__": {"admin": true}}', *_SHAPE),
    "1,001 members": _body(json.dumps({f"m{n}": n for n in range(1_001)}).encode(), *_SHAPE),
    "UTF-16": _body('{"qr": "a"}'.encode("utf-16"), "JSON_FORM"),
    "UTF-16 without a mark": _body('{"qr": "a"}'.encode("utf-16-le"), "JSON_FORM"),
    "UTF-32": _body('{"qr": "a"}'.encode("utf-32"), "JSON_FORM"),
    "a byte order mark": _body(b'\xef\xbb\xbf{"qr": "a"}', "JSON_FORM"),
    "no UTF-8": _body(b'{"qr": "\xff"}', "JSON_FORM"),
    "overlong UTF-8": _body(b'{"qr": "\xc0\xaf"}', "JSON_FORM"),
    "a surrogate in UTF-8": _body(b'{"qr": "\xed\xa0\x80"}', "JSON_FORM"),
    "GBK": _body(json.dumps({"qr": MARK}, ensure_ascii=False).encode("gbk"), "JSON_FORM"),
    "compressed": _body(b"\x1f\x8b\x08", "BODY_TYPE", headers=(JSON, (b"content-encoding", b"gzip"))),
    "identity said aloud": _body(b"{}", "BODY_TYPE", headers=(JSON, (b"content-encoding", b"identity"))),
    "no type": _body(b"{}", "BODY_TYPE", headers=()),
    "a form": _body(b"qr=a", "BODY_TYPE", headers=((b"content-type", b"application/x-www-form-urlencoded"),)),
    "a multipart form": _body(
        b"--x\r\n", "BODY_TYPE", headers=((b"content-type", b"multipart/form-data; boundary=x"),)
    ),
    "text": _body(b"{}", "BODY_TYPE", headers=((b"content-type", b"text/plain"),)),
    "JSON of another kind": _body(b"{}", "BODY_TYPE", headers=((b"content-type", b"application/x+json"),)),
    "another character set": _body(
        b"{}", "BODY_TYPE", headers=((b"content-type", b"application/json; charset=gbk"),)
    ),
    "a type with a tail": _body(b"{}", "BODY_TYPE", headers=((b"content-type", b"application/json\xff"),)),
    "9 MiB": Trap((b" " * 2**20,) * 9, frozenset({"BODY_SIZE"})),
    "a length of 9 MiB": _body(b"", "BODY_SIZE", headers=(JSON, (b"content-length", b"9437184"))),
}

ADDRESSES: dict[str, tuple[bytes, bytes, frozenset[str]]] = {
    "NUL": (b"/v/%00", b"", frozenset({"PATH_FORM"})),
    "a bare NUL": (b"/v/\x00", b"", frozenset({"PATH_FORM"})),
    "half an escape": (b"/v/%", b"", frozenset({"PATH_FORM"})),
    "an escape of no hex": (b"/v/%zz", b"", frozenset({"PATH_FORM"})),
    "no UTF-8": (b"/v/%ff", b"", frozenset({"PATH_FORM"})),
    "overlong UTF-8": (b"/v/%c0%af", b"", frozenset({"PATH_FORM"})),
    "half a character": (b"/v/%ed%a0%80", b"", frozenset({"PATH_FORM"})),
    "GBK": (b"/v/%c9%f2", b"", frozenset({"PATH_FORM"})),
    "bytes unescaped": (b"/v/\xe6\xb2\x88", b"", frozenset({"PATH_FORM"})),
    "a line break": (b"/v/%0d%0aset-cookie:x=1", b"", frozenset({"PATH_FORM"})),
    "a C1 control": (b"/v/%c2%85", b"", frozenset({"PATH_FORM"})),
    "a space": (b"/v/ x", b"", frozenset({"PATH_FORM"})),
    "dots": (b"/log/../malan.db", b"", frozenset({"PATH_FORM"})),
    "dots escaped": (b"/log/%2e%2e/malan.db", b"", frozenset({"PATH_FORM"})),
    "dots half escaped": (b"/log/.%2E/malan.db", b"", frozenset({"PATH_FORM"})),
    "dots escaped twice": (b"/log/%252e%252e/malan.db", b"", frozenset({"PATH_FORM"})),
    "a slash escaped": (b"/log/tile/..%2f..%2fmalan.db", b"", frozenset({"PATH_FORM"})),
    "a backslash": (b"/assets/..\\malan.db", b"", frozenset({"PATH_FORM"})),
    "a backslash escaped": (b"/assets/..%5cmalan.db", b"", frozenset({"PATH_FORM"})),
    "two slashes": (b"//evil.example/x", b"", frozenset({"PATH_FORM"})),
    "dots inside the log": (b"/log/tile/0/../../../malan.db", b"", frozenset({"PATH_FORM"})),
    "very long": (b"/v/" + b"1" * 5_000, b"", frozenset({"URL_SIZE"})),
    "a very long query": (b"/healthz", b"x=" + b"1" * 5_000, frozenset({"URL_SIZE"})),
    "a query of no UTF-8": (b"/healthz", b"x=%ff", frozenset({"QUERY_FORM"})),
    "a query with NUL": (b"/healthz", b"x=%00", frozenset({"QUERY_FORM"})),
    "a query with half an escape": (b"/healthz", b"x=%4", frozenset({"QUERY_FORM"})),
    "a name": (b"/api/%E6%B2%88%E6%98%8E310104198802290004", b"", frozenset({"HTTP_404"})),
    "digits of Arabia": (
        b"/api/certificates/%D9%A1%D9%A2",
        b"",
        frozenset({"CODE_FORM", "CODE_DIGITS", "CODE_LENGTH"}),
    ),
    "2 to the 64 as a place": (b"/log/proof/18446744073709551616", b"", frozenset({"PROOF_NOT_PUBLISHED"})),
    "5,00 digits as a place": (b"/log/proof/" + b"9" * 500, b"", frozenset({"PROOF_NOT_PUBLISHED"})),
    "a negative place": (b"/log/proof/-1", b"", frozenset({"PROOF_NOT_PUBLISHED"})),
    "a list that is none": (b"/status/0x1", b"", frozenset({"LIST_UNKNOWN"})),
    "a tile that is none": (b"/log/tile/64/000", b"", frozenset({"TILE_UNKNOWN"})),
}

HEADERS: dict[str, tuple[tuple[tuple[bytes, bytes], ...], str]] = {
    "two hosts": (((b"host", b"evil.example"),), "HEADERS_REPEATED"),
    "two types": ((JSON, (b"content-type", b"text/plain")), "HEADERS_REPEATED"),
    "two lengths": (((b"content-length", b"2"), (b"content-length", b"3")), "HEADERS_REPEATED"),
    "two cookies": (((b"cookie", b"a=b"), (b"cookie", b"__Host-malan=x")), "HEADERS_REPEATED"),
    "two origins": (((b"origin", b"https://a.example"), (b"origin", b"null")), "HEADERS_REPEATED"),
    "length and chunks": (((b"content-length", b"2"), (b"transfer-encoding", b"chunked")), "HEADERS_FORM"),
    "a negative length": (((b"content-length", b"-1"),), "HEADERS_FORM"),
    "a signed length": (((b"content-length", b"+2"),), "HEADERS_FORM"),
    "a list of lengths": (((b"content-length", b"2, 2"),), "HEADERS_FORM"),
    "a length with a line": (((b"content-length", b"1_0"),), "HEADERS_FORM"),
    "another coding": (((b"transfer-encoding", b"gzip, chunked"),), "HEADERS_FORM"),
    "a coding in disguise": (((b"transfer-encoding", b"\x0bchunked"),), "HEADERS_FORM"),
    "100 headers": (tuple((b"x-%d" % n, b"1") for n in range(100)), "HEADERS_SIZE"),
    "a header of 20 kB": (((b"x-much", b"1" * 20_000),), "HEADERS_SIZE"),
}
