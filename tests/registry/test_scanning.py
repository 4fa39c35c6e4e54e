"""POST /api/scan: pictures are read and forgotten; what is none, or too much, is refused with a code."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from issuers.qr import png
from registry.http import scanning
from tests.registry.desk import Desk
from tests.registry.stage import Stage

PNG = {"content-type": "image/png"}


def ask(stage: Stage, data: bytes, headers: dict[str, str]) -> Any:
    return stage.client.post("/api/scan", content=data, headers=headers)


@pytest.mark.parametrize(
    ("data", "headers", "status", "code"),
    [
        (b"", PNG, 400, "SCAN_NOT_IMAGE"),
        (b"GIF89a", PNG, 400, "SCAN_NOT_IMAGE"),
        (b"{}", {"content-type": "application/json"}, 415, "BODY_TYPE"),
        (b"x", {**PNG, "content-encoding": "gzip"}, 415, "BODY_TYPE"),
        (bytes(scanning.BYTES_MAX + 1), PNG, 413, "BODY_SIZE"),
    ],
)
def test_what_is_no_picture_is_refused(
    stage: Stage, data: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = ask(stage, data, headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_code_is_read_and_not_logged(desk: Desk) -> None:
    text = desk.certified[0].qr
    with capture_logs() as logs:
        answer = ask(desk.stage, png(text, scale=3), PNG)
    assert answer.json() == {"qr": text}
    assert text[-40:] not in str(logs)


def test_no_more_pictures_are_read_at_once_than_the_machine_can_bear(desk: Desk) -> None:
    picture = png(desk.certified[0].qr, scale=3)
    for _ in range(scanning.AT_ONCE):
        assert scanning._free.acquire(blocking=False)
    try:
        answer = ask(desk.stage, picture, PNG)
        assert (answer.status_code, answer.json()["code"]) == (503, "SCAN_BUSY")
    finally:
        for _ in range(scanning.AT_ONCE):
            scanning._free.release()
    assert ask(desk.stage, picture, PNG).status_code == 200
