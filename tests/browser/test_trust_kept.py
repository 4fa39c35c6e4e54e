"""The parts of every body in the page: brought beside a check, kept for when the network is off, and said."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from playwright.sync_api import Page, Route

from issuers.bundle import unpack
from tests.browser.conftest import SIZES, Visit, axe_complaints, fits
from tests.browser.parted import (
    BUNDLE,
    PIN,
    RIVAL,
    asked,
    break_one,
    grown,
    kept,
    of_the_rival,
    path_of,
    two_bodies,
    verdict,
    visitor,
)
from tests.browser.scanning import kept_page, wait_until_kept
from tests.browser.site import Site
from tests.browser.states import Scene
from tests.verify.shown import issued_world, proof_of
from tests.world_stages import city_of

Shot = Callable[[Page, str], None]


def without_the_rival(site: Site, visit: Visit) -> tuple[Page, Scene]:
    """The start of a page that is kept, of a service that gives one part and not the other."""
    scene = two_bodies()
    scene.lay(site)
    del site.answers[path_of(site, RIVAL)]
    page = visitor(site, visit, scene, service_workers="allow")
    page.goto(site.address + "/")
    page.wait_for_selector("#offline-said [data-kept]:not([data-kept='coming'])")
    return page, scene


def test_without_a_network_every_body_can_be_checked(site: Site, visit: Visit) -> None:
    scene = two_bodies()
    text = scene.lay(site)
    page = kept_page(site, visit, scene)
    page.context.set_offline(True)
    assert verdict(page, text) == "good"
    assert verdict(page, of_the_rival(scene, site)) == "good"
    page.goto(site.address + "/")
    wait_until_kept(page)


def test_where_a_part_is_not_here_the_start_says_so(site: Site, visit: Visit, shot: Shot) -> None:
    page, scene = without_the_rival(site, visit)
    look(page, shot, "some", {"zh-CN": "没有下载完", "en": "is not yet"})
    page.context.set_offline(True)
    assert verdict(page, of_the_rival(scene, site)) == "grey"
    assert "PART_MISSING" in page.inner_text(".verdict")
    assert verdict(page, scene.lay(site)) == "good", "the other body's certificates can be checked"


def test_a_page_that_says_more_than_it_keeps_is_caught(site: Site, visit: Visit) -> None:
    """Negative control: what is missing is not looked for."""
    looked_for = b"!kept.has(addressOf(acts)) || told[code]?.[1] !== acts"
    break_one(site, "/assets/verify_trust.js", looked_for, b"false")
    page, _ = without_the_rival(site, visit)
    assert page.get_attribute("#offline-said span", "data-kept") == "all"


def test_many_parts_come_in_one_file(site: Site, visit: Visit, shot: Shot) -> None:
    """Which is of a newer bundle than the one fetched before it; meanwhile the start says that they come."""
    former = city(49)
    former.lay(site)
    old = site.answers[BUNDLE]
    scene = grown(former, "body-120")
    text = scene.lay(site)
    site.answers[BUNDLE] = old
    page = visitor(site, visit, scene, service_workers="allow")
    held = list[Route]()
    page.route("**/trust.cbor", lambda route: held.append(route), times=1)
    page.goto(site.address + "/")
    page.wait_for_selector("#offline-said [data-kept='coming']")
    look(page, shot, "coming", {"zh-CN": "正在下载", "en": "on its way"})
    assert kept(page) == {BUNDLE}
    held[0].continue_()
    wait_until_kept(page)
    assert asked(site) == [BUNDLE, "/trust.cbor"]
    _, parts = unpack(site.answers["/trust.cbor"][2])
    assert kept(page) == {BUNDLE, *(f"/trust/{sha256(part).hexdigest()}.cbor" for part in parts)}
    assert len(page.evaluate(PIN)["bodies"]) == len(parts) == 49
    page.context.set_offline(True)
    assert verdict(page, text) == "good"
    assert page.evaluate(PIN)["size"] == len(scene.world.leaves), "the bundle of the file is the one kept"


def city(bodies: int) -> Scene:
    world = city_of(issued_world(), bodies)
    return Scene(world, proof=proof_of(world))


def look(page: Page, shot: Shot, name: str, said: dict[str, str]) -> None:
    """The sentence in both languages, on a phone and on a desk."""
    for language, part in said.items():
        page.click(f"[data-choose='{language}']")
        assert part in page.inner_text("#offline-said")
        assert axe_complaints(page) == []
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            assert fits(page)
            shot(page, f"scanner-start-{name}-{size}-{language}")
