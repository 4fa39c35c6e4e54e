"""A disk that is nearly full: nothing is appended, everything else goes on, and it comes back by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from issuers.base64url import to_b64
from ledger.errors import Unavailable
from registry import alarms
from registry.free_disk import LOOK_SECONDS, FreeDisk, free_bytes
from registry.http.app import create_app
from tests.registry.stage import Stage, dismissal

MIB = 2**20


class Room:
    """A disk whose room and time the test decides."""

    def __init__(self, free: int) -> None:
        self.free, self.now, self.looked = free, 0.0, 0

    def disk(self) -> FreeDisk:
        return FreeDisk(Path(), floor_mib=256, free=self._ask, monotonic=lambda: self.now)

    def _ask(self, _: Path) -> int:
        self.looked += 1
        if self.free < 0:
            raise OSError
        return self.free


def test_below_the_floor_and_not_at_it() -> None:
    room = Room(256 * MIB)
    disk = room.disk()
    disk.check()
    room.free, room.now = 256 * MIB - 1, LOOK_SECONDS
    with pytest.raises(Unavailable, match="DISK_LOW"):
        disk.check()


def test_it_is_looked_at_once_a_second() -> None:
    room = Room(0)
    disk = room.disk()
    for _ in range(3):
        with pytest.raises(Unavailable):
            disk.check()
    room.free = 1024 * MIB
    with pytest.raises(Unavailable):
        disk.check()
    assert room.looked == 1
    room.now += LOOK_SECONDS
    disk.check()
    assert room.looked == 2


def test_a_disk_that_cannot_be_asked_is_not_a_full_one() -> None:
    Room(-1).disk().check()


def test_a_real_disk_has_room(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > MIB


@pytest.fixture
def served(stage: Stage) -> Callable[[Room], TestClient]:
    def client(room: Room) -> TestClient:
        return TestClient(create_app(replace(stage.service, disk=room.disk())))

    return client


def test_nothing_is_appended_until_there_is_room(stage: Stage, served: Callable[[Room], TestClient]) -> None:
    stage.publish()
    room, body, size = Room(0), {"statement": to_b64(dismissal(stage))}, stage.size()
    client = served(room)
    for sent in (body, {"items": [body]}):
        refused = client.post("/api/statements", json=sent)
        assert (refused.status_code, refused.json()["code"]) == (503, "DISK_LOW")
        assert int(refused.headers["retry-after"]) > 0
    assert stage.size() == size
    assert client.get("/log/checkpoint").status_code == 200
    assert client.post("/api/verify", json={"qr": "x"}).status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["error"]) == (503, "DISK_LOW"), "another process may have room"
    room.free, room.now = 1024 * MIB, LOOK_SECONDS
    assert client.post("/api/statements", json=body).json()["results"][0]["status"] == "appended"
    assert "DISK_LOW" not in alarms.at_hand(stage.service)
