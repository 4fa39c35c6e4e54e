"""Door: fetches the library that reads QR codes in browsers that cannot: zxing-wasm, pinned by its hash.

    python -m registry.scanner_library        (or `make scanner`)

Promises: the package is taken from the npm registry over HTTPS, and only if its SHA-512 is the one written
here; of it two files are kept, and the service gives out neither unless its SHA-256 is the one written here.
Needs no Node. Without it nothing is missing but convenience: a browser that reads codes itself does, and any
other may send a picture to the service.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import sys
import tarfile
from pathlib import Path
from typing import Final

import httpx

from issuers.files import replace_file
from ledger.errors import MalanError, Malformed, Unavailable

VERSION: Final = "3.1.4"
REGISTRY: Final = "https://registry.npmjs.org"
INTEGRITY: Final = "1+v8p7sauddySVNG+ye7GD/0TS95BG2ycdkrC+EnBrFBFkHeIghzUt2yVjtx3NucJeNrQnhT8yGAIz60Vx9o0w=="
"""SHA-512 of the package, as the registry and every lock file write it."""

PINS: Final = {
    "zxing_reader.js": "d33d09ce132a692faffbed0dce656c36cb2573b4b843885a6e036390d1071d95",
    "zxing_reader.wasm": "e8af31edb56d0522f4de74495839385ef019ba8bc90d38e5ecb2f18795d86fb2",
}
"""SHA-256 of the files the service gives out, by the name it gives them."""

PLACE: Final = Path(__file__).parent / "pages"
_MEMBERS: Final = {
    "package/dist/iife/reader/index.js": "zxing_reader.js",
    "package/dist/reader/zxing_reader.wasm": "zxing_reader.wasm",
}
_PACKAGE_BYTES_MAX: Final = 8 * 2**20
_SECONDS_MAX: Final = 120.0


def here(place: Path = PLACE) -> bool:
    """Whether both files lie there."""
    return all((place / name).exists() for name in PINS)


def fetch(registry: str) -> bytes:
    """The package. Raises Unavailable LIBRARY_UNREACHABLE."""
    address = f"{registry.rstrip('/')}/zxing-wasm/-/zxing-wasm-{VERSION}.tgz"
    try:
        with httpx.stream("GET", address, timeout=_SECONDS_MAX, follow_redirects=True) as answer:
            answer.raise_for_status()
            data = bytearray()
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > _PACKAGE_BYTES_MAX:
                    break
            return bytes(data)
    except httpx.HTTPError as error:
        raise Unavailable(
            "LIBRARY_UNREACHABLE",
            "the npm registry does not give the package",
            fix="Name another one in NPM_CONFIG_REGISTRY, or do without: pictures are read by the service.",
        ) from error


def unpack(package: bytes) -> dict[str, bytes]:
    """The files of the package, by the names they get. Raises Malformed LIBRARY_OTHER."""
    if base64.b64encode(hashlib.sha512(package).digest()).decode() != INTEGRITY:
        raise _other("package")
    found = {}
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
        for member, name in _MEMBERS.items():
            file = archive.extractfile(member)
            assert file is not None, "the package is the one that was looked into"
            found[name] = file.read()
            if hashlib.sha256(found[name]).hexdigest() != PINS[name]:
                raise _other(name)
    return found


def _other(where: str) -> Malformed:
    return Malformed("LIBRARY_OTHER", "these are not the bytes that were pinned", where=where)


def main() -> int:
    """Fetches what is not here yet; says what it did."""
    if here():
        sys.stdout.write(f"zxing-wasm {VERSION} is here already\n")
        return 0
    try:
        files = unpack(fetch(os.environ.get("NPM_CONFIG_REGISTRY", REGISTRY)))
    except MalanError as error:
        sys.stderr.write(f"{error}\n{error.fix}\n")
        return 1
    for name, data in files.items():
        replace_file(PLACE / name, data, mode=0o644)
    sys.stdout.write(f"zxing-wasm {VERSION} fetched; the pages use it from their next start\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
