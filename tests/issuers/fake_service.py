"""The service as `malan-sign` sees it, in memory over a world, and able to fail on request.

Every statement goes through the judge (`World.hear`), so what the fake takes the real service could take. A
fault is named by where it strikes: `before` loses the question, `after` loses the answer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from issuers.acts import read_act
from issuers.acts.certificates import CertificateIssued, NewVersion, NumberVoided
from issuers.authority.class_facts import CertificateFact, Passed, State, passed_key
from issuers.base64url import from_b64, to_b64
from issuers.carried import ACTS
from issuers.credential import parse_credential
from issuers.evidence import Evidence, open_roster, the_roster, to_json
from issuers.identifiers.codes import make_code
from issuers.request import Request, parse_request
from ledger.commitment import check_opening, decode_opening
from ledger.cose import check_sign1
from ledger.errors import MalanError, Malformed, Refused
from ledger.leaf import leaf_hash
from ledger.receipt import Receipt, sign_receipt
from ledger.statement import parse_statement
from tests.issuers.fake_documents import certificate_number, decision, document, prepared_claim
from tests.world import World
from tests.world_parts import seeded

SERVER = "https://service.malan.example"


class FakeService:
    """Answers like the service. `calls` names every path asked; `published` is how much of the log shows."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: list[str] = []
        self.sent: list[list[bytes]] = []
        self.published = True
        self.reserved: dict[bytes, dict[str, Any]] = {}
        self.used: set[bytes] = set()
        self.batches: list[bytes] = []
        self.credentials: dict[bytes, bytes] = {}
        self.held: dict[str, dict[str, Any]] = {}
        self.change: dict[str, Any] = {}
        self._faults: list[tuple[str, str]] = []

    def fail_next(self, path: str, *, when: str, times: int = 1) -> None:
        """The next `times` calls of this path fail: `before` they are heard, `after`, or with a 503."""
        assert when in ("before", "after", "busy")
        self._faults += [(path, when)] * times

    @property
    def transport(self) -> httpx.MockTransport:
        """For a client in this process."""
        return httpx.MockTransport(self._handle)

    @contextmanager
    def listening(self) -> Iterator[str]:
        """A real port on this machine, for a program in a process of its own; the address."""
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply("GET", b"")

            def do_POST(self) -> None:
                self._reply("POST", self.rfile.read(int(self.headers["content-length"])))

            def _reply(self, method: str, body: bytes) -> None:
                status, kind, data = fake.answer(method, self.path, body)
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        self.calls.append(path)
        try:
            return 200, "application/json", self._route(method, path, body)
        except MalanError as error:
            status = 400 if isinstance(error, Malformed) else 409 if error.code == "ALREADY_CLAIMED" else 422
            told = {"type": "about:blank", "title": error.what, "status": status, "code": error.code}
            return status, "application/problem+json", json.dumps(told | {"where": error.where}).encode()
        except KeyError:
            told = {"type": "about:blank", "title": "not found", "status": 404, "code": "NOT_FOUND"}
            return 404, "application/problem+json", json.dumps(told).encode()

    def _handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        fault = next((one for one in self._faults if one[0] == path), None)
        if fault is not None:
            self._faults.remove(fault)
            if fault[1] == "after":
                self.answer(request.method, path, request.content)
            if fault[1] == "busy":
                return httpx.Response(503, json={"title": "busy", "code": "BUSY"})
            raise httpx.ReadTimeout("no answer", request=request)
        status, kind, data = self.answer(request.method, path, request.content)
        return httpx.Response(status, content=data, headers={"content-type": kind})

    def _route(self, method: str, path: str, body: bytes) -> bytes:
        if method == "GET" and path == "/acts.cbor":
            return self.world.bundle(ACTS)
        if method == "GET" and path.startswith("/log/proof/"):
            if not self.published:
                raise KeyError(path)
            return self.world.proof(int(path.rpartition("/")[2]))
        told = json.loads(body)
        match path:
            case "/api/statements":
                self.sent.append(
                    [from_b64(i["statement"], bytes_max=70_000, where="") for i in told["items"]]
                )
                return _json({"results": [self._register(item) for item in told["items"]]})
            case "/api/subsidy/claims":
                self.sent.append([from_b64(told["statement"], bytes_max=70_000, where="")])
                return _json(self._registered(told))
            case "/api/certificates/prepare":
                request = self._request(told, "certificates")
                if request.claims.sub.startswith("certificate/"):
                    return _json(self._prepare_version(request.claims.sub, request.body))
                return _json(self._prepare(request.body))
            case "/api/classes/evidence":
                self._asked(told, "evidence")
                return to_json(self.evidence())
            case "/api/staff":
                return _json({"staff": seeded(f"staff {self._asked(told, 'staff')['name']}", 16).hex()})
            case "/api/subsidy/check":
                self._asked(told, "subsidy-check")
                return _json(decision())
            case "/api/subsidy/claims/prepare":
                return _json(prepared_claim(self.world, self._asked(told, "claim")))
        raise KeyError(path)

    def evidence(self) -> Evidence:
        """What is shown of the class; tests replace it to lie."""
        return self.world.evidence()

    def _asked(self, told: dict[str, Any], name: str) -> Any:
        return self._request(told, name).body

    def _request(self, told: dict[str, Any], name: str) -> Request:
        raw = from_b64(told["request"], bytes_max=70_000, where="request")
        request = parse_request(raw, name=name)
        check_sign1(request.message, self.world.key_of(request.message.kid))
        if request.claims.cti in self.used:
            raise Refused("REQUEST_USED", "a request works once")
        self.used.add(request.claims.cti)
        return request

    def _register(self, item: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._registered(item)
        except MalanError as error:
            told = {"code": error.code, "what": error.what, "where": error.where, "fix": error.fix}
            return {"status": "refused", **told}

    def _registered(self, item: dict[str, Any]) -> dict[str, Any]:
        raw = from_b64(item["statement"], bytes_max=70_000, where="statement")
        statement = parse_statement(raw)
        for seq, said in enumerate(self.world.said):
            if said.cti == statement.cti:
                if said.raw != raw:
                    raise Refused("CTI_REUSED", "another statement has this id")
                return {"status": "known", **self._placed(seq)}
        act = read_act(statement)
        openings = [decode_opening(from_b64(o, bytes_max=9_000, where="o")) for o in item["openings"]]
        for opening, entry in zip(openings, getattr(act, "entries", ()), strict=True):
            check_opening(opening, entry)
        if isinstance(act, CertificateIssued | NewVersion):
            credential = from_b64(item["attachment"], bytes_max=9_000, where="attachment")
            assert sha256(credential).digest() == act.credential
            self.credentials[act.credential] = credential
        self.world.hear(raw, openings=openings)
        if isinstance(act, CertificateIssued | NumberVoided):
            number = openings[0].fields["number"]
            assert number == self.reserved[act.candidate]["number"]
        return {"status": "appended", **self._placed(len(self.world.leaves) - 1)}

    def _placed(self, seq: int) -> dict[str, Any]:
        world = self.world
        promise = Receipt(world.origin, seq, leaf_hash(world.leaves[seq]), world.times[seq])
        receipt = sign_receipt(promise, world.service["receipt"])
        return {"seq": seq, "time_ms": world.times[seq], "receipt": to_b64(receipt)}

    def _prepare(self, body: Any) -> dict[str, Any]:
        world = self.world
        self.batches.append(body["batch"])
        trainees = open_roster(the_roster(world.evidence()))
        items = []
        for candidate, trainee in trainees.items():
            passed = world.view.get(Passed, passed_key(world.class_id, candidate))
            if passed is None or passed.certificate is not None or passed.voided:
                continue
            if candidate not in self.reserved:
                count = len(self.reserved) + 1
                self.reserved[candidate] = {
                    "candidate": candidate.hex(),
                    "certificate": world.draw(16).hex(),
                    "number": certificate_number(world, count),
                    "code": make_code(int.from_bytes(world.draw(6), "big")),
                    "status_list": 1,
                    "status_index": 1000 + count,
                    "name": trainee.name,
                    "id_last4": trainee.id_number[-4:],
                }
            items.append({**self.reserved[candidate], **self.change.get(trainee.name, {})})
        return {**document(self.world, body, items), **self.change.get("document", {})}

    def _prepare_version(self, subject: str, body: Any) -> dict[str, Any]:
        """Code and place for the next version, the same when asked again."""
        world = self.world
        fact = world.view.get(CertificateFact, subject.removeprefix("certificate/"))
        if fact is None:
            raise Refused("CERTIFICATE_UNKNOWN", "no such certificate is logged")
        if fact.state is not State.VALID:
            raise Refused("CERTIFICATE_STATE", "not of this certificate")
        if body["version"] != fact.version + 1:
            raise Refused("VERSION_OTHER", "another version is in force")
        claims = parse_credential(self.credentials[fact.credential]).claims
        key = f"{subject}/{body['version']}"
        count = 5_000 + len(self.held)
        fresh = {"code": make_code(int.from_bytes(world.draw(6), "big")), "status_index": count}
        held = self.held.setdefault(key, fresh)
        (first,) = [one for one in self.reserved.values() if one["certificate"] == fact.id.hex()]
        item = {**first, **held, "name": claims.name, **self.change.get("version-item", {})}
        told = {
            "version": body["version"],
            "former": fact.credential.hex(),
            "issued_on": fact.issued_on.isoformat(),
            "expires_on": None,
            "prints_id": claims.last_four is not None,
            **self.change.get("version", {}),
        }
        return {**document(self.world, body, [item]), "version": told, **self.change.get("document", {})}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
