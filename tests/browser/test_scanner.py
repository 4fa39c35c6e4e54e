"""The scanner in a real Chromium: states by picture, other hosts, PDF, camera, reports, what is refused."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright

from tests.browser.conftest import SIZES, Visit, axe_complaints, fits
from tests.browser.scanning import (
    certificate_pdf,
    film,
    forget,
    need_library,
    picture,
    put,
    saved,
    scanned_pdf,
    symbol,
    verdict_of,
    without_library,
)
from tests.browser.site import Site
from tests.browser.states import STATES, Scene, other_host, valid
from tests.verify.shown import claims_of
from verify.words import STATE_WORDS

Shot = Callable[[Page, str], None]
FULL = os.environ.get("MALAN_CAMPAIGN") == "full"
SOME = ("revoked", "tampered", "unreadable", "newer-version")
SHOWN = STATES if FULL else {name: STATES[name] for name in SOME}


def at(site: Site, visit: Visit, scene: Scene, **options: str) -> Page:
    page, _ = visit(site.address, **options)
    page.clock.set_fixed_time(scene.seconds)
    page.goto(site.address + "/")
    return page


def test_every_state_by_a_picture(site: Site, visit: Visit) -> None:
    """As by the address of a phone (`test_verify_page`), but read by the library in its worker."""
    need_library()
    page, watch = visit(site.address)
    for make, state, code in SHOWN.values():
        scene = make()
        site.clear()
        text = scene.lay(site)
        page.clock.set_fixed_time(scene.seconds)
        page.goto(site.address + "/")
        forget(page)
        put(page, picture(text))
        assert verdict_of(page) == STATE_WORDS[state].title.zh, (state, code)
        assert code in page.inner_text(".verdict")
        if state == "tampered":  # a report on what is not known stays to be filled in
            told = page.input_value("#report")
            assert ("证书编号：\n" in told and "SIGNATURE_BAD" in told) or code != "SIGNATURE_BAD"
    assert not any("/api/scan" in url or "/api/verify" in url for _, url in watch.asked)


def test_a_code_of_another_host_is_refused_and_it_is_said_why(site: Site, visit: Visit, shot: Shot) -> None:
    need_library()
    scene = other_host()
    scene.lay(site)
    text = "https://cert-malan.example/v/1234567890123456#1" + "0" * 40
    page = at(site, visit, scene)
    put(page, picture(text))
    verdict_of(page)
    for language, why in (("zh-CN", "没有打开那个网址"), ("en", "did not open that address")):
        page.click(f"[data-choose='{language}']")
        said = page.inner_text("#result")
        assert "QR_OTHER_HOST" in said and why in said
        assert "https://cert-malan.example" in said and "https://cert.malan.example" in said
        shot(page, f"scanner-other-host-phone-{language}")
    assert page.locator("#result a[href*='example']").count() == 0, "never a link"
    assert "https://cert-malan.example" in page.input_value("#report")
    assert axe_complaints(page) == [] and fits(page)
    page.goto(site.address + "/")
    put(page, picture("WIFI:T:WPA;S=office;P=x;;"))
    assert verdict_of(page) == STATE_WORDS["unreadable"].title.en, "what is no certificate at all"


def test_of_several_codes_ours_is_taken_and_two_of_ours_are_too_many(site: Site, visit: Visit) -> None:
    need_library()
    scene = valid()
    text = scene.lay(site)

    def beside(*texts: str) -> bytes:
        codes = [symbol(one) for one in texts]
        sheet = symbol("x").resize((sum(one.width for one in codes), max(one.height for one in codes)))
        sheet.paste(255, (0, 0, *sheet.size))
        for place, one in enumerate(codes):
            sheet.paste(one, (sum(before.width for before in codes[:place]), 0))
        return saved(sheet, "PNG")

    page = at(site, visit, scene)
    put(page, beside(text, text[:-3]))
    page.wait_for_selector("#scan-said .notice")
    page.get_by_text("图片中有多个二维码").wait_for()
    put(page, beside(text, "https://pay.example.com/x"))
    page.wait_for_selector(".verdict[data-tone='good']")


def test_a_pdf_gives_what_it_carries_and_stays_here(site: Site, visit: Visit, shot: Shot) -> None:
    """Also where the log does not answer: the proof lies in the file."""
    scene = valid()
    scene.lay(site)
    site.answers = {path: answer for path, answer in site.answers.items() if not path.startswith("/api/")}
    page = at(site, visit, scene)
    put(page, certificate_pdf(scene), "application/pdf")
    page.wait_for_selector(".verdict[data-tone='good']")
    said = page.inner_text("#result")
    assert "账本有记载" in said and "PDF 页面上的盖章没有核验" in said
    assert not any("/api/" in one for one in site.asked)
    assert axe_complaints(page) == [] and fits(page)
    shot(page, "scanner-pdf-phone-zh-CN")


def test_a_pdf_that_was_scanned_is_read_here_and_one_with_nothing_is_offered_to_the_server(
    site: Site, visit: Visit, shot: Shot
) -> None:
    need_library()
    scene = valid()
    text = scene.lay(site)
    page = at(site, visit, scene)
    put(page, b"%PDF-1.7 nothing", "application/pdf")
    page.wait_for_selector("#scan-said button")
    assert not any("/api/" in one for one in site.asked)
    shot(page, "scanner-send-phone-zh-CN")
    site.lay_json("/api/scan", {"code": "PDF_ALTERED"}, 422)
    page.click("#scan-said button")
    page.get_by_text("盖章之后被改动过").wait_for()
    site.lay_json("/api/scan", {"qr": text, "sealed": False})
    put(page, b"%PDF-1.7 nothing", "application/pdf")
    page.click("#scan-said button")
    page.wait_for_selector(".verdict[data-tone='good']")
    assert "PDF 页面上的盖章没有核验" in page.inner_text(".verdict")
    page.goto(site.address + "/")
    asked = len(site.asked)
    put(page, scanned_pdf(text), "application/pdf")
    page.wait_for_selector(".verdict[data-tone='good']")
    assert not any("/api/scan" in one for one in site.asked[asked:])


def test_the_camera_reads_by_the_library(site: Site, playwright_of: Playwright, tmp_path: Path) -> None:
    """A film of the code before Chromium's own camera: no part of the page is replaced."""
    need_library()
    scene = valid()
    text = scene.lay(site)
    film(text, tmp_path / "code.y4m")
    browser = playwright_of.chromium.launch(
        executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
        args=[
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "--disable-dev-shm-usage",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={tmp_path / 'code.y4m'}",
        ],
    )
    try:
        context = browser.new_context(permissions=["camera"], service_workers="block")
        page = context.new_page()
        page.clock.set_fixed_time(scene.seconds)
        page.goto(site.address + "/")
        page.click("#camera-start")
        page.wait_for_selector(".verdict[data-tone='good']", timeout=30_000)
        assert not any("/api/scan" in one for one in site.asked)
    finally:
        browser.close()


