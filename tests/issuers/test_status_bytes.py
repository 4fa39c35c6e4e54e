"""What a phone keeps of a million certificates: the signed list stays small, because few are revoked."""

from __future__ import annotations

import random

from issuers.status import BYTES, REVOKED, SUSPENDED, StatusList, open_status_list, sign_status_list
from ledger.keys import ES256, from_seed
from tests.world_parts import seeded

MILLION = 1_000_000
GOAL = 64 * 1024


def token(bits: bytes) -> bytes:
    status = StatusList("https://cert.malan.example/status/1", 1, 3 * MILLION, 1_773_367_200, 43_200, bits)
    signed = sign_status_list(status, from_seed(ES256, seeded("status", 48)))
    assert open_status_list(signed, from_seed(ES256, seeded("status", 48)).public).bits == bits
    return signed


def test_a_million_certificates_of_which_one_in_a_hundred_is_revoked() -> None:
    """14.9 KB; 16.7 KB with one in a thousand suspended besides."""
    chance, bits = random.Random(7), bytearray(BYTES)
    for value, count in ((REVOKED, MILLION // 100), (SUSPENDED, MILLION // 1000)):
        for place in chance.sample(range(MILLION), count):
            bits[place // 4] |= value << 2 * (place % 4)
    assert len(token(bytes(bits))) < 17_000 < GOAL


def test_a_list_without_a_pattern_would_not_be_small() -> None:
    """Negative control: what is measured is the rarity of revocations."""
    assert len(token(random.Random(7).randbytes(BYTES))) > GOAL
