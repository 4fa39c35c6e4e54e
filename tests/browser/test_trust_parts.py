"""The bundle and its parts in the page: what is asked for and remembered, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import LANGUAGES, SIZES, Visit, axe_complaints, fits
from tests.browser.parted import (
    BUNDLE,
    KEPT,
    PIN,
    RIVAL,
    asked,
    break_one,
    grown,
    kept,
    of_the_rival,
    path_of,
    two_bodies,
    until_kept,
    verdict,
    visitor,
)
from tests.browser.site import Site
from tests.browser.states import valid
from tests.verify.shown import CODE, bundle_of, bundle_with, claims_of

Shot = Callable[[Page, str], None]


def test_a_check_asks_for_the_bundle_and_one_part_and_the_next_for_none(site: Site, visit: Visit) -> None:
    scene = two_bodies()
    text = scene.lay(site)
    own, other = path_of(site, CODE), path_of(site, RIVAL)
    page = visitor(site, visit, scene)
    assert verdict(page, text) == "good"
    until_kept(page, BUNDLE, own, other)
    assert asked(site) == [BUNDLE, own, other]
    answer = f"GET /api/certificates/{claims_of(scene.world).code}"
    assert site.asked.index(answer) < site.asked.index(f"GET {other}"), "the others come after the verdict"
    since = len(site.asked)
    assert verdict(page, text) == "good"
    assert asked(site, since) == [BUNDLE]
    assert page.evaluate(PIN)["bodies"].keys() == {CODE, RIVAL}


def test_a_newer_bundle_that_comes_between_bundle_and_part_is_fetched(site: Site, visit: Visit) -> None:
    """The part that the first bundle names is no longer given out."""
    former = valid()
    former.lay(site)
    old = site.answers[BUNDLE][2]
    scene = grown(former)
    text = scene.lay(site)
    page = visitor(site, visit, scene)
    page.route(f"**{BUNDLE}", lambda route: route.fulfill(body=old), times=1)
    assert verdict(page, text) == "good"
    assert asked(site)[-2:] == [BUNDLE, path_of(site, CODE)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_part_that_cannot_be_had_is_said(
    site: Site, visit: Visit, shot: Shot, size: str, language: str
) -> None:
    scene = valid()
    text = scene.lay(site)
    path = path_of(site, CODE)
    laid = site.answers.pop(path)
    page = visitor(site, visit, scene, size=size, language=language)
    assert verdict(page, text) == "grey"
    shown = page.inner_text(".verdict")
    assert "PART_MISSING" in shown
    assert ("登记数据" if language == "zh-CN" else "of this body could not be had") in shown
    assert asked(site).count(BUNDLE) == 2, "perhaps a newer bundle names another"
    assert axe_complaints(page) == [] and fits(page)
    shot(page, f"part-missing-{size}-{language}")
    site.answers[path] = laid
    page.click("#result .actions .button:not(.quiet)")
    page.wait_for_selector(".verdict[data-tone='good']")


def test_another_part_than_the_one_named_is_neither_believed_nor_kept(site: Site, visit: Visit) -> None:
    scene = two_bodies()
    text = scene.lay(site)
    path = path_of(site, CODE)
    site.lay(path, site.answers[path_of(site, RIVAL)][2])
    page = visitor(site, visit, scene)
    assert verdict(page, text) == "grey"
    assert "BUNDLE_PART" in page.inner_text(".verdict")
    page.wait_for_timeout(300)
    assert path not in kept(page)
    assert page.evaluate(PIN)["bodies"][CODE][1] in path, "the one that was named stays to be compared"


def test_a_part_that_grew_is_taken_and_one_no_longer_named_is_let_go(site: Site, visit: Visit) -> None:
    scene = two_bodies()
    text = scene.lay(site)
    before = path_of(site, CODE)
    page = visitor(site, visit, scene)
    assert verdict(page, text) == "good"
    until_kept(page, before, path_of(site, RIVAL))
    page.evaluate("async () => (await caches.open('malan-trust')).put('/trust.cbor', new Response('old'))")
    later = grown(scene)
    text = later.lay(site)
    assert verdict(page, text) == "good"
    named = {BUNDLE, path_of(site, CODE), path_of(site, RIVAL)}
    assert before not in named
    page.wait_for_function(f"async (count) => (await ({KEPT})()).length === count", arg=len(named))
    assert kept(page) == named
    assert page.evaluate(PIN)["bodies"][CODE][0] == len(later.world.leaves)


# What of a pin is changed, and the code of the refusal, none where it is no contradiction.
REMEMBERED = {
    "another part": ("pin.bodies['007'] = [pin.size - 1, '00'.repeat(32)]", "TRUST_ACTS"),
    "a body that is gone": ("pin.bodies['999'] = [pin.size, '00'.repeat(32)]", "TRUST_ACTS"),
    "acts of a time without any": ("delete pin.bodies['007']", "TRUST_ACTS"),
    "other acts of the bundle": ("pin.acts = '00'.repeat(32)", "TRUST_ACTS"),
    "the acts of a build without parts": ("pin.acts = '00'.repeat(32); delete pin.bodies", ""),
}


def remembered(site: Site, visit: Visit, change: str) -> str:
    """A page that saw the log, then has its memory changed: what the verdict says."""
    scene = valid()
    text = scene.lay(site)
    page = visitor(site, visit, scene)
    assert verdict(page, text) == "good"
    until_kept(page, path_of(site, CODE))
    page.wait_for_function(f"'007' in {PIN}.bodies")
    page.evaluate(f"() => {{ const pin = {PIN}; {change}; localStorage['malan.pin'] = JSON.stringify(pin) }}")
    verdict(page, text)
    return page.inner_text("#result")


@pytest.mark.parametrize("name", REMEMBERED)
def test_what_was_seen_of_a_part_is_never_gone(name: str, site: Site, visit: Visit) -> None:
    change, code = REMEMBERED[name]
    said = remembered(site, visit, change)
    assert ("也可能是冒充" in said) == bool(code)
    assert code in said
    assert code or "与以前记住的一致" in said


def named_late(site: Site, visit: Visit) -> str:
    """A body that was left out and is named at last, in a bundle of the very log seen before; its part is not
    given out at once. What the verdict on a certificate of it says."""
    scene = two_bodies()
    acts = tuple(act for act in bundle_of(scene.world).acts if act.body != RIVAL)
    site.lay_trust(bundle_with(scene.world, hosts=(site.address,), acts=acts))
    text = of_the_rival(scene, site)
    page = visitor(site, visit, scene)
    assert verdict(page, text) == "bad"
    later = grown(scene)
    later.lay(site)
    laid = site.answers.pop(path_of(site, RIVAL))
    assert verdict(page, text) == "grey"
    site.answers[path_of(site, RIVAL)] = laid
    verdict(page, text)
    return page.inner_text("#result")


def test_a_body_that_was_left_out_is_not_named_later(site: Site, visit: Visit) -> None:
    assert "TRUST_ACTS" in named_late(site, visit)


def test_a_body_named_late_and_forgotten_is_caught(site: Site, visit: Visit) -> None:
    """Negative control: what is named is remembered as if it had been looked at."""
    break_one(site, "/js/verify/parts.js", b"this.#new === null ? [", b"this.#new !== 0 ? [")
    assert "TRUST_ACTS" not in named_late(site, visit)


BROKEN = {
    "another part": ("/js/verify/parts.js", b"if (known !== hash && ", b"if (false && "),
    "acts of a time without any": ("/js/verify/parts.js", b"#new === null ? [", b"#new !== 0 ? ["),
    "a body that is gone": ("/js/verify/trust.js", b"every((code) => codes.has(code))", b"every(() => true)"),
    "the acts of a build without parts": ("/assets/verify_trust.js", b"acts: null, bodies", b"bodies"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_memory_that_was_broken_on_purpose_is_caught(name: str, site: Site, visit: Visit) -> None:
    """Negative control: one line is taken out, and what stands above no longer holds."""
    break_one(site, *BROKEN[name])
    change, code = REMEMBERED[name]
    assert ("也可能是冒充" in remembered(site, visit, change)) != bool(code)


UNPACKED = """async (count) => {
  const [{ unpack }, { encode }] = await Promise.all(
    ["/js/issuers/bundle.js", "/js/ledger/cbor.js"].map((path) => import(path)));
  const raw = encode(Array(count).fill(new Uint8Array(0)));
  try { return unpack(raw).parts.length; } catch (error) { return error.code; }
}"""


def test_a_file_of_more_pieces_than_there_are_codes_is_not_even_hashed(site: Site, visit: Visit) -> None:
    page = visitor(site, visit, valid())
    page.goto(site.address + "/")
    assert [page.evaluate(UNPACKED, count) for count in (1, 1_001, 1_002, 20_000)] == [
        0,
        1_000,
        "BUNDLE_KIND",
        "BUNDLE_KIND",
    ]
