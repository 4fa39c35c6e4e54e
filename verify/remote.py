"""Door: asks the service of a pinned host for bundle, status list and proof; believes none of it.

Promises: only the one origin it was made for is asked, over https or on a local network; redirects are not
followed, nothing from a QR text becomes an address, answers have a limit in size and time, nobody waits long.
"The log has none" is said only when the service answers so in due form; any other trouble is Unavailable.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import httpx

from issuers.bundle import BYTES_MAX as BUNDLE_BYTES_MAX
from issuers.json_in import read_object
from issuers.qr import check_origin
from issuers.sign.answers import read_problem
from ledger.errors import Malformed, Unavailable
from ledger.proof import MAX_PROOF_BYTES
from verify.life import PROOFS_MAX

STATUS_BYTES_MAX: Final = 2**20
ANSWER_BYTES_MAX: Final = 2**20
TIMEOUT: Final = httpx.Timeout(10.0, connect=4.0)
TOTAL_SECONDS: Final = 30.0
"""For one answer: a server that drips bytes would never run into the timeout between two reads."""

_CODE: Final = re.compile(r"[0-9]{16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """`seq`: the entry that names these bytes; `life`: the newest later entries about the certificate."""

    seq: int
    life: tuple[int, ...]


class Remote:
    """The service at an origin, e.g. `https://cert.malan.example`."""

    def __init__(self, origin: str, *, transport: httpx.BaseTransport | None = None) -> None:
        """Raises Malformed QR_ORIGIN for an address that is neither https nor local."""
        check_origin(origin)
        self._http = httpx.Client(
            base_url=origin,
            transport=transport,
            timeout=TIMEOUT,
            follow_redirects=False,
            # Uncompressed: a limit on bytes read is then a limit on bytes held.
            headers={"user-agent": "malan-verify", "accept-encoding": "identity"},
        )

    def __enter__(self) -> Remote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def trust(self) -> bytes:
        """The bytes of trust.cbor. Raises Unavailable REMOTE_*."""
        return self._get("/trust.cbor", bytes_max=BUNDLE_BYTES_MAX)

    def status(self, number: int) -> bytes:
        """The status list CWT of that number: the whole list, so nobody learns which place is wanted."""
        return self._get(f"/status/{number}", bytes_max=STATUS_BYTES_MAX)

    def find(self, code: str) -> Found | None:
        """Where the log has the certificate with that code, or None: the service says it has none.

        Raises Unavailable REMOTE_*, Malformed REMOTE_CODE.
        """
        if not _CODE.fullmatch(code):
            raise Malformed("REMOTE_CODE", "a code has 16 digits")
        status, data = self._ask(f"/api/certificates/{code}", bytes_max=ANSWER_BYTES_MAX)
        answer = _object(data)
        if status == httpx.codes.NOT_FOUND and isinstance(answer.get("code"), str):
            return None
        if status != httpx.codes.OK:
            raise _refused(status, answer)
        seq, life = answer.get("seq"), answer.get("life", [])
        if not _is_place(seq) or not isinstance(life, list) or not all(_is_place(one) for one in life):
            raise Unavailable("REMOTE_ANSWER", "the service answered in a form this program does not know")
        assert isinstance(seq, int)
        return Found(seq, tuple(life[-PROOFS_MAX:]))

    def proof(self, seq: int) -> bytes:
        """The `.tlog-proof` of the entry at `seq`. Raises Unavailable REMOTE_*."""
        return self._get(f"/log/proof/{seq}", bytes_max=MAX_PROOF_BYTES)

    def _get(self, path: str, *, bytes_max: int) -> bytes:
        status, data = self._ask(path, bytes_max=bytes_max)
        if status != httpx.codes.OK:
            raise _refused(status, _object(data))
        return data

    def _ask(self, path: str, *, bytes_max: int) -> tuple[int, bytes]:
        deadline = time.monotonic() + TOTAL_SECONDS
        try:
            with self._http.stream("GET", path) as response:
                data = bytearray()
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > bytes_max:
                        raise Unavailable("REMOTE_SIZE", f"the service sent more than {bytes_max} bytes")
                    if time.monotonic() > deadline:
                        raise Unavailable("REMOTE_SLOW", "the service takes too long")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(
                "REMOTE_UNREACHABLE",
                "the service does not answer",
                fix="Check the network, or use --offline.",
            ) from error
        return response.status_code, bytes(data)


def _is_place(value: object) -> bool:
    return type(value) is int and value >= 0


def _object(data: bytes) -> dict[str, object]:
    try:
        return read_object(data, where="answer", bytes_max=ANSWER_BYTES_MAX)
    except Malformed:
        return {}


def _refused(status: int, answer: dict[str, object]) -> Unavailable:
    if 300 <= status < 400:
        return Unavailable("REMOTE_REDIRECT", "the service sends elsewhere; that is not followed")
    problem = read_problem(status, answer)
    return Unavailable("REMOTE_REFUSED", f"the service answers {status}: {problem.what}")
