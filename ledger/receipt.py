"""A receipt: the service's signed promise that an entry has its place. Pure.

COSE_Sign1 by the receipt key over deterministic CBOR `[origin, seq, leaf_hash, time_ms]`. It is kept by the
party that spoke; if the log later shows anything else at `seq`, the receipt convicts the service.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger import cbor
from ledger.cose import check_sign1, parse_sign1, sign1
from ledger.errors import Malformed
from ledger.keys import PublicKey, Signer

CONTENT_TYPE = "application/vnd.malan.receipt.v1+cbor"


@dataclass(frozen=True, slots=True)
class Receipt:
    """`time_ms` is the leaf's."""

    origin: str
    seq: int
    leaf_hash: bytes
    time_ms: int


def sign_receipt(receipt: Receipt, signer: Signer) -> bytes:
    """The signed bytes the answer carries."""
    payload = cbor.encode([receipt.origin, receipt.seq, receipt.leaf_hash, receipt.time_ms])
    return sign1(signer, content_type=CONTENT_TYPE, payload=payload)


def open_receipt(raw: bytes, key: PublicKey) -> Receipt:
    """Raises BadSignature, Malformed RECEIPT_SHAPE, or of COSE and the codec."""
    message = parse_sign1(raw)
    if message.content_type != CONTENT_TYPE or message.claims is not None:
        raise Malformed("RECEIPT_SHAPE", "not a receipt")
    check_sign1(message, key)
    match cbor.decode(message.payload):
        case [str(origin), int(seq), bytes(leaf_hash), int(time_ms)] if len(leaf_hash) == 32:
            if type(seq) is int and type(time_ms) is int and seq >= 0 and time_ms >= 0:
                return Receipt(origin, seq, leaf_hash, time_ms)
    raise Malformed("RECEIPT_SHAPE", "a receipt is [origin, seq, leaf hash, time]")
