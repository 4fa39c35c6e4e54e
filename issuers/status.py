"""The status list: which certificates stand, a function of the facts at a named size of the log. Pure.

IETF Token Status List (draft-ietf-oauth-status-list), CWT form, 2 bits, least significant first, zlib.
Values: 0 valid, 1 invalid (revoked), 2 suspended, 3 application specific (here: superseded). A list has 2^20
places, given out at random: a place tells nothing, and everybody downloads the same list (herd privacy).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from issuers.authority.class_facts import CertificateFact, State
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
OF_STATE = {State.VALID: VALID, State.SUSPENDED: SUSPENDED, State.REVOKED: REVOKED}


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


def compute_bits(certificates: Iterable[CertificateFact], number: int) -> bytes:
    """The 256 KiB of list `number`: two bits a place, unused places 0."""
    bits = bytearray(BYTES)
    for fact in certificates:
        if fact.status_list == number:
            bits[fact.status_index // 4] |= OF_STATE[fact.state] << 2 * (fact.status_index % 4)
    return bytes(bits)


def sign_status_list(status: StatusList, signer: Signer) -> bytes:
    """The CWT: claims 2 sub, 6 iat, 65534 ttl, 65533 {bits, lst}, and ours -70002 [number, log size]."""
    claims: dict[int, cbor.Value] = {
        2: status.uri,
        6: status.issued_at,
        65533: {"bits": BITS, "lst": zlib.compress(status.bits, 9)},
        65534: status.ttl,
        -70002: [status.number, status.size],
    }
    return sign1(signer, content_type=STATUS_LIST_TYPE, payload=cbor.encode(claims))


def open_status_list(raw: bytes, key: PublicKey) -> StatusList:
    """The list, signature checked.

    Raises BadSignature, Malformed STATUS_SHAPE, or of COSE and the codec. Never inflates past the fixed size.
    """
    message = parse_sign1(raw, bytes_max=TOKEN_BYTES_MAX)
    if message.content_type != STATUS_LIST_TYPE:
        raise Malformed("STATUS_SHAPE", "not a status list")
    check_sign1(message, key)
    match cbor.decode(message.payload, bytes_max=TOKEN_BYTES_MAX):
        case {
            2: str(uri),
            6: int(issued_at),
            65533: {"bits": 2, "lst": bytes(packed)},
            65534: int(ttl),
            -70002: [int(number), int(size)],
        }:
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
