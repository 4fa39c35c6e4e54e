"""What a stranger's phone pays: the bytes of the bundle it keeps, and the time until the verdict stands.

The world is the tests', with sixteen districts, one body and one institution; its status list is that of a
million certificates of which one in a hundred is revoked. The phone is a Chromium on this machine, without a
network's delay.
"""

from __future__ import annotations

import base64
import random
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from issuers.bundle import Bundle, BundledList, open_bundle, sign_bundle
from issuers.credential import parse_credential
from issuers.status import BYTES, REVOKED, StatusList, sign_status_list
from tests.bench.load import Answered
from tests.bench.meter import Meter
from tests.browser.conftest import chromium_path, launch
from tests.browser.scanning import wait_until_kept
from tests.browser.site import Site, running
from tests.browser.states import Scene, valid
from tests.verify.shown import bundle_of
from tests.world_parts import HOST

VERIFY = "raw ES256 verify"
MILLION = 1_000_000
RUNS_MIN = 10
CHECKS = 300
# Stands the clock of the page still, and remembers when the verdict stood.
WATCH = """Date.now = () => %d;
new MutationObserver((_, self) => {
  if (!document.querySelector(".verdict h1")) return;
  window.verdictAfter = performance.now();
  self.disconnect();
}).observe(document, { childList: true, subtree: true });"""
# The same two steps as the page's, over and over: milliseconds each.
STEPS = """async ({ raw, text, now, count }) => {
  const [{ openTrust }, { check }, { fromBase64 }] = await Promise.all(
    ["/js/verify/trust.js", "/js/verify/check.js", "/js/ledger/bytes.js"].map((path) => import(path)));
  const words = await (await fetch("/assets/words.json")).json();
  const bytes = fromBase64(raw), spent = { opened: [], checked: [] };
  let trust;
  const timed = async (times, work) => {
    const from = performance.now();
    const got = await work();
    times.push(performance.now() - from);
    return got;
  };
  for (let turn = 0; turn < count / 20; turn += 1) trust = await timed(spent.opened, () => openTrust(bytes));
  for (let turn = 0; turn < count; turn += 1) {
    const verdict = await timed(spent.checked, () => check({ text }, trust, { now, words }));
    if (verdict.state !== "valid") throw new Error(verdict.state);
  }
  return spent;
}"""


def bundle(meter: Meter) -> None:
    """Bytes of the whole bundle and of its parts; how fast one is opened without a browser."""
    scene = valid()
    made = replace(bundle_of(scene.world), lists=(_million(scene),))
    raw = sign_bundle(made, scene.world.service["status"])
    meter.figure(
        "bundles opened, of a million certificates with 1 % revoked",
        lambda: len(open_bundle(raw)[0].lists),
        bound=VERIFY,
        bytes=len(raw),
        bytes_deflated=len(zlib.compress(raw, 9)),
        bytes_of_list=len(made.lists[0].token),
        acts=len(made.acts),
        bytes_of_acts=_bytes_of_acts(made),
        bytes_of_acts_for_three_parties_more=_bytes_of_acts(bundle_of(scene.world.with_rivals()))
        - _bytes_of_acts(made),
    )


def checking(meter: Meter) -> None:
    """Milliseconds from the scan until the verdict stands, on a first visit and on later ones; and of the two
    steps that cost most."""
    path = chromium_path()
    if path is None:
        sys.stderr.write("no chromium: what a check costs in a browser is not measured\n")
        return
    scene = valid()
    scene.changed = {"lists": (_million(scene),)}
    with running(Site()) as site, sync_playwright() as playwright:
        address, browser = scene.lay(site), launch(playwright, path)
        context = _context(browser, scene)
        page = context.new_page()
        _verdict_after(page, address)
        page.goto(site.address + "/")
        wait_until_kept(page)

        def first() -> float:
            fresh = _context(browser, scene)
            try:
                return _verdict_after(fresh.new_page(), address)
            finally:
                fresh.close()

        _report(meter, "verdicts in a browser, first visit", _runs(first, meter.seconds))
        later = _runs(lambda: _verdict_after(page, address), meter.seconds)
        _report(meter, "verdicts in a browser, later visits", later)
        raw = base64.b64encode(site.answers["/trust.cbor"][2]).decode()
        told = {"raw": raw, "text": address, "now": scene.seconds, "count": CHECKS}
        spent = page.evaluate(STEPS, told)
        _report(meter, "bundles opened in a browser", spent["opened"])
        _report(meter, "checks in a browser, its bundle open", spent["checked"])
        browser.close()


def _million(scene: Scene) -> BundledList:
    """The list of a million places in use, one in a hundred revoked, the certificate of the scene not."""
    chance, bits = random.Random(7), bytearray(BYTES)
    own = parse_credential(scene.world.credentials[0]).claims.status_index
    for place in chance.sample([place for place in range(MILLION) if place != own], MILLION // 100):
        bits[place // 4] |= REVOKED << 2 * (place % 4)
    status = StatusList(f"{HOST}/status/1", 1, len(scene.world.leaves), scene.seconds, 43_200, bytes(bits))
    return BundledList(1, sign_status_list(status, scene.world.service["status"]))


def _bytes_of_acts(made: Bundle) -> int:
    return sum(len(one.statement) for one in made.acts)


def _context(browser: Browser, scene: Scene) -> BrowserContext:
    """A phone that was never here; its clock stands at the time of the scene."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_init_script(WATCH % (scene.seconds * 1_000))
    return context


def _verdict_after(page: Page, address: str) -> float:
    """Milliseconds from the start of the navigation. Raises RuntimeError for any verdict but a good one."""
    page.goto("about:blank")  # else only the fragment would change
    page.goto(address)
    page.wait_for_selector(".verdict h1")
    if page.get_attribute(".verdict", "data-tone") != "good":
        raise RuntimeError("the verdict is not that of a valid certificate")
    return float(page.evaluate("window.verdictAfter"))


def _runs(step: Callable[[], float], seconds: float) -> list[float]:
    """For so long, and ten times at least."""
    found: list[float] = []
    started = time.perf_counter()
    while len(found) < RUNS_MIN or time.perf_counter() - started < seconds:
        found.append(step())
    return found


def _report(meter: Meter, name: str, spent_ms: Sequence[float]) -> None:
    told = Answered(sum(spent_ms) / 1_000, [one / 1_000 for one in spent_ms])
    half, nearly_all = told.quantile_ms(0.5), told.quantile_ms(0.99)
    meter.report(name, told.per_s, bound=VERIFY, runs=len(spent_ms), p50_ms=half, p99_ms=nearly_all)
