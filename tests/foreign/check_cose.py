"""In the foreign environment: `check_cose.py pycose|cwt MESSAGE SPKI KID` prints the payload in hex."""

from __future__ import annotations

import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization


def with_pycose(message: bytes, x: bytes, y: bytes) -> bytes:
    from pycose.keys import EC2Key
    from pycose.messages import Sign1Message

    parsed = Sign1Message.decode(message)
    parsed.key = EC2Key(crv="P_256", x=x, y=y)
    if not parsed.verify_signature():
        sys.exit("pycose: the signature does not verify")
    return parsed.payload


def with_cwt(message: bytes, x: bytes, y: bytes) -> bytes:
    from cwt import COSE, COSEKey

    key = COSEKey.new({1: 2, -1: 1, -2: x, -3: y, 3: -7, 2: bytes.fromhex(sys.argv[4])})
    return COSE.new(alg_auto_inclusion=False, kid_auto_inclusion=False).decode(message, key)


def main() -> None:
    which, message, spki = sys.argv[1], Path(sys.argv[2]).read_bytes(), Path(sys.argv[3]).read_bytes()
    numbers = serialization.load_der_public_key(spki).public_numbers()
    x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
    payload = {"pycose": with_pycose, "cwt": with_cwt}[which](message, x, y)
    print(payload.hex())


if __name__ == "__main__":
    main()