def test_a_report_has_the_number_filled_in(site: Site, visit: Visit, shot: Shot) -> None:
    make, state, code = STATES["revoked"]
    scene = make()
    page = at(site, visit, scene)
    page.goto(scene.lay(site))
    page.wait_for_selector(".facts")
    page.click("#result summary >> nth=0")
    words = STATE_WORDS[state].title
    for language, title in (("en", words.en), ("zh-CN", words.zh)):
        page.click(f"[data-choose='{language}']")
        told = page.input_value("#report")
        assert title in told and claims_of(scene.world).number in told and code in told
        assert site.address.removeprefix("http://") in told
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            assert fits(page)
            shot(page, f"scanner-report-{size}-{language}")
    assert axe_complaints(page) == []
    page.fill("#report", "自己写的")
    page.click("[data-choose='en']")
    assert page.input_value("#report") == "自己写的", "what somebody wrote stays"


def test_without_the_library_nothing_is_asked_of_it(site: Site, visit: Visit) -> None:
    scene = valid()
    scene.lay(site)
    page, watch = visit(site.address)
    without_library(page)
    page.goto(site.address + "/")
    put(page, picture("x"))
    page.wait_for_selector("#scan-said button")
    assert not any("zxing" in url or "scan_worker" in url for _, url in watch.asked)


def test_a_library_that_does_not_load_is_given_up(site: Site, visit: Visit) -> None:
    """The worker is there and its library is not: a picture is offered to the service, the camera closed."""
    need_library()
    page, watch = visit(site.address, permissions=["camera"])
    page.route("**/assets/zxing_reader.wasm", lambda route: route.fulfill(status=503))
    page.goto(site.address + "/")
    page.click("#camera-start")
    page.get_by_text("摄像头打不开或未获允许").wait_for()
    put(page, picture("x"))
    page.wait_for_selector("#scan-said button")
    assert 1 <= sum("zxing_reader.wasm" in url for _, url in watch.asked) <= 4


def test_the_pages_policy_allows_two_workers_and_no_compiling(site: Site, chromium: Browser) -> None:
    """Negative controls: what an intruder in the page could try."""
    page = chromium.new_page(service_workers="block")
    page.goto(site.address + "/")
    page.wait_for_selector("#photo-choose:visible")
    tried = """async (what) => { try {
      if (what === "wasm") await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
      if (what === "worker") new Worker("/assets/scan_worker.js");
      if (what === "policy") trustedTypes.createPolicy("malan", { createScriptURL: (url) => url });
      if (what === "other") trustedTypes.createPolicy("other", { createScriptURL: (url) => url });
      return "allowed";
    } catch (error) { return error.name; } }"""
    assert page.evaluate(tried, "wasm") == "CompileError"
    assert {page.evaluate(tried, what) for what in ("worker", "policy", "other")} == {"TypeError"}
    assert (
        page.evaluate(
            """async () => { const made = await import("/assets/trusted_scripts.js");
          return Object.keys(made).sort().join(); }"""
        )
        == "startKeeper,startReader"
    )
    page.close()
