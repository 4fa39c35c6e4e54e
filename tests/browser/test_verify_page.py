"""The page at /v/{code} in a real browser: every state of the verdict table, on a phone and a desk."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import LANGUAGES, REFLOW, SIZES, Visit, axe_complaints, fits
from tests.browser.site import Site
from tests.browser.states import STATES, Scene, valid
from tests.verify.shown import claims_of
from verify.words import STATE_WORDS

Shot = Callable[[Page, str], None]


def opened(site: Site, visit: Visit, scene: Scene, **options: str) -> Page:
    """The page a phone shows after the scan."""
    address = scene.lay(site)
    page, _ = visit(site.address, **options)
    page.clock.set_fixed_time(scene.seconds)
    page.goto(address)
    page.wait_for_selector(".verdict h1")
    return page


@pytest.mark.parametrize("name", STATES)
def test_every_state_is_said_in_words_colour_and_icon(
    site: Site, visit: Visit, shot: Shot, name: str
) -> None:
    make, state, code = STATES[name]
    scene = make()
    page = opened(site, visit, scene)
    words = STATE_WORDS[state]
    for language in LANGUAGES:
        page.click(f"[data-choose='{language}']")
        said = words.title.zh if language == "zh-CN" else words.title.en
        advice = words.advice.zh if language == "zh-CN" else words.advice.en
        assert page.inner_text(".verdict h1").strip() == said
        assert advice in page.inner_text(".verdict")
        assert axe_complaints(page) == [], language
        for size, (width, height) in REFLOW.items():
            page.set_viewport_size({"width": width, "height": height})
            assert fits(page), (language, size)
            shot(page, f"verify-{name}-{size}-{language}")
    assert page.inner_text(".verdict-icon") == words.icon
    marks = page.inner_text(".badges") if state == "valid" else ""
    assert ("out of date" in marks) is (name == "not-fresh")
    assert ("Log not checked" in marks) is (name in ("not-checked", "not-published"))
    assert ("Cosigned 3 of 16 · not final" in marks) is (name == "not-final")
    assert ("Final · Cosigned 11 of 16" in marks) is (name in ("valid", "not-fresh", "second-version"))
    assert page.get_attribute(".verdict", "data-tone") is not None
    if code:
        assert code in page.inner_text(".verdict")
    shows_facts = state not in ("unreadable", "tampered", "unknown_issuer") and name != "no-trust"
    holder = claims_of(scene.world).name
    assert (holder in page.inner_text("#result")) is shows_facts
    assert page.locator(".steps li").count() == 12
    assert "12333" in page.inner_text("#result")


@pytest.mark.parametrize("language", LANGUAGES)
def test_number_and_code_stand_on_one_line_on_a_phone(site: Site, visit: Visit, language: str) -> None:
    page = opened(site, visit, valid(), language=language)
    lines = "[...document.querySelectorAll('.facts .digits')].map((one) => one.getClientRects().length)"
    assert page.evaluate(lines) == [1, 1, 1]  # the last four of the ID, number, code
    # Negative control.
    page.evaluate("for (const one of document.querySelectorAll('.facts dd')) one.style.maxWidth = '9em'")
    assert page.evaluate(lines) == [1, 2, 2]


def test_nothing_is_left_in_the_address_or_the_history(site: Site, visit: Visit) -> None:
    page = opened(site, visit, valid())
    assert "#" not in page.url
    assert page.evaluate("location.hash") == ""
    assert page.evaluate("history.length") <= 2


def leaked(site: Site, visit: Visit) -> list[str]:
    """What a scan sent or the service saw that holds any run of the fragment's digits."""
    scene = valid()
    address = scene.lay(site)
    digits = address.split("#1")[1]
    page, watch = visit(site.address)
    page.clock.set_fixed_time(scene.seconds)
    page.goto(address)
    page.wait_for_selector(".verdict[data-tone='good']")
    assert len(watch.asked) > 20
    sent = [part for (_, url), body in zip(watch.asked, watch.sent, strict=True) for part in (url, body)]
    # The browser's own record of the first address has the fragment; the service's record of it has not.
    seen = [*sent[1:], *site.asked, *(body.decode() for body in site.bodies)]
    runs = [digits[at : at + 17] for at in range(0, len(digits) - 17, 17)]
    return [text for text in seen if any(run in text for run in runs)]


def test_the_fragment_never_leaves_the_browser(site: Site, visit: Visit) -> None:
    assert leaked(site, visit) == []
    asked = {path.split(" ")[1] for path in site.asked if "/api/" in path}
    assert asked == {f"/api/certificates/{claims_of(valid().world).code}"}


def test_a_page_that_leaks_the_fragment_is_caught(site: Site, visit: Visit) -> None:
    """Negative control: the same page, but for one line that sends the text along."""
    sound = b"  const now = Math.floor(Date.now() / 1000);"

    def change(path: str, data: bytes) -> bytes:
        if path != "/assets/verify_gather.js":
            return data
        assert sound in data
        return data.replace(
            sound, b'  await fetch("/assets/malan.svg?" + encodeURIComponent(evidence.text));' + sound
        )

    site.change = change
    assert leaked(site, visit) != []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_start_of_the_page(site: Site, visit: Visit, shot: Shot, size: str, language: str) -> None:
    page, _ = visit(site.address, size=size, language=language)
    page.goto(site.address + "/")
    page.wait_for_selector("#code")
    assert fits(page)
    assert axe_complaints(page) == []
    page.click("details summary")
    shot(page, f"start-{size}-{language}")
    page.set_viewport_size({"width": REFLOW["narrow"][0], "height": REFLOW["narrow"][1]})
    assert fits(page)
