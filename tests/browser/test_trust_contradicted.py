"""What the registry shows now contradicts what this browser saw before: said wherever a person looks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import SIZES, Visit, axe_complaints, fits
from tests.browser.parted import PIN, RIVAL, break_one, two_bodies, verdict, visitor
from tests.browser.scanning import kept_page
from tests.browser.site import Site

Shot = Callable[[Page, str], None]
ALTERED = {
    "a part of another body": (f"pin.bodies['{RIVAL}'] = [pin.size - 1, '00'.repeat(32)]", "TRUST_ACTS"),
    "the acts of all": ("pin.acts = '00'.repeat(32)", "TRUST_ACTS"),
    "another log": ("pin.genesis = '00'.repeat(32)", "TRUST_GENESIS"),
    "a larger log": ("pin.size += 1", "TRUST_OLDER"),
}
SAID = {"zh-CN": "也可能是冒充", "en": "somebody poses as it"}


def altered(site: Site, visit: Visit, change: str) -> tuple[Page, str]:
    """A page that kept everything and then remembers something else; the address of a certificate."""
    scene = two_bodies()
    text = scene.lay(site)
    page = kept_page(site, visit, scene)
    page.evaluate(f"() => {{ const pin = {PIN}; {change}; localStorage['malan.pin'] = JSON.stringify(pin) }}")
    return page, text


def look(page: Page, shot: Shot, name: str) -> None:
    """In both languages, on a phone and on a desk."""
    for language, said in SAID.items():
        page.click(f"[data-choose='{language}']")
        assert said in page.inner_text("[data-alarm]")
        assert axe_complaints(page) == []
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            assert fits(page)
            shot(page, f"contradicted-{name}-{size}-{language}")


@pytest.mark.parametrize("name", ALTERED)
def test_the_start_says_so(name: str, site: Site, visit: Visit, shot: Shot) -> None:
    change, code = ALTERED[name]
    page, _ = altered(site, visit, change)
    page.goto(site.address + "/")
    page.wait_for_selector(f"#start [data-alarm='{code}']")
    assert page.is_hidden("#offline"), "nothing is said to be ready"
    assert code in page.inner_text("#start")
    if code != "TRUST_OLDER":
        look(page, shot, f"start-{code.lower()}")


def test_a_verdict_says_so_once_the_parts_beside_it_are_here(site: Site, visit: Visit, shot: Shot) -> None:
    page, text = altered(site, visit, ALTERED["a part of another body"][0])
    assert verdict(page, text) == "good", "the acts this certificate rests on are those seen before"
    page.wait_for_selector("#result [data-alarm='TRUST_ACTS']")
    look(page, shot, "verdict")


def test_a_new_log_may_be_taken_from_the_start(site: Site, visit: Visit) -> None:
    page, _ = altered(site, visit, ALTERED["another log"][0])
    page.goto(site.address + "/")
    page.click("#start [data-alarm] button")
    page.wait_for_selector("#offline-said [data-kept='all']")
    assert page.locator("[data-alarm]").count() == 0


def test_a_page_that_keeps_it_to_itself_is_caught(site: Site, visit: Visit) -> None:
    """Negative control: no code is one of a contradiction."""
    break_one(site, "/assets/verify_alarm.js", b"ALARMS.includes(code)", b"false")
    page, _ = altered(site, visit, ALTERED["a part of another body"][0])
    page.goto(site.address + "/")
    page.wait_for_selector("#offline-said [data-kept='some']")
    assert page.locator("[data-alarm]").count() == 0


AHEAD = """async () => {
  const { trustNow } = await import("/assets/verify_trust.js");
  const cache = await caches.open("malan-trust");
  await cache.put("/trust/bundle.cbor", new Response("newer", { headers: { "x-mark": "newer" } }));
  const read = Storage.prototype.getItem;
  let asked = 0;
  Storage.prototype.getItem = function (key) {
    const found = read.call(this, key);
    asked += 1;
    return asked === 1 ? found : JSON.stringify({ ...JSON.parse(found), size: JSON.parse(found).size + 1 });
  };
  await trustNow();
  Storage.prototype.getItem = read;
  return (await cache.match("/trust/bundle.cbor"))?.headers.get("x-mark") ?? "taken away";
}"""


def kept_behind(site: Site, visit: Visit) -> str:
    """Another page of the browser saw a larger log while this one opened its bundle: which bundle is kept."""
    scene = two_bodies()
    text = scene.lay(site)
    page = visitor(site, visit, scene)
    assert verdict(page, text) == "good"
    page.wait_for_function(f"'{RIVAL}' in {PIN}.bodies")
    return str(page.evaluate(AHEAD))


def test_a_page_that_fell_behind_does_not_keep_its_older_bundle(site: Site, visit: Visit) -> None:
    assert kept_behind(site, visit) == "newer"


def test_one_that_keeps_it_all_the_same_is_caught(site: Site, visit: Visit) -> None:
    """Negative control."""
    sound = b"if (await remember(trust)) await keepBundle(raw);"
    break_one(site, "/assets/verify_trust.js", sound, b"await remember(trust); await keepBundle(raw);")
    assert kept_behind(site, visit) == "taken away"
