"""What the tests of the scanner share: codes as pictures, papers and films; a page kept for offline."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page

from issuers.acts.words import CertificateKind
from issuers.credential import parse_credential
from issuers.printing.certificate_pdf import make_pdf
from issuers.printing.templates import shipped
from registry.scanner_library import here
from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.states import Scene
from tests.issuers.paper import page_of
from tests.world_parts import HOST


def need_library() -> None:
    """The library that reads codes in any browser; CI fetches it."""
    if here():
        return
    if os.environ.get("MALAN_CI"):
        pytest.fail("the scanner's library is not here: .ci/run fetches it")
    pytest.skip("the scanner's library is not here: make scanner")


def symbol(text: str, *, scale: int = 3) -> Image.Image:
    """The QR code of any text."""
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_image(scale=scale)
    height, width = made.shape
    drawn = Image.frombytes("L", (width, height), bytes(memoryview(made).cast("B")))
    sheet = Image.new("L", (width + 40, height + 40), 255)
    sheet.paste(drawn, (20, 20))
    return sheet


def picture(text: str) -> bytes:
    """The code as a PNG."""
    return saved(symbol(text), "PNG")


def saved(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def scanned_pdf(text: str) -> bytes:
    """A sheet of A4 as an office scanner sends it: one JPEG in a PDF."""
    sheet = Image.new("RGB", (1240, 1754), "white")
    sheet.paste(symbol(text).convert("RGB"), (600, 1100))
    return saved(sheet, "PDF")


def certificate_pdf(scene: Scene, *, proof: bool = True) -> bytes:
    """The first certificate of a scene as a body sends it, but for its seal."""
    credential = scene.world.credentials[0]
    return make_pdf(
        page_of(parse_credential(credential).claims),
        host=HOST,
        credential=credential,
        proof=scene.proof if proof else None,
        template=shipped(CertificateKind.QUALIFICATION),
    )


def film(text: str, path: Path, *, frames: int = 2) -> None:
    """A camera's view of the code: YUV4MPEG2, 640 by 480, grey."""
    shown = symbol(text, scale=4)
    view = Image.new("L", (640, 480), 200)
    view.paste(shown, ((640 - shown.width) // 2, (480 - shown.height) // 2))
    frame = b"FRAME\n" + view.tobytes() + bytes([128]) * (640 * 480 // 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * frames)


def put(page: Page, data: bytes, kind: str = "image/png") -> None:
    """Chooses a file on the start of the page."""
    page.wait_for_selector("#photo-choose:visible")
    page.set_input_files("#photo", {"name": "x", "mimeType": kind, "buffer": data})


def verdict_of(page: Page) -> str:
    """The heading of the verdict, once it is there."""
    page.wait_for_selector(".verdict h1")
    return page.inner_text(".verdict h1").strip()


def forget(page: Page) -> None:
    """Another log follows: nothing is remembered of the one before."""
    page.evaluate("async () => { localStorage.removeItem('malan.pin'); await caches.delete('malan-trust'); }")


def wait_until_kept(page: Page, how: str = "all") -> None:
    """The start of the page says how much of the trust is here: all, some or none."""
    page.wait_for_selector(f"#offline-said [data-kept='{how}']")


def kept_page(site: Site, visit: Visit, scene: Scene, **options: str) -> Page:
    """The start of the page after one visit: kept, with the trust of the scene."""
    page, _ = visit(site.address, service_workers="allow", **options)
    page.clock.set_fixed_time(scene.seconds)
    page.goto(site.address + "/")
    wait_until_kept(page)
    return page


@contextmanager
def without_network(page: Page, site: Site) -> Iterator[None]:
    """The page has no network; that nothing reached the service is asserted.

    But for one thing: Chromium looks for a newer worker by itself, past the network that is taken from pages.
    """
    page.context.set_offline(True)
    asked = len(site.asked)
    yield
    assert set(site.asked[asked:]) <= {"GET /service-worker.js"}


def without_library(page: Page) -> None:
    """A service installed without the library that reads QR codes."""
    page.route("**/assets/scanner.json", lambda route: route.fulfill(json={"library": None}))
