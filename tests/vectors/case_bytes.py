"""Cases whose bytes are wrong: picture, text, host, path, digits, COSE, header, claims. Each ends unread.

Whatever can be signed anew is, with the key of the signatory, so that the signature alone would let it pass.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PIL import Image

from issuers.credential import CONTENT_FORMAT, PRIVATE_CLAIM, parse_credential
from ledger import cbor
from ledger.keys import SoftwareSigner
from tests.vectors.case_form import Case, Evidences, context, stopped, text_of
from tests.vectors.case_positive import clock
from tests.vectors.make_bytes import cbor as naive
from tests.vectors.make_bytes import head


def cases(evidence: Evidences) -> Iterator[Case]:
    yield from pictures(evidence)
    yield from texts(evidence)
    yield from messages(evidence)
    yield from headers(evidence)
    yield from claims(evidence)


def plain_png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def pictures(evidence: Evidences) -> Iterator[Case]:
    seen = context(clock(evidence))
    checked = Image.new("1", (96, 96))
    checked.putdata([(x ^ y) >> 3 & 1 for y in range(96) for x in range(96)])
    yield stopped("P01", "no code in the picture", seen, "picture", picture=plain_png(checked))
    cut = Image.new("1", (48, 96), 1)
    yield stopped("P02", "an empty picture", seen, "picture", picture=plain_png(cut))


def texts(evidence: Evidences) -> Iterator[Case]:
    """What stands in the code is not, character for character, an address of ours."""
    raw = evidence.scene.certificates["valid"].credential
    seen, good = context(clock(evidence)), text_of(raw)
    host, digits = "https://cert.malan.example", good.partition("#1")[2]
    rows: list[tuple[str, str, str, str]] = [
        ("T01", "the prefix of another scheme of certificates", "text", f"HC1:{digits}"),
        ("T02", "an address in capitals", "text", good.upper()),
        ("T03", "a space before it", "text", f" {good}"),
        ("T04", "another host", "host", good.replace(host, "https://cert-malan.example")),
        ("T05", "a look-alike: Cyrillic а", "host", good.replace("malan", "m\u0430lan")),
        ("T06", "the port that https has anyway", "host", good.replace(host, f"{host}:443")),
        ("T07", "our host as the name of a user", "host", good.replace(host, f"{host}@evil.example")),
        ("T08", "not encrypted", "host", good.replace("https:", "http:")),
        ("T09", "another path", "path", good.replace("/v/", "/w/")),
        ("T10", "fifteen digits in the path", "path", good.replace(good[29:45], good[29:44])),
        ("T11", "a later version of the text", "path", good.replace("#1", "#2")),
        ("T12", "no fragment", "path", good.partition("#")[0]),
        ("D01", "no digits", "digits", f"{good.partition('#1')[0]}#1"),
        ("D02", "a digit is missing", "digits", good[:-1]),
        ("D03", "a group of 17 digits above 7 bytes", "digits", good.replace(digits[:17], "9" * 17)),
        ("D04", "a space among the digits", "digits", good.replace(digits, f"{digits[:40]} {digits[40:]}")),
        ("D05", "a second fragment behind them", "digits", f"{good}#x"),
        ("D06", "full-width digits", "digits", good.replace(digits, chr(0xFF11) + digits[1:])),
        ("D07", "1,206 digits", "digits", f"{good.partition('#1')[0]}#1{'0' * 1_206}"),
    ]  # fmt: skip
    for name, title, stage, text in rows:
        yield stopped(name, title, seen, stage, text=text)


def parts_of(raw: bytes) -> list[Any]:
    """protected, unprotected, payload, signature."""
    found = cbor.decode(raw[1:])
    assert isinstance(found, list)
    return found


def signer_of(evidence: Evidences) -> SoftwareSigner:
    return evidence.scene.base.people["signatory"].signer


def framed(evidence: Evidences, protected: bytes, payload: bytes, unprotected: Any = None) -> bytes:
    """Any protected bytes and any payload, signed as they stand by the signatory."""
    message = naive(["Signature1", protected, b"", payload])
    signature = signer_of(evidence).sign(message)
    return b"\xd2" + naive([protected, unprotected or {}, payload, signature])


def messages(evidence: Evidences) -> Iterator[Case]:
    """The frame is not the one spelling of a COSE_Sign1."""
    seen, certificate = context(clock(evidence)), evidence.scene.certificates["valid"]
    raw, code = certificate.credential, certificate.code
    kid = parse_credential(raw).message.kid
    protected, _, payload, signature = parts_of(raw)
    body = raw[1:]
    rows: list[tuple[str, str, bytes]] = [
        ("C01", "no tag", body),
        ("C02", "the tag of a CWT around it", b"\xd8\x3d" + raw),
        ("C03", "cut short", raw[:-1]),
        ("C04", "a byte behind it", raw + b"\x00"),
        ("C05", "an array of no stated length", b"\xd2\x9f" + body[1:] + b"\xff"),
        ("C06", "a length in more bytes than it needs", b"\xd2\x98\x04" + body[1:]),
        ("C07", "an over-long signature", b"\xd2" + naive([protected, {}, payload, signature + b"\x00"])),
        ("C08", "a short signature", b"\xd2" + naive([protected, {}, payload, signature[:-1]])),
        ("C09", "no payload", b"\xd2" + naive([protected, {}, None, signature])),
        ("C10", "the right kid unprotected", b"\xd2" + naive([protected, {4: kid}, payload, signature])),
        ("C11", "349 bytes", framed(evidence, protected, payload + b"\x00" * (349 - len(raw)))),
    ]  # fmt: skip
    for name, title, cose in rows:
        yield stopped(name, title, seen, "cose", cose=cose, code=code)


def headers(evidence: Evidences) -> Iterator[Case]:
    """A protected header that names nothing, or too much; signed as it stands."""
    seen, certificate = context(clock(evidence)), evidence.scene.certificates["valid"]
    kid = parse_credential(certificate.credential).message.kid
    payload = parts_of(certificate.credential)[2]
    good: dict[Any, Any] = {1: -7, 3: CONTENT_FORMAT, 4: kid}
    backwards = head(5, 3) + b"".join(naive(k) + naive(good[k]) for k in (4, 3, 1))
    rows: list[tuple[str, str, bytes]] = [
        ("H01", "an algorithm nobody here has: RS256", naive(good | {1: -257})),
        ("H02", "no algorithm", naive({3: CONTENT_FORMAT, 4: kid})),
        ("H03", "a kid of seven bytes", naive(good | {4: kid[:7]})),
        ("H04", "a kid of nine bytes", naive(good | {4: kid + b"\x00"})),
        ("H05", "no kid", naive({1: -7, 3: CONTENT_FORMAT})),
        ("H06", "a header of no meaning here", naive(good | {5: b"\x00" * 8})),
        ("H07", "the content type of an act", naive(good | {3: "application/vnd.malan.approve.v1+cbor"})),
        ("H08", "the header's keys in another order", backwards),
        ("H09", "no header at all", b""),
    ]
    for name, title, protected in rows:
        cose = framed(evidence, protected, payload)
        yield stopped(name, title, seen, "header", cose=cose, code=certificate.code)


def claims(evidence: Evidences) -> Iterator[Case]:
    """A payload that is no credential; signed as it stands."""
    seen, certificate = context(clock(evidence)), evidence.scene.certificates["valid"]
    protected, _, payload, _ = parts_of(certificate.credential)
    said = dict(cbor.decode(payload))  # type: ignore[call-overload]  # a map
    inner: Sequence[Any] = said[PRIVATE_CLAIM]

    def private(place: int, value: Any) -> bytes:
        changed = [*inner]
        changed[place] = value
        return naive(said | {PRIVATE_CLAIM: changed})

    number: bytes = said[7]
    millions = int.from_bytes(number[1:], "big") // 10**6
    unnumbered = number[:1] + (millions * 10**6).to_bytes(9, "big")
    long_head = payload.replace(b"\x06\x1a", b"\x06\x1b\x00\x00\x00\x00")
    twice = head(5, 4) + naive(6) + naive(said[6]) + payload[1:]
    rows: list[tuple[str, str, Callable[[], bytes]]] = [
        ("L01", "a claim of no meaning here", lambda: naive(said | {8: 1})),
        ("L02", "no iat", lambda: naive({key: said[key] for key in said if key != 6})),
        ("L03", "iat as text", lambda: naive(said | {6: str(said[6])})),
        ("L04", "exp is null", lambda: naive(said | {4: None})),
        ("L05", "a name with a sign that turns the text around", lambda: private(0, "沈\u202e明")),
        ("L06", "a name of blank letters", lambda: private(0, "\u3164")),
        ("L07", "a name of digits alone", lambda: private(0, "123")),
        ("L08", "a space behind the course", lambda: private(1, f"{inner[1]} ")),
        ("L09", "no hours", lambda: private(2, 0)),
        ("L10", "a place beyond the list", lambda: private(4, 2**20)),
        ("L11", "a code with a wrong check digit", lambda: private(5, inner[5] ^ 1)),
        ("L12", "the tail of an ID number ends in a small x", lambda: private(6, "000x")),
        ("L13", "the sequence 000000", lambda: naive(said | {7: unnumbered})),
        ("L14", "a certificate of kind A", lambda: naive(said | {7: b"A" + number[1:]})),
        ("L15", "version 1 said", lambda: naive(said | {-70003: [1, 20_000]})),
        ("L18", "the version is null", lambda: naive(said | {-70003: None})),
        ("L16", "iat twice", lambda: twice),
        ("L17", "iat in more bytes than it needs", lambda: long_head),
    ]  # fmt: skip
    for name, title, make in rows:
        changed = make()
        assert changed != payload, name
        cose = framed(evidence, protected, changed)
        yield stopped(name, title, seen, "claims", cose=cose, code=certificate.code)
