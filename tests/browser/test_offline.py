"""With the network off after one visit the page opens, reads and decides; what it keeps, and what never."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from registry.http.offline import files_of, service_worker
from registry.http.pages import _at
from tests.browser.conftest import SIZES, DemoWorld, Visit, axe_complaints, fits
from tests.browser.scanning import (
    certificate_pdf,
    forget,
    kept_page,
    need_library,
    picture,
    put,
    verdict_of,
    wait_until_kept,
    without_network,
)
from tests.browser.site import Site
from tests.browser.states import STATES, valid
from tests.browser.test_typed_codes import CODE
from verify.words import STATE_WORDS

Shot = Callable[[Page, str], None]
FULL = os.environ.get("MALAN_CAMPAIGN") == "full"
# The log cannot be asked without a network, so what only it could say ends otherwise than in the table.
OTHERWISE = {
    "not-logged": "valid",
    "not-logged-yet": "valid",
    "cancelled": "revoked",
    "corrected": "superseded",
    "no-trust": "could_not_check",
}
SOME = ("valid", "revoked", "tampered", "other-host")
SHOWN = tuple(STATES) if FULL else SOME


def test_every_state_without_a_network(site: Site, visit: Visit, shot: Shot) -> None:
    """One phone that meets one log after the other: each is seen once, then the network is taken."""
    need_library()
    first = valid()
    first.lay(site)
    page = kept_page(site, visit, first)
    for name in SHOWN:
        make, state, code = STATES[name]
        scene = make()
        site.clear()
        text = scene.lay(site)
        page.clock.set_fixed_time(scene.seconds)
        forget(page)
        page.goto(site.address + "/")
        wait_until_kept(page, "none" if name == "no-trust" else "all")
        with without_network(page, site):
            page.goto(site.address + "/")
            put(page, picture(text))
            words = STATE_WORDS[OTHERWISE.get(name, state)].title
            assert verdict_of(page) == words.zh, name
            assert code in page.inner_text("#result") or name in OTHERWISE
            if name == "valid":
                assert "未核对账本" in page.inner_text(".badges")
                assert axe_complaints(page) == []
            assert fits(page)
            shot(page, f"offline-{name}-phone-zh-CN")
        page.context.set_offline(False)


def test_a_day_without_a_network(site: Site, visit: Visit, shot: Shot) -> None:
    """A phone's own camera, a typed code, a PDF, and two days later."""
    need_library()
    scene = valid()
    text = scene.lay(site)
    page = kept_page(site, visit, scene)
    with without_network(page, site):
        page.goto(text)
        page.wait_for_selector(".verdict[data-tone='good']")
        assert page.evaluate("location.hash") == "", "what follows the # stays in the page"
        page.goto(f"{site.address}/v/{CODE}")
        page.wait_for_selector(".verdict[data-tone='grey']")
        assert "现在没有网络" in page.inner_text("#result")
        page.goto(site.address + "/")
        put(page, certificate_pdf(scene), "application/pdf")
        page.wait_for_selector(".verdict[data-tone='good']")
        assert "账本有记载" in page.inner_text(".badges"), "its proof lies in the file"
        page.clock.set_fixed_time(scene.seconds + 2 * 86_400)
        page.goto(site.address + "/")
        put(page, picture(text))
        assert verdict_of(page) == STATE_WORDS["valid"].title.zh
        assert "已过期" in page.inner_text(".badges")
        shot(page, "offline-old-phone-zh-CN")


def test_the_service_itself_is_kept_and_does_without(demo: DemoWorld, visit: Visit) -> None:
    """Not laid out by a test: the pages, headers and bundle of `malan serve`, and a card as it was issued."""
    need_library()
    page, watch = visit(demo.address, service_workers="allow")
    page.goto(demo.address + "/")
    wait_until_kept(page)
    page.context.set_offline(True)
    page.goto(demo.address + "/")
    page.wait_for_selector("#photo-choose:visible")
    page.set_input_files("#photo", Path(demo.told["certificates"][0]["card"]))
    page.wait_for_selector(".verdict[data-tone='good']")
    assert "未核对账本" in page.inner_text(".badges")
    page.goto(demo.qr_texts()[demo.told["revoked"]])
    page.wait_for_selector(".verdict[data-tone='bad']")
    assert not any("/api/scan" in url for _, url in watch.asked)


