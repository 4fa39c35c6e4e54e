"""Door: the service over HTTP, as a party sees it.

Promises: a send that got no answer is repeated with the same bytes; a signed request, which is good for one
use, is signed anew for each attempt; answers have a limit in size and time; a problem document becomes the
error it tells. Redirects are not followed, and personal data goes to https or to a local address only.
May not know: what an act means, files, keys.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import httpx

from issuers.base64url import to_b64
from issuers.carried import ACTS
from issuers.evidence_document import DOCUMENT_BYTES_MAX, Evidence, from_json
from issuers.json_in import from_hex, read_object
from issuers.qr import check_origin
from issuers.sign.answers import (
    Prepared,
    PreparedClaim,
    PreparedVersion,
    bad_answer,
    read_answers,
    read_prepared,
    read_prepared_claim,
    read_prepared_version,
    read_problem,
    read_ticket,
)
from issuers.sign.parcel import Answer, Fate, Parcel
from ledger.errors import BadSignature, MalanError, Malformed, Refused, Unavailable

ATTEMPTS: Final = 4
ANSWER_BYTES_MAX: Final = 4 * 2**20  # 1,000 receipts with their text need 1 MiB
BUNDLE_BYTES_MAX: Final = 16 * 2**20
PROOF_BYTES_MAX: Final = 2**20
TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_AGAIN: Final = frozenset({408, 429, 502, 503, 504})  # asked too soon, or a proxy without its service

SignRequest = Callable[[], bytes]


class Client:
    """The service at an origin (`https://host`); `sleep` waits between attempts, in seconds."""

    def __init__(
        self,
        server: str,
        *,
        sleep: Callable[[float], None],
        transport: httpx.BaseTransport | None = None,
        attempts: int = ATTEMPTS,
        certificate: Path | None = None,
    ) -> None:
        """`certificate`: a file (PEM) that the service is believed by, in place of public authorities.

        Raises Malformed SERVER_URL for an address that is neither https nor local, SERVER_CERTIFICATE.
        """
        try:
            check_origin(server)
        except Malformed as error:
            fix = "Write https://host, or for a local service http://127.0.0.1:port."
            raise Malformed("SERVER_URL", "not the address of a service", where="server", fix=fix) from error
        self._http = httpx.Client(
            base_url=server,
            transport=transport,
            verify=True if certificate is None else _believing(certificate),
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,  # a proxy of the environment would see the openings
            # Uncompressed: a limit on bytes read is then a limit on bytes held.
            headers={"user-agent": "malan-sign", "accept-encoding": "identity"},
        )
        self._sleep = sleep
        self._attempts = attempts

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes connections."""
        self._http.close()

    def send(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """Registers 1 to 1,000 statements; each stands or falls alone.

        Raises Unavailable SERVICE_UNREACHABLE when nobody answered (then nothing is known about any of them),
        ANSWER_SHAPE, or the error of a problem document about the batch as a whole.
        """
        body = _json({"items": [_item(parcel) for parcel in parcels]})
        answer = self._ask("POST", "/api/statements", lambda: body, bytes_max=ANSWER_BYTES_MAX)
        return read_answers(_object(answer), count=len(parcels))

    def submit_claim(self, parcel: Parcel) -> Answer:
        """Registers one act of a claim, with its holds; a refusal (ALREADY_CLAIMED) is an answer too.

        Raises as `send`.
        """
        body = _json(_item(parcel))
        try:
            answer = self._ask("POST", "/api/subsidy/claims", lambda: body, bytes_max=ANSWER_BYTES_MAX)
        except (Refused, Malformed, BadSignature) as error:
            if error.code.startswith("HTTP_"):
                raise  # no word of the service's own: nothing is known about the claim
            return Answer(Fate.REFUSED, -1, 0, b"", error.code, error.what, error.where, error.fix)
        return read_answers({"results": [_object(answer)]}, count=1)[0]

    def prepare(self, sign: SignRequest) -> Prepared:
        """Reserves numbers, codes and places for a class; idempotent by the batch id in the request."""
        return read_prepared(self._request("/api/certificates/prepare", sign))

    def prepare_version(self, sign: SignRequest) -> tuple[Prepared, PreparedVersion]:
        """Holds code and place for the next version of a certificate; asked again, the same."""
        return read_prepared_version(self._request("/api/certificates/prepare", sign))

    def prepare_claim(self, sign: SignRequest) -> PreparedClaim:
        """What an intake officer needs before signing a claim."""
        return read_prepared_claim(self._request("/api/subsidy/claims/prepare", sign))

    def check_subsidy(self, sign: SignRequest) -> Mapping[str, Any]:
        """The decision with reasons, as the service words it."""
        return self._request("/api/subsidy/check", sign)

    def staff(self, sign: SignRequest) -> bytes:
        """The 16-byte staff id of a natural person."""
        answer = self._request("/api/staff", sign)
        try:
            return from_hex(answer.get("staff"), where="staff", size=16)
        except Malformed as error:
            raise bad_answer("staff") from error

    def evidence(self, sign: SignRequest) -> Evidence:
        """What the signer may see of a class. Raises also what `from_json` raises."""
        path, bytes_max = "/api/classes/evidence", DOCUMENT_BYTES_MAX
        return from_json(self._ask("POST", path, lambda: _request_body(sign), bytes_max=bytes_max))

    def nonce(self, kid: bytes) -> Mapping[str, Any]:
        """What a session statement of this key is made of, as the service words it."""
        body = _json({"kid": kid.hex()})
        return _object(self._ask("POST", "/api/sessions/nonce", lambda: body, bytes_max=ANSWER_BYTES_MAX))

    def ticket(self, sign: SignRequest) -> str:
        """The ticket for a session statement, which is signed anew, with its own nonce, for each attempt."""
        body = lambda: _json({"session": to_b64(sign())})  # noqa: E731  # as `_request`
        answer = _object(self._ask("POST", "/api/sessions/ticket", body, bytes_max=ANSWER_BYTES_MAX))
        return read_ticket(answer)

    def acts(self) -> bytes:
        """The signers' bundle, unchecked."""
        return self._ask("GET", f"/{ACTS.file}", None, bytes_max=BUNDLE_BYTES_MAX)

    def proof(self, seq: int) -> bytes | None:
        """The tlog-proof of an entry, unchecked, or None while it is not published."""
        try:
            return self._ask("GET", f"/log/proof/{seq}", None, bytes_max=PROOF_BYTES_MAX)
        except _Absent:
            return None

    def claim(self, claim: bytes) -> Mapping[str, Any]:
        """The state of a claim, as the service words it."""
        path = f"/api/subsidy/claims/{claim.hex()}"
        return _object(self._ask("GET", path, None, bytes_max=ANSWER_BYTES_MAX))

    def _request(self, path: str, sign: SignRequest) -> Mapping[str, Any]:
        return _object(self._ask("POST", path, lambda: _request_body(sign), bytes_max=ANSWER_BYTES_MAX))

    def _ask(self, method: str, path: str, body: Callable[[], bytes] | None, *, bytes_max: int) -> bytes:
        """The body of a 200 answer. Waits 1, 2, 4 … seconds between attempts that had no answer."""
        for attempt in range(1, self._attempts + 1):
            try:
                return self._once(method, path, body() if body else None, bytes_max)
            except _Unanswered as unanswered:
                if attempt == self._attempts:
                    raise unanswered.error from unanswered
            self._sleep(2.0 ** (attempt - 1))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(self, method: str, path: str, body: bytes | None, bytes_max: int) -> bytes:
        headers = {"content-type": "application/json"} if body is not None else {}
        try:
            with self._http.stream(method, path, content=body, headers=headers) as response:
                data = _limited(response, bytes_max)
        except httpx.HTTPError as error:
            raise _Unanswered(_unreachable()) from error
        if response.status_code == httpx.codes.OK:
            return data
        problem = _problem(response.status_code, data)
        if response.status_code in _AGAIN:
            raise _Unanswered(problem)
        if response.status_code == httpx.codes.NOT_FOUND:
            raise _Absent(problem.code, problem.what, where=problem.where, fix=problem.fix)
        raise problem


class _Absent(Refused):
    """A refusal with HTTP status 404."""


class _Unanswered(Exception):
    """The attempt had no answer; `error` is what to say if the last one has none either."""

    def __init__(self, error: MalanError) -> None:
        super().__init__(error.code)
        self.error = error


def _item(parcel: Parcel) -> dict[str, object]:
    item: dict[str, object] = {
        "statement": to_b64(parcel.statement),
        "openings": [to_b64(opening) for opening in parcel.openings],
    }
    if parcel.attachment is not None:
        item["attachment"] = to_b64(parcel.attachment)
    return item


def _request_body(sign: SignRequest) -> bytes:
    return _json({"request": to_b64(sign())})


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        return read_object(data, where="answer", bytes_max=ANSWER_BYTES_MAX)
    except Malformed as error:
        raise bad_answer("answer") from error


def _limited(response: httpx.Response, bytes_max: int) -> bytes:
    data = bytearray()
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) > bytes_max:
            raise Unavailable("ANSWER_SIZE", f"the service answered with more than {bytes_max} bytes")
    return bytes(data)


def _problem(status: int, data: bytes) -> MalanError:
    try:
        document = read_object(data, where="answer", bytes_max=ANSWER_BYTES_MAX)
    except Malformed:
        document = {}
    return read_problem(status, document)


def _believing(certificate: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=certificate)
    except (OSError, ssl.SSLError) as error:
        raise Malformed(
            "SERVER_CERTIFICATE", "not a certificate in PEM", where="certificate", fix="Ask the operator."
        ) from error


def _unreachable() -> Unavailable:
    return Unavailable(
        "SERVICE_UNREACHABLE",
        "the service does not answer",
        fix="Check the network and the address; run the command again, it goes on where it stopped.",
    )
