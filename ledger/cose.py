"""COSE_Sign1 (RFC 9052 section 4.2), always tag 18, in the one shape this project signs. Pure.

    0xd2 84 <protected bstr> a0 <payload bstr> <signature bstr 64>

Protected header: 1 alg, 3 content type, 4 kid, 15 CWT claims (RFC 9597); a status list has its type in header
16 (RFC 9596) instead of 3, as the IETF Token Status List demands. The unprotected header is empty, so
nothing unsigned travels. The content type separates statements, credentials, receipts, requests and sessions:
none passes for another, because each reader demands its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger import cbor
from ledger.errors import Malformed
from ledger.keys import ALGORITHMS, KID_BYTES, SIGNATURE_BYTES, PublicKey, Signer

TAG_18 = b"\xd2"
_ALG, _CONTENT_TYPE, _KID, _CLAIMS, _TYP = 1, 3, 4, 15, 16
STATUS_LIST_TYPE = "application/statuslist+cwt"
_ISS, _SUB, _AUD, _IAT, _CTI = 1, 2, 3, 6, 7
_CLAIM_LABELS = {_ISS, _SUB, _AUD, _IAT, _CTI}


@dataclass(frozen=True, slots=True)
class Claims:
    """CWT claims (RFC 8392) in the protected header: who, about what, for which log, when, which one.

    `iat` is in seconds since 1970; `cti` has 16 bytes.
    """

    iss: str
    sub: str
    aud: str
    iat: int
    cti: bytes


@dataclass(frozen=True, slots=True)
class Sign1:
    """A well-formed COSE_Sign1 whose signature has not been checked yet: use `check_sign1`."""

    raw: bytes
    alg: int
    content_type: str | int
    kid: bytes
    claims: Claims | None
    payload: bytes
    protected: bytes
    signature: bytes


def sign1(signer: Signer, *, content_type: str | int, payload: bytes, claims: Claims | None = None) -> bytes:
    """Signed bytes over `payload`; `content_type` is a media type, or a CoAP content format (short codes)."""
    header: dict[int, cbor.Value] = {
        _ALG: signer.public.alg,
        _type_label(content_type): content_type,
        _KID: signer.public.kid,
    }
    if claims is not None:
        header[_CLAIMS] = {
            _ISS: claims.iss,
            _SUB: claims.sub,
            _AUD: claims.aud,
            _IAT: claims.iat,
            _CTI: claims.cti,
        }
    protected = cbor.encode(header)
    signature = signer.sign(_to_be_signed(protected, payload))
    parts = cbor.byte_string(protected), b"\xa0", cbor.byte_string(payload), cbor.byte_string(signature)
    return TAG_18 + b"\x84" + b"".join(parts)


def parse_sign1(raw: bytes, *, bytes_max: int = cbor.BYTES_MAX) -> Sign1:
    """The parts of `raw`, strictly. The result is only well-formed: `check_sign1` before believing it.

    Raises Malformed COSE_TAG, COSE_SHAPE, COSE_HEADER, or what `cbor.decode` raises.
    """
    if raw[:1] != TAG_18:
        raise Malformed("COSE_TAG", "not a COSE_Sign1 with tag 18")
    match cbor.decode(raw[1:], bytes_max=bytes_max):
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)]:
            pass
        case _:
            raise Malformed("COSE_SHAPE", "not an array of protected, unprotected, payload, signature")
    if unprotected or len(signature) != SIGNATURE_BYTES:
        raise Malformed("COSE_SHAPE", "unprotected header not empty, or signature not 64 bytes")
    alg, content_type, kid, claims = _header(protected)
    return Sign1(raw, alg, content_type, kid, claims, payload, protected, signature)


def check_sign1(message: Sign1, key: PublicKey) -> None:
    """Raises BadSignature; also COSE_KEY if the message names another key or another algorithm than `key`."""
    if message.kid != key.kid or message.alg != key.alg:
        # The algorithm comes from the enrolled key, never from the message.
        raise Malformed("COSE_KEY", "the header names another key or algorithm than the one enrolled")
    key.verify(_to_be_signed(message.protected, message.payload), message.signature)


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure of RFC 9052 section 4.4 with empty external data."""
    return b"\x84\x6aSignature1" + cbor.byte_string(protected) + b"\x40" + cbor.byte_string(payload)


def _header(protected: bytes) -> tuple[int, str | int, bytes, Claims | None]:
    header: Any = cbor.decode(protected)
    if type(header) is not dict:
        raise Malformed("COSE_HEADER", "the protected header is not a map")
    alg, kid = header.get(_ALG), header.get(_KID)
    label = _CONTENT_TYPE if _CONTENT_TYPE in header else _TYP
    content_type: Any = header.get(label)
    whole = type(content_type) is int and label == _CONTENT_TYPE
    if type(alg) is not int or type(kid) is not bytes or not (whole or type(content_type) is str):
        raise Malformed("COSE_HEADER", "protected header without alg, content type and kid")
    if alg not in ALGORITHMS or len(kid) != KID_BYTES:
        raise Malformed("COSE_HEADER", "unknown algorithm, or odd content type or kid")
    if label != _type_label(content_type):
        raise Malformed("COSE_HEADER", "the type stands in the wrong header")
    claims = _claims(header[_CLAIMS]) if _CLAIMS in header else None
    if len(header) != (3 if claims is None else 4):
        raise Malformed("COSE_HEADER", "a header this version does not know")
    return alg, content_type, kid, claims


def _type_label(content_type: str | int) -> int:
    return _TYP if content_type == STATUS_LIST_TYPE else _CONTENT_TYPE


def _claims(value: object) -> Claims:
    if type(value) is dict and value.keys() == _CLAIM_LABELS:
        iss, sub, aud, iat, cti = value[_ISS], value[_SUB], value[_AUD], value[_IAT], value[_CTI]
        if type(iss) is type(sub) is type(aud) is str and type(iat) is int and type(cti) is bytes:
            if not 0 <= iat < 2**40 or len(cti) != 16:
                raise Malformed("COSE_HEADER", "iat out of range or cti not 16 bytes")
            if not (0 < len(iss) <= 64 and 0 < len(sub) <= 128 and 0 < len(aud) <= 128):
                raise Malformed("COSE_HEADER", "iss, sub or aud empty or too long")
            return Claims(iss, sub, aud, iat, cti)
    raise Malformed("COSE_HEADER", "claims are iss, sub, aud, iat and cti, all of them and no others")
