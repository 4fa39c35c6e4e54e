"""The status list: which certificates stand, a function of the facts at a named size of the log. Pure.

IETF Token Status List (draft-ietf-oauth-status-list), CWT form, 2 bits, least significant first, zlib.
Values: 0 valid, 1 invalid (revoked), 2 suspended, 3 application specific (here: superseded). A list has 2^20
places, given out at random: a place tells nothing, and everybody downloads the same list (herd privacy).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from issuers.authority.class_facts import CertificateFact, FormerVersion, State, StatusSlot
from ledger import cbor
from ledger.cose import STATUS_LIST_TYPE, check_sign1, parse_sign1, sign1
from ledger.errors import Malformed
from ledger.keys import PublicKey, Signer

PLACES = 2**20
BITS = 2
BYTES = PLACES * BITS // 8
TTL_MAX = 7 * 86_400  # seconds; what an operator may set, and what a thief of the key can stretch
TOKEN_BYTES_MAX = BYTES + 4096  # a list without any pattern does not compress
VALID, REVOKED, SUSPENDED, SUPERSEDED = range(4)
VALUE_WORDS = ("valid", "revoked", "suspended", "superseded")
OF_STATE = {
    State.VALID: VALID,
    State.SUSPENDED: SUSPENDED,
    State.REVOKED: REVOKED,
    State.CANCELLED: REVOKED,  # two bits do not tell them apart; the log does (`verify.life`)
}
Listed: TypeAlias = CertificateFact | StatusSlot | FormerVersion
LISTED: tuple[type[Listed], ...] = (StatusSlot, FormerVersion, CertificateFact)
"""The facts a list is made of. Who sets places one by one takes them in this order: what became of a place
stands after the taking of it."""


@dataclass(frozen=True, slots=True)
class StatusList:
    """`uri` names the list, `size` is the log size it was computed at, times in seconds."""

    uri: str
    number: int
    size: int
    issued_at: int
    ttl: int
    bits: bytes

    def value(self, index: int) -> int:
        """0 to 3. Raises Malformed STATUS_INDEX outside the list."""
        if not 0 <= index < PLACES:
            raise Malformed("STATUS_INDEX", "no such place in a status list")
        return self.bits[index // 4] >> 2 * (index % 4) & 3


def value_of(fact: Listed) -> int:
    """What a list says at the place of a fact: a certificate's state; a voided number's place is revoked.

    A former version is superseded, and as revoked as its certificate once that has ended.
    """
    if isinstance(fact, CertificateFact):
        return OF_STATE[fact.state]
    if isinstance(fact, FormerVersion):
        return REVOKED if fact.ended else SUPERSEDED
    return REVOKED if fact.certificate is None else VALID


def compute_bits(facts: Iterable[Listed], number: int) -> bytes:
    """The 256 KiB of list `number`, from all certificates and places: two bits a place, unused places 0."""
    bits = bytearray(BYTES)
    for fact in facts:
        if fact.status_list == number:
            bits[fact.status_index // 4] |= value_of(fact) << 2 * (fact.status_index % 4)
    return bytes(bits)


def sign_status_list(status: StatusList, signer: Signer) -> bytes:
    """The CWT: claims 2 sub, 6 iat, 65534 ttl, 65533 {bits, lst}, and ours -70002 [number, log size]."""
    packed = zlib.compress(status.bits, 9)
    claims = _claims(status.uri, status.issued_at, status.ttl, status.number, status.size, packed)
    return sign1(signer, content_type=STATUS_LIST_TYPE, payload=cbor.encode(claims))


def _claims(
    uri: str, issued_at: int, ttl: int, number: int, size: int, packed: bytes
) -> dict[int, cbor.Value]:
    lists: dict[str, cbor.Value] = {"bits": BITS, "lst": packed}
    return {2: uri, 6: issued_at, 65533: lists, 65534: ttl, -70002: [number, size]}


def open_status_list(raw: bytes, key: PublicKey) -> StatusList:
    """The list, signature checked.

    Raises BadSignature, Malformed STATUS_SHAPE, or of COSE and the codec. Never inflates past the fixed size.
    """
    message = parse_sign1(raw, bytes_max=TOKEN_BYTES_MAX)
    if message.content_type != STATUS_LIST_TYPE:
        raise Malformed("STATUS_SHAPE", "not a status list")
    check_sign1(message, key)
    claims = cbor.decode(message.payload, bytes_max=TOKEN_BYTES_MAX)
    match claims:
        case {
            2: str(uri),
            6: int(issued_at),
            65533: {"bits": 2, "lst": bytes(packed)},
            65534: int(ttl),
            -70002: [int(number), int(size)],
        }:
            # A mapping pattern passes over other keys, and `int()` takes true.
            whole = all(type(one) is int and one >= 0 for one in (issued_at, ttl, number, size))
            if (
                not whole
                or cbor.encode(_claims(uri, issued_at, ttl, number, size, packed)) != message.payload
            ):
                raise Malformed("STATUS_SHAPE", "not a status list of this project")
            if not 0 < ttl <= TTL_MAX:
                raise Malformed("STATUS_TTL", f"a list is fresh for at most {TTL_MAX} seconds")
            return StatusList(uri, number, size, issued_at, ttl, _inflate(packed))
    raise Malformed("STATUS_SHAPE", "not a status list of this project")


def _inflate(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        bits = inflater.decompress(packed, BYTES + 1)
    except zlib.error as error:
        raise Malformed("STATUS_SHAPE", "the list does not inflate") from error
    if len(bits) != BYTES or not inflater.eof or inflater.unused_data:
        raise Malformed("STATUS_SHAPE", f"the list has not {BYTES} bytes")
    return bits
