"""A signed request: what an officer asks of the service before signing an act. Pure.

COSE_Sign1, content type `application/vnd.malan.request.<name>.v1+cbor`; claims as in a statement, `sub` the
object asked about. It is no statement: its type keeps it out of the log. Personal values it carries (an ID
number to look up) travel only in its body, never in a URL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ledger import cbor
from ledger.cose import Claims, Sign1, parse_sign1, sign1
from ledger.errors import Malformed
from ledger.keys import Signer

_CONTENT_TYPE = re.compile(r"application/vnd\.malan\.request\.([a-z]+(?:-[a-z]+)*)\.v1\+cbor", re.ASCII)
AGE_MAX_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Request:
    """A well-formed request; the signature is checked with `ledger.cose.check_sign1` on `message`."""

    name: str
    claims: Claims
    body: Mapping[str, cbor.Value]
    message: Sign1


def sign_request(signer: Signer, *, name: str, claims: Claims, body: Mapping[str, cbor.Value]) -> bytes:
    """The signed bytes; valid for five minutes around `claims.iat`, and once."""
    kind = f"application/vnd.malan.request.{name}.v1+cbor"
    return sign1(signer, content_type=kind, payload=cbor.encode(body), claims=claims)


def parse_request(raw: bytes, *, name: str) -> Request:
    """Raises Malformed REQUEST_KIND for anything but a request of this name, or of COSE and the codec."""
    message = parse_sign1(raw)
    match = _CONTENT_TYPE.fullmatch(message.content_type) if isinstance(message.content_type, str) else None
    if match is None or match[1] != name or message.claims is None:
        raise Malformed("REQUEST_KIND", f"not a signed request of the kind {name}")
    return Request(name, message.claims, cbor.decode_map(message.payload, where="payload"), message)
