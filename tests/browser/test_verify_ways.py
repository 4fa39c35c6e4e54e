"""Ways to a verdict besides a scan: pasted, photographed, filmed, unencrypted; a stranger's whole journey."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import INSECURE, DemoWorld, Visit, axe_complaints, fits, start
from tests.browser.scanning import certificate_pdf, put, without_library
from tests.browser.site import Site
from tests.browser.states import corrected, valid

Shot = Callable[[Page, str], None]
# A browser that reads QR codes, as far as the page can tell: it says what the test wants it to see.
DETECTOR = """(text) => { globalThis.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() { return text === null ? [] : [{ rawValue: text }]; }
}; }"""


def picture() -> bytes:
    """Any picture; what stands in it says the detector above."""
    data = io.BytesIO()
    Image.new("L", (40, 40), 255).save(data, "PNG")
    return data.getvalue()


def test_pasted_text_is_checked_here(site: Site, visit: Visit) -> None:
    scene = valid()
    text = scene.lay(site)
    page = start(site, visit)
    page.clock.set_fixed_time(scene.seconds)
    page.click("details summary")
    page.fill("#text", f"  {text}\n")
    page.click("#text-form button")
    page.wait_for_selector(".verdict[data-tone='good']")
    assert not any("/api/verify" in one for one in site.asked)


def test_a_pdf_of_a_former_version_says_which_is_in_force(site: Site, visit: Visit) -> None:
    """It brings its own proof; why it is superseded only the log can say."""
    scene = corrected()
    scene.lay(site)
    page = start(site, visit)
    page.clock.set_fixed_time(scene.seconds)
    put(page, certificate_pdf(scene), "application/pdf")
    page.wait_for_selector(".verdict h1")
    shown = page.inner_text("#result")
    assert "LIFE_CORRECTED" in shown and "现行版本：第 2 版" in shown


def test_a_look_alike_that_was_scanned_is_named(site: Site, visit: Visit) -> None:
    scene = valid()
    text = scene.lay(site).replace(site.address, "https://cert-malan.example")
    page = start(site, visit, before=f"({DETECTOR})({json.dumps(text)})")
    page.set_input_files("#photo", {"name": "x.png", "mimeType": "image/png", "buffer": picture()})
    page.wait_for_selector(".verdict")
    assert "QR_OTHER_HOST" in page.inner_text(".verdict")
    assert not any("/api/" in one for one in site.asked)


def test_the_camera_reads_and_is_let_go(site: Site, visit: Visit, shot: Shot) -> None:
    scene = valid()
    text = scene.lay(site)
    page, _ = visit(site.address, permissions=["camera"])
    page.add_init_script(f"({DETECTOR})(null)")
    page.clock.set_fixed_time(scene.seconds)
    page.goto(site.address + "/")
    page.click("#camera-start")
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('video').videoWidth") > 0
    assert axe_complaints(page) == []
    shot(page, "camera-phone-zh-CN")
    page.evaluate("window.stream = document.querySelector('video').srcObject")
    page.evaluate(f"({DETECTOR})({json.dumps(text)})")
    page.wait_for_selector(".verdict[data-tone='good']")
    assert page.evaluate("window.stream.getTracks().every((track) => track.readyState === 'ended')")


def test_a_camera_that_may_not_be_used_is_said(site: Site, visit: Visit) -> None:
    page = start(
        site,
        visit,
        before=f"""({DETECTOR})(null);
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error("denied"));""",
    )
    page.click("#camera-start")
    page.wait_for_selector("#scan-said .notice")
    assert "摄像头打不开" in page.inner_text("#scan-said")
    assert page.is_visible("#camera-start")


def test_a_photo_goes_to_the_server_only_after_a_click(demo: DemoWorld, visit: Visit, shot: Shot) -> None:
    """No reader of QR codes in this Chromium and no library: the service reads the printed card."""
    page, watch = visit(demo.address)
    without_library(page)
    page.goto(demo.address + "/")
    card = Path(demo.told["certificates"][0]["card"])
    page.set_input_files("#photo", card)
    page.wait_for_selector("#scan-said button")
    assert not any("/api/" in url for _, url in watch.asked)
    assert "不保存" in page.inner_text("#scan-said")
    shot(page, "photo-ask-phone-zh-CN")
    page.click("#scan-said button")
    page.wait_for_selector(".verdict[data-tone='good']")
    assert ("POST", demo.address + "/api/scan") in watch.asked


def test_over_plain_http_the_page_says_so_and_asks_before_it_sends(
    site: Site, visit: Visit, shot: Shot
) -> None:
    scene = valid()
    text = scene.lay(site)
    insecure = site.address.replace("127.0.0.1", INSECURE)
    page, _ = visit(insecure)
    page.goto(text.replace(site.address, insecure))
    page.wait_for_selector(".verdict")
    assert page.evaluate("isSecureContext") is False
    assert "本机不能核验" in page.inner_text(".verdict h1")
    assert "会发送给服务器" in page.inner_text(".verdict")
    assert not any("/api/" in one for one in site.asked)
    assert axe_complaints(page) == [] and fits(page)
    shot(page, "plain-http-phone-zh-CN")
    words = {"zh": "真实有效", "en": "Genuine and in force"}
    verdict = {
        "state": "valid",
        "code": "",
        "title": words,
        "advice": words,
        "complete": True,
        "final": False,
        "cosigned": 0,
        "witnesses": 0,
        "status_fresh": True,
        "checked_at": "2026-03-13T02:00:00Z",
        "facts": None,
        "life": None,
        "steps": [],
    }
    site.lay_json("/api/verify", verdict)
    page.click(".verdict button")
    page.wait_for_selector(".verdict[data-tone='good']")
    assert "由服务器核验，不是本机核验" in page.inner_text(".verdict")
    assert json.loads(site.bodies[-1])["qr"] == text.replace(site.address, insecure)


def test_another_genesis_than_the_one_remembered_is_an_alarm(site: Site, visit: Visit, shot: Shot) -> None:
    scene = valid()
    text = scene.lay(site)
    page = start(site, visit)
    page.clock.set_fixed_time(scene.seconds)
    page.goto(text)
    page.wait_for_selector(".verdict[data-tone='good']")
    assert "首次在本浏览器核验" in page.inner_text("#result")
    page.goto(site.address + "/")
    page.goto(text)
    page.wait_for_selector(".verdict[data-tone='good']")
    assert "与以前记住的一致" in page.inner_text("#result")
    page.evaluate("""() => { const pin = JSON.parse(localStorage.getItem("malan.pin"));
      localStorage.setItem("malan.pin", JSON.stringify({ ...pin, genesis: "00".repeat(32) })); }""")
    page.goto(site.address + "/")
    page.goto(text)
    page.wait_for_selector(".verdict[data-tone='grey']")
    assert "TRUST_GENESIS" in page.inner_text(".verdict")
    assert "也可能是冒充" in page.inner_text("#result [role=alert]")
    shown = page.inner_text("#result")
    assert "00" * 32 in shown and scene.world.said[0].hash.hex() in shown
    assert axe_complaints(page) == [] and fits(page)
    shot(page, "alarm-phone-zh-CN")
    page.click("#result .notice button")
    page.wait_for_selector("#code:visible")
    assert page.evaluate("localStorage.getItem('malan.pin')") is None


def test_the_journey_of_a_stranger_leaves_no_name_in_the_log(demo: DemoWorld, visit: Visit) -> None:
    """Every certificate of the demo world, scanned; then the service's own output is searched."""
    names = []
    for number, text in demo.qr_texts().items():
        page, _ = visit(demo.address)
        page.goto(text)
        page.wait_for_selector(".verdict h1")
        page.wait_for_selector(".facts")
        revoked = number == demo.told["revoked"]
        assert page.get_attribute(".verdict", "data-tone") == ("bad" if revoked else "good")
        assert "In the log" in page.text_content(".badges")
        names.append(page.text_content(".facts .strong"))
    assert len(names) == len(demo.qr_texts()) > 3
    said = demo.said()
    assert '"/v/{code}"' in said or "/v/{code}" in said
    for text, name in zip(demo.qr_texts().values(), names, strict=True):
        assert name and name not in said
        digits = text.split("#1")[1]
        assert digits[:17] not in said and text.split("/v/")[1][:16] not in said
