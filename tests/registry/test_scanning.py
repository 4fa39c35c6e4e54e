"""POST /api/scan: pictures are read and forgotten; what is none, or too much, is refused with a code."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from structlog.testing import capture_logs

from issuers.credential import parse_credential
from issuers.printing import pictured
from issuers.qr import make_text, png
from registry.http import scanning
from tests.ground import on
from tests.issuers.paper import certificate, text_of
from tests.issuers.test_seal import sealed, unsealed
from tests.registry.desk import Desk
from tests.registry.stage import Stage
from verify.scan import scan_image

PNG = {"content-type": "image/png"}
PDF = {"content-type": "application/pdf"}


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
        (b"", PDF, 400, "PDF_UNREADABLE"),
        (b"%PDF-1.7", PDF, 400, "PDF_UNREADABLE"),
        (bytes(scanning.BYTES_MAX + 1), PDF, 413, "BODY_SIZE"),
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


def scanned(*texts: str, kind: str = "RGB") -> bytes:
    """A PDF as a scanner makes it: a picture a page, nothing attached. RGB lies in it as JPEG."""
    pages = []
    for text in texts:
        page = Image.new(kind, (1240, 1754), "white")
        if text:
            page.paste(Image.open(io.BytesIO(png(text, scale=4))).convert(kind), (700, 1200))
        pages.append(page)
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    return out.getvalue()


@on("sqlite")
def test_a_pdf_of_ours_gives_the_text_of_what_it_carries(desk: Desk) -> None:
    host = desk.stage.service.settings.qr_origin
    text = make_text(
        host=host, code=parse_credential(certificate(1)[1]).claims.code, credential=certificate(1)[1]
    )
    with capture_logs() as logs:
        assert ask(desk.stage, sealed(), PDF).json() == {"qr": text, "sealed": True}
        assert ask(desk.stage, unsealed(), PDF).json() == {"qr": text, "sealed": False}
    assert text[-40:] not in str(logs)
    changed = bytearray(sealed())
    changed[len(unsealed()) // 2] ^= 1
    answer = ask(desk.stage, bytes(changed), PDF)
    assert (answer.status_code, answer.json()["code"]) == (422, "PDF_ALTERED")


@on("sqlite")
def test_a_pdf_that_was_scanned_is_read_by_its_picture(desk: Desk) -> None:
    text = desk.certified[0].qr
    assert ask(desk.stage, scanned("", text), PDF).json() == {"qr": text}
    assert ask(desk.stage, scanned(""), PDF).json()["code"] == "SCAN_NONE"
    assert ask(desk.stage, scanned(text, desk.certified[1].qr), PDF).json()["code"] == "SCAN_SEVERAL"
    far = ask(desk.stage, scanned(*[""] * pictured.PAGES_MAX, text), PDF)
    assert far.json()["code"] == "SCAN_NONE", "only the first pages are looked at"


def test_packed_dots_are_a_picture_too() -> None:
    """As the QR code lies in our own PDF, were its attachments taken out."""
    pictures = pictured.read_pictures(unsealed())
    assert [scan_image(one) for one in pictures] == [text_of(certificate(1)[1])]


def test_a_tree_of_pages_that_leads_in_circles_ends() -> None:
    head = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    tree = b"2 0 obj\n<</Kids[2 0 R 2 0 R]>>\nendobj\n"
    table = b"xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n%010d 00000 n \n" % len(head)
    tail = b"trailer\n<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(head + tree)
    assert pictured.read_pictures(head + tree + table + tail) == []
