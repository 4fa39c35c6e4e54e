"""What a stranger's phone pays: the bytes of the bundle it keeps, and the time until the verdict stands.

The world is the tests', with sixteen districts, one institution and one body, or as many bodies as the city
has; its status list is that of a million certificates of which one in a hundred is revoked. The phone is a
Chromium on this machine, without a network's delay.
"""

from __future__ import annotations

import base64
import random
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from issuers.bundle import BundledList, open_parts, unpack
from issuers.credential import parse_credential
from issuers.status import BYTES, REVOKED, StatusList, sign_status_list
from tests.bench.load import Answered
from tests.bench.meter import Meter
from tests.browser.conftest import chromium_path, launch
from tests.browser.scanning import wait_until_kept
from tests.browser.site import Site, running
from tests.browser.states import Scene
from tests.verify.shown import CODE, bundle_with, issued_world, proof_of
from tests.world_parts import HOST
from tests.world_stages import city_of

VERIFY = "raw ES256 verify"
BODIES = (1, 334)
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
# The same three steps as the page's, over and over: milliseconds each.
STEPS = """async ({ raw, text, code, now, count }) => {
  const [{ openTrust }, { check }, { fromBase64, hex, sha256 }, { unpack }] = await Promise.all(
    ["/js/verify/trust.js", "/js/verify/check.js", "/js/ledger/bytes.js", "/js/issuers/bundle.js"]
      .map((path) => import(path)));
  const words = await (await fetch("/assets/words.json")).json();
  const { signed, parts } = unpack(fromBase64(raw)), spent = { opened: [], judged: [], checked: [] };
  const named = new Map();
  for (const part of parts) named.set(hex(await sha256(part)), part);
  let trust;
  const timed = async (times, work) => {
    const from = performance.now();
    const got = await work();
    times.push(performance.now() - from);
    return got;
  };
  for (let turn = 0; turn < count / 20; turn += 1) {
    trust = await timed(spent.opened, () => openTrust(signed, { bring: (hash) => named.get(hash) }));
    await timed(spent.judged, () => trust.of(code));
  }
  for (let turn = 0; turn < count; turn += 1) {
    const verdict = await timed(spent.checked, () => check({ text }, trust, { now, words }));
    if (verdict.state !== "valid") throw new Error(verdict.state);
  }
  return spent;
}"""


def bundle(meter: Meter) -> None:
    """Bytes of bundle, part and whole file; how fast they are opened without a browser."""
    for bodies in BODIES:
        raw = _file(bodies)
        signed, parts = unpack(raw)
        opened = open_parts(raw)
        meter.figure(
            f"bundles opened, {_named(bodies)}, a million certificates with 1 % revoked",
            lambda raw=raw: len(open_parts(raw).bundle.lists),
            bound=VERIFY,
            acts=len(opened.bundle.acts),
            bytes=len(signed),
            bytes_packed=_packed(signed),
            bytes_of_list=len(opened.bundle.lists[0].token),
            bytes_of_acts=sum(len(one.statement) for one in opened.bundle.acts),
            bytes_of_a_part=len(opened.parts[CODE]),
            bytes_of_a_part_packed=_packed(opened.parts[CODE]),
            bytes_of_the_file=len(raw),
            bytes_of_the_file_packed=_packed(raw),
            parts=len(parts),
        )
        meter.figure(
            f"parts judged beside the bundle, {_named(bodies)}",
            lambda opened=opened: len(opened.body(CODE)) // 2,
            bound=VERIFY,
        )


def checking(meter: Meter) -> None:
    """Milliseconds from the scan until the verdict stands, on a first visit and on later ones; of the steps
    that cost most; and until a new phone has everything for when there is no network."""
    path = chromium_path()
    if path is None:
        sys.stderr.write("no chromium: what a check costs in a browser is not measured\n")
        return
    with sync_playwright() as playwright:
        for bodies in BODIES:
            _checking(meter, bodies, playwright, path)


def _checking(meter: Meter, bodies: int, playwright: Playwright, path: str) -> None:
    scene, named = _scene(bodies), _named(bodies)
    with running(Site()) as site:
        address, browser = scene.lay(site), launch(playwright, path)
        context = _context(browser, scene)
        page = context.new_page()
        _verdict_after(page, address)
        page.goto(site.address + "/")
        wait_until_kept(page)

        def new(step: Callable[[Page], float]) -> Callable[[], float]:
            def first() -> float:
                fresh = _context(browser, scene)
                try:
                    return step(fresh.new_page())
                finally:
                    fresh.close()

            return first

        def kept_after(page: Page) -> float:
            page.goto(site.address + "/")
            wait_until_kept(page)
            return float(page.evaluate("performance.now()"))

        first = _runs(new(lambda page: _verdict_after(page, address)), meter.seconds)
        _report(meter, f"verdicts in a browser, first visit, {named}", first)
        later = _runs(lambda: _verdict_after(page, address), meter.seconds)
        _report(meter, f"verdicts in a browser, later visits, {named}", later)
        _report(meter, f"everything kept in a new browser, {named}", _runs(new(kept_after), meter.seconds))
        raw = base64.b64encode(site.answers["/trust.cbor"][2]).decode()
        told = {"raw": raw, "text": address, "code": CODE, "now": scene.seconds, "count": CHECKS}
        spent = page.evaluate(STEPS, told)
        _report(meter, f"bundles opened in a browser, {named}", spent["opened"])
        _report(meter, f"parts judged in a browser, {named}", spent["judged"])
        _report(meter, f"checks in a browser, bundle and part open, {named}", spent["checked"])
        browser.close()


def _named(bodies: int) -> str:
    return "1 body" if bodies == 1 else f"{bodies} bodies"


@lru_cache(maxsize=len(BODIES))
def _scene(bodies: int) -> Scene:
    world = city_of(issued_world(), bodies)
    scene = Scene(world, proof=proof_of(world))
    scene.changed = {"lists": (_million(scene),)}
    return scene


def _file(bodies: int) -> bytes:
    scene = _scene(bodies)
    return bundle_with(scene.world, **scene.changed)


def _packed(data: bytes) -> int:
    return len(zlib.compress(data, 9))


def _million(scene: Scene) -> BundledList:
    """The list of a million places in use, one in a hundred revoked, the certificate of the scene not."""
    chance, bits = random.Random(7), bytearray(BYTES)
    own = parse_credential(scene.world.credentials[0]).claims.status_index
    for place in chance.sample([place for place in range(MILLION) if place != own], MILLION // 100):
        bits[place // 4] |= REVOKED << 2 * (place % 4)
    status = StatusList(f"{HOST}/status/1", 1, len(scene.world.leaves), scene.seconds, 43_200, bytes(bits))
    return BundledList(1, sign_status_list(status, scene.world.service["status"]))


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