def test_without_a_visit_there_is_nothing(site: Site, visit: Visit) -> None:
    """Negative control: the same page, not kept."""
    scene = valid()
    scene.lay(site)
    page, _ = visit(site.address)
    page.goto(site.address + "/")
    page.wait_for_selector("#photo-choose:visible")
    page.context.set_offline(True)
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        page.goto(site.address + "/")


def test_the_start_says_since_when_it_is_kept(site: Site, visit: Visit, shot: Shot) -> None:
    scene = valid()
    scene.lay(site)
    page = kept_page(site, visit, scene)
    for language, said in (("zh-CN", "没有网络也能扫码核验"), ("en", "without a network")):
        page.click(f"[data-choose='{language}']")
        assert said in page.inner_text("#offline-said")
        assert axe_complaints(page) == []
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            assert fits(page)
            shot(page, f"scanner-start-{size}-{language}")


def test_only_files_and_the_bundle_are_kept(site: Site, visit: Visit) -> None:
    """No answer about a certificate, no address with a code, no fragment."""
    scene = valid()
    text = scene.lay(site)
    page = kept_page(site, visit, scene)
    page.goto(text)
    page.wait_for_selector(".verdict[data-tone='good']")
    assert any("/api/certificates/" in one for one in site.asked)
    kept = page.evaluate(
        """async () => (await Promise.all((await caches.keys()).map(async (name) =>
          (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat()"""
    )
    paths = {url.removeprefix(site.address) for url in kept}
    trust = {path for path in site.answers if path.startswith("/trust/")}
    assert len(trust) == 2 and {"/", *trust} <= paths
    assert all(path in ("/", *trust) or path.startswith(("/js/", "/assets/")) for path in paths)
    asked = {one.split(" ")[1] for one in site.asked if one.startswith("GET /js/") or "GET /assets/" in one}
    assert asked <= paths, "all that the page loads is kept"
    before = len(site.asked)
    page.goto(site.address + "/keys")
    page.wait_for_selector("main")
    assert {"GET /keys", "GET /assets/malan.css"} <= set(site.asked[before:]), "other pages are left alone"
    page.context.set_offline(True)
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        page.goto(site.address + "/keys")


def test_a_newer_version_is_taken_whole() -> None:
    script = b"// script"
    before = service_worker(script, _at)
    assert service_worker(script, _at) == before

    def changed(address: str) -> tuple[bytes, str] | None:
        found = _at(address)
        return None if found is None else (found[0], '"new"' if address.endswith("check.js") else found[1])

    after = service_worker(script, changed)
    told = [json.loads(one.split(b"= ", 1)[1].split(b";\n")[0]) for one in (before, after)]
    assert told[0]["files"] == told[1]["files"] and told[0]["version"] != told[1]["version"]
    files = set(files_of(_at))
    assert {"/", "/assets/words.json", "/assets/scan_worker.js", "/js/verify/check.js"} <= files
    assert not any("desk" in one or "supervisor" in one for one in files)


def test_it_can_be_installed(site: Site) -> None:
    manifest = httpx.get(site.address + "/assets/malan.webmanifest")
    assert manifest.headers["content-type"] == "application/manifest+json"
    told = manifest.json()
    assert (told["start_url"], told["scope"], told["display"]) == ("/", "/", "standalone")
    for icon in told["icons"]:
        answer = httpx.get(site.address + icon["src"])
        assert answer.status_code == 200 and answer.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            wide, high = struct.unpack(">II", answer.content[16:24])
            assert icon["sizes"] == f"{wide}x{high}"
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in told["icons"]}
