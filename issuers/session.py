"""A session statement: an officer signs in at one address of a service, once. Pure.

COSE_Sign1, content type `application/vnd.malan.session.v1+cbor`; claims as in a statement, `sub` is
`officer/<staff>`, `aud` the log. The payload names the address signed in at (`host`, an origin such as
https://cert.example.cn), the nonce the service gave out, and the time. It is no statement and no request: its
type keeps it out of the log, and it asks for nothing but a session.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from issuers.qr import check_origin
from ledger import cbor
from ledger.cose import Claims, Sign1, parse_sign1, sign1
from ledger.errors import Malformed
from ledger.keys import Signer

CONTENT_TYPE = "application/vnd.malan.session.v1+cbor"
NONCE_BYTES_MAX = 64
AGE_MAX_SECONDS = 300
_SUBJECT = re.compile(r"officer/[0-9a-f]{32}", re.ASCII)
_TIME_MAX = 2**40


@dataclass(frozen=True, slots=True)
class SessionStatement:
    """A well-formed one; the signature is checked with `ledger.cose.check_sign1` on `message`."""

    claims: Claims
    staff: bytes
    host: str
    nonce: bytes
    time: int
    message: Sign1


def sign_session(signer: Signer, *, claims: Claims, host: str, nonce: bytes) -> bytes:
    """The signed bytes. Show `host` to the person first: it is what tells a lookalike from the service."""
    check_origin(host)
    body: dict[str, cbor.Value] = {"host": host, "nonce": nonce, "time": claims.iat}
    return sign1(signer, content_type=CONTENT_TYPE, payload=cbor.encode(body), claims=claims)


def parse_session(raw: bytes) -> SessionStatement:
    """Raises Malformed SESSION_KIND, SESSION_BODY or SESSION_SUBJECT, or of COSE and the codec."""
    message = parse_sign1(raw)
    claims = message.claims
    if message.content_type != CONTENT_TYPE or claims is None:
        raise Malformed("SESSION_KIND", "not a session statement")
    if not _SUBJECT.fullmatch(claims.sub):
        raise Malformed("SESSION_SUBJECT", "the subject is officer/ and 32 hex digits", where="sub")
    match cbor.decode_map(message.payload, where="payload"):
        case {"host": str(host), "nonce": bytes(nonce), "time": int(time), **rest} if not rest:
            pass
        case _:
            raise Malformed("SESSION_BODY", "the payload is host, nonce and time", where="payload")
    in_range = not isinstance(time, bool) and 0 <= time < _TIME_MAX and time == claims.iat
    if not in_range or not 0 < len(nonce) <= NONCE_BYTES_MAX or not 0 < len(host) <= 120:
        raise Malformed("SESSION_BODY", "host, nonce or time has not its form", where="payload")
    return SessionStatement(claims, bytes.fromhex(claims.sub[-32:]), host, nonce, time, message)
