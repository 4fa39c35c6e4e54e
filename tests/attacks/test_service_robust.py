"""Attacks on the service as a machine: hostile bytes, missing files, wrong keys, cut connections."""

# ruff: noqa: F401, F811  (fixtures come from the registry's conftest)
from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from structlog.testing import capture_logs

from ledger.errors import MalanError, Unavailable
from registry.clock import Clock
from registry.demo.running import Running
from registry.initialise import initialise
from registry.service import open_service
from tests.insider import insider
from tests.registry.conftest import _quiet, desk, founded_template, results, results_template, stage
from tests.registry.desk import Desk
from tests.registry.stage import Stage, write_secret

JSON = b"Host: x\r\nContent-Type: application/json\r\nConnection: close\r\n"


def spoken(address: str, data: bytes) -> bytes:
    """What the server answers to raw bytes."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        answer = bytearray()
        with suppress(OSError):  # it may have heard enough
            line.sendall(data)
        with suppress(OSError):
            while piece := line.recv(65_536):
                answer += piece
    return bytes(answer)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


# Breaks.


@pytest.mark.parametrize("name", ["index", "nullifier", "kek"])
def test_the_service_does_not_start_on_secrets_of_another_store(desk: Desk, name: str) -> None:
    """With another index key nobody is found again: everybody is a new person, with three new grants."""
    stage = desk.stage
    assert desk.submit(desk.claim(desk.prepared())).status_code == 200
    settings = stage.service.settings
    write_secret(settings.secret_file(name), name, os.urandom(32))
    with pytest.raises(MalanError):
        open_service(settings, clock=stage.hands.clock()).close()


def test_init_over_a_registry_that_lost_its_keys_makes_no_new_ones(stage: Stage) -> None:
    """It refuses with STORE_EXISTS, but leaves six fresh secrets, with which the service then starts."""
    settings, said = stage.service.settings, stage.world.said
    shutil.rmtree(settings.home / "keys")
    clock = Clock(lambda: stage.world.times[0] * 10**6, lambda: 0)
    with pytest.raises(MalanError):
        initialise(settings, [said[0].raw, said[1].raw], clock=clock)
    assert not (settings.home / "keys").exists()


@pytest.mark.parametrize("path", ["check", "prepare"])
def test_a_bundle_that_is_missing_is_not_a_certificate_that_is_unknown(desk: Desk, path: str) -> None:
    """The applicant is told FAIL "no such certificate" because a file of ours is away."""
    (desk.stage.service.settings.home / "trust.cbor").unlink()
    answer = (desk.check if path == "check" else desk.prepare)(desk.body())
    outcome = answer.json().get("outcome")
    assert answer.status_code == 503 or outcome == "UNKNOWN", (answer.status_code, outcome)


def test_a_verdict_is_given_although_a_tile_is_missing(desk: Desk) -> None:
    """`verifying.look` promises never to raise for any text; now it is a 503 for a good certificate."""
    shutil.rmtree(desk.stage.service.settings.log_directory / "tile" / "entries")
    answer = desk.stage.client.post("/api/verify", json={"qr": desk.certified[0].qr})
    assert answer.status_code == 200
    assert answer.json()["complete"] is False


@pytest.mark.parametrize("path", ["check", "prepare"])
def test_a_date_at_the_end_of_the_calendar_is_no_fault(desk: Desk, path: str) -> None:
    body = desk.body(facts={"founded_on": "9999-12-31"})
    answer = (desk.check if path == "check" else desk.prepare)(body)
    assert answer.status_code < 500


def test_a_store_that_lost_a_person_row_does_not_call_the_holder_a_double_claimer(desk: Desk) -> None:
    """`holds.take` reads every IntegrityError, a broken reference too, as "holds it already"."""
    prepared = desk.prepared()
    with insider(desk.stage.service.settings) as raw:
        query = "DELETE FROM person WHERE person = (SELECT person FROM reservation WHERE certificate = :it)"
        assert raw.run(query, it=prepared.certificate).rowcount == 1
    assert desk.submit(desk.claim(prepared)).json()["code"] != "ALREADY_CLAIMED"


def test_a_client_that_hangs_up_is_no_fault_of_ours(stage: Stage) -> None:
    """Every cut upload is logged as an error with status 500: an alarm anybody can ring."""
    with capture_logs() as logs, Running(stage.service) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as line:
            line.sendall(b"POST /api/verify HTTP/1.1\r\n" + JSON + b"Content-Length: 100\r\n\r\n{")
            time.sleep(0.1)
        deadline = time.monotonic() + 5
        while not any(one["event"] == "request" for one in logs) and time.monotonic() < deadline:
            time.sleep(0.01)
    assert not [one for one in logs if one["event"] == "fault" or one.get("status") == 500]


# Attempts that fail, as they should.

PATHS = (
    *("/log/tile/0/x000/000", "/log/tile/0/000.p/0", "/log/tile/0/000.p/256", "/log/tile/00/000"),
    *("/log/tile/../checkpoint", "/log/tile/..%2f..%2fkeys/kek.key", "/log/tile/%2e%2e/%2e%2e/keys/kek.key"),
    *("/log/tile/0/000%00", "/log/tile/%ff%fe", "/log/tile/0/" + "x000/" * 2_000 + "000", "/log/tile//0/000"),
    *("/log/tile/63/x999/x999/x999/x999/x999/x999/999", "/log/tile/entries/000.p/1/", "/log/keys/kek.key"),
    *("/status/0", "/status/01", "/status/%2e%2e%2ftrust.cbor", "/status/1%0a", "/status/%EF%BC%91"),
    *(
        "/status/9999",
        "/status/99999",
        "/log/proof/-1",
        "/log/proof/00",
        "/log/proof/1e3",
        "/log/proof/%D9%A1",
    ),
    *("/log/proof/18446744073709551616", "/log/proof/" + "9" * 5_000, "/api/certificates/%00"),
    *("/api/certificates/" + "9" * 50_000, "/api/certificates/%F0%9F%98%80", "/api/certificates/%ff"),
    *("/api/subsidy/claims/%00", "/api/subsidy/claims/" + "A" * 32, "//", "/%2e%2e/%2e%2e/etc/passwd", "*"),
)
METHODS = ("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get", "X")
WIRE = {
    "chunks that are a text": (
        b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"qr"\r\n7\r\n: "abc"\r\n1\r\n}\r\n0\r\n\r\n',
        200,
    ),
    "chunks without a number": (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 400),
    "two lengths": (b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 400),
    "length and chunks": (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX", 400),
    "a negative length": (b"Content-Length: -1\r\n\r\n{}", 400),
    "a length beyond 64 bits": (b"Content-Length: 99999999999999999999\r\n\r\n{}", 400),
    "100 MB": (b"Content-Length: 104857600\r\n\r\n" + b"a" * 2**21, 413),
    "100 MB in chunks": (
        b"Transfer-Encoding: chunked\r\n\r\n" + (b"100000\r\n" + b"a" * 2**20 + b"\r\n") * 2,
        413,
    ),
}


@contextmanager
def quiet_server(desk: Desk) -> Iterator[str]:
    with capture_logs() as logs, Running(desk.stage.service) as address:
        yield address
    cut = "ClientDisconnect"  # has a test of its own
    assert not [one for one in logs if one["event"] == "fault" and one["error"] != cut]


def test_no_bytes_on_the_wire_make_a_fault(desk: Desk) -> None:
    with quiet_server(desk) as address:
        end = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        for path in PATHS:
            assert status_of(spoken(address, b"GET " + path.encode() + end)) in (400, 404, 414), path[:60]
        for method in METHODS:
            for path in ("/api/verify", "/log/checkpoint", "/nowhere"):
                answer = spoken(address, f"{method} {path}".encode() + end)
                served = (200,) if (method, path) == ("HEAD", "/log/checkpoint") else ()
                assert status_of(answer) in (400, 404, 405, *served), (method, path)
        for name, (rest, status) in WIRE.items():
            answer = spoken(address, b"POST /api/verify HTTP/1.1\r\n" + JSON + rest)
            assert status_of(answer) == status, name
        assert status_of(spoken(address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")) == 400
        assert status_of(spoken(address, b"GET /healthz" + end)) == 200, "and it still serves"


def test_deep_and_wide_bodies_are_a_400(stage: Stage) -> None:
    wide = b'{"items":[' + b",".join([b"{}"] * 50_000) + b"]}"
    pairs = b'{"statement":"x",' + b",".join(b'"a%d":1' % n for n in range(50_000)) + b"}"
    deep = b'{"items":' * 5_000 + b"1" + b"}" * 5_000
    long_text = b'{"statement":"' + b"A" * 1_000_000 + b'"}'
    for content in (wide, pairs, deep, long_text):
        answer = stage.client.post(
            "/api/statements", content=content, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400


def test_a_busy_database_is_a_503_and_nothing_is_lost(desk: Desk) -> None:
    """Somebody else holds the write lock: claims wait, then are told to retry; the retry works."""
    stage, told = desk.stage, desk.claim(desk.prepared())
    stage.service.database._patience = 0.2
    with stage.service.database.transaction():
        answer = desk.submit(told)
        assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE_BUSY")
        assert stage.client.post("/api/verify", json={"qr": desk.certified[0].qr}).json()["state"] == "valid"
    assert desk.submit(told).json()["status"] == "appended"


def test_an_ahead_log_keeps_serving_what_is_published(desk: Desk) -> None:
    stage = desk.stage
    stage.service.alarms.read_only = Unavailable("LOG_AHEAD", "told by the test")
    assert stage.client.get("/readyz").status_code == 503
    for path in (
        "/log/checkpoint",
        "/trust.cbor",
        "/status/1",
        f"/api/certificates/{desk.certified[0].item.code}",
    ):
        assert stage.client.get(path).status_code == 200
    assert desk.submit(desk.claim(desk.prepared())).json()["code"] == "LOG_AHEAD"
