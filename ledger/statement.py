"""A statement: one act, signed by the party who answers for it (谁评价、谁负责). Pure.

COSE_Sign1 whose content type names the kind and version of the act: application/vnd.malan.<kind>.v<n>+cbor.
The claims say which party (`iss`) speaks of which object (`sub`) for which log (`aud`), when (`iat`) and
under which id (`cti`, UUIDv7). The payload is a map with text keys. What the kinds mean is not known here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ledger import cbor
from ledger.cose import Claims, Sign1, check_sign1, parse_sign1, sign1
from ledger.errors import Malformed
from ledger.keys import PublicKey, Signer

_CONTENT_TYPE = re.compile(
    r"application/vnd\.malan\.([a-z]+(?:-[a-z]+)*)\.v([1-9][0-9]{0,2})\+cbor", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A well-formed statement; its signature is checked by `check_statement`, its right to be said elsewhere.

    `issued_at` in seconds since 1970; `cti` 16 bytes; `hash` is SHA-256 of `raw` and names the statement.
    """

    raw: bytes
    hash: bytes
    kind: str
    version: int
    alg: int
    kid: bytes
    issuer: str
    subject: str
    audience: str
    issued_at: int
    cti: bytes
    body: Mapping[str, cbor.Value]
    message: Sign1


NO_KINDS = frozenset({"enrolment", "receipt", "bundle", "session", "credential", "request"})
"""Other signed messages of ours: their content types have the form of an act's, and none passes for one."""


def content_type(kind: str, version: int) -> str:
    """The media type of an act; raises Malformed STATEMENT_KIND for a kind that cannot be one."""
    text = f"application/vnd.malan.{kind}.v{version}+cbor"
    if not _CONTENT_TYPE.fullmatch(text):
        raise Malformed("STATEMENT_KIND", "a kind is lower-case words joined by hyphens, a version 1 to 999")
    return text


def sign_statement(
    signer: Signer, *, kind: str, version: int, claims: Claims, body: Mapping[str, cbor.Value]
) -> bytes:
    """The signed bytes of an act. Store them before sending: a retry must send the same bytes."""
    return sign1(signer, content_type=content_type(kind, version), payload=cbor.encode(body), claims=claims)


def parse_statement(raw: bytes) -> Statement:
    """The statement in `raw`. Raises Malformed STATEMENT_KIND, STATEMENT_CLAIMS, or of COSE and the codec."""
    message = parse_sign1(raw)
    match = _CONTENT_TYPE.fullmatch(message.content_type) if isinstance(message.content_type, str) else None
    if match is None or match[1] in NO_KINDS:
        raise Malformed("STATEMENT_KIND", "the content type is not that of a statement")
    claims = message.claims
    if claims is None or not is_uuid7(claims.cti):
        raise Malformed("STATEMENT_CLAIMS", "a statement carries iss, sub, aud, iat and a UUIDv7 cti")
    return Statement(
        raw=raw,
        hash=statement_hash(raw),
        kind=match[1],
        version=int(match[2]),
        alg=message.alg,
        kid=message.kid,
        issuer=claims.iss,
        subject=claims.sub,
        audience=claims.aud,
        issued_at=claims.iat,
        cti=claims.cti,
        body=cbor.decode_map(message.payload, where="payload"),
        message=message,
    )


def check_statement(statement: Statement, key: PublicKey) -> None:
    """Raises BadSignature, or Malformed COSE_KEY when the statement names another key."""
    check_sign1(statement.message, key)


def statement_hash(raw: bytes) -> bytes:
    """SHA-256 of the signed bytes: how one act names another."""
    return hashlib.sha256(raw).digest()


def uuid7(*, time_ms: int, randomness: bytes) -> bytes:
    """A UUIDv7 (RFC 9562 section 5.7) from milliseconds since 1970 and 10 random bytes."""
    value = time_ms << 80 | int.from_bytes(randomness[:10], "big")
    value = value & ~(0xF << 76) | 7 << 76  # version
    value = value & ~(0x3 << 62) | 2 << 62  # variant
    return value.to_bytes(16, "big")


def is_uuid7(value: bytes) -> bool:
    """Whether 16 bytes carry version 7 and the RFC variant."""
    return len(value) == 16 and value[6] >> 4 == 7 and value[8] >> 6 == 2
