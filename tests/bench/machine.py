"""What the machine can do without us: disk, hash, raw signatures."""

from __future__ import annotations

import hashlib
import os
import tempfile

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.bench.meter import Meter


def run(meter: Meter) -> None:
    """Prints the limits every other line is compared with."""
    with tempfile.TemporaryFile() as file:

        def sync() -> int:
            file.write(bytes(400))
            file.flush()
            os.fdatasync(file.fileno())
            return 1

        meter.limit("fdatasync of 400 bytes appended", sync)
    data = bytes(500)
    meter.limit("sha256 of 500 bytes", lambda: len([hashlib.sha256(data).digest() for _ in range(200)]))
    key = ec.generate_private_key(ec.SECP256R1())
    suite = ec.ECDSA(hashes.SHA256())
    signature, public = key.sign(data, suite), key.public_key()
    meter.limit("raw ES256 sign", lambda: len([key.sign(data, suite) for _ in range(50)]))
    meter.limit(
        "raw ES256 verify", lambda: sum(public.verify(signature, data, suite) is None for _ in range(50))
    )
