"""Enrolment: the holder of a new key proves possession of it, for one person or purpose and one log. Pure.

COSE_Sign1 by the new key itself, type `application/vnd.malan.enrolment.v1+cbor`; claims: iss the party,
sub `officer/<staff hex>` or `service/<purpose>`, aud the log's origin; payload the SubjectPublicKeyInfo. An
admin's act carries these bytes, so nobody can enrol a key whose holder did not agree to be that person.
"""

from __future__ import annotations

from ledger import cbor
from ledger.cose import Claims, check_sign1, parse_sign1, sign1
from ledger.errors import Malformed
from ledger.keys import PublicKey, Signer, public_key

CONTENT_TYPE = "application/vnd.malan.enrolment.v1+cbor"


def sign_enrolment(signer: Signer, claims: Claims) -> bytes:
    """The proof of possession that goes to the party's admin."""
    return sign1(
        signer, content_type=CONTENT_TYPE, payload=cbor.encode({"spki": signer.public.spki}), claims=claims
    )


def open_enrolment(raw: bytes) -> tuple[PublicKey, Claims]:
    """The key and for whom it was made.

    Raises Malformed ENROLMENT_SHAPE, BadSignature, or what COSE, the codec and `public_key` raise.
    """
    message = parse_sign1(raw)
    if message.content_type != CONTENT_TYPE or message.claims is None:
        raise Malformed("ENROLMENT_SHAPE", "not an enrolment")
    match cbor.decode(message.payload):
        case {"spki": bytes(spki), **rest} if not rest:
            key = public_key(message.alg, spki)
        case _:
            raise Malformed("ENROLMENT_SHAPE", "an enrolment holds the key and nothing else")
    check_sign1(message, key)
    return key, message.claims
