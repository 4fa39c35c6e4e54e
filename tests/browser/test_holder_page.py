"""The holder's page and what a link shows, in a real browser before a real service."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from issuers.identifiers.numbers import make_code
from registry.http.pages import POLICY
from tests.browser.conftest import LANGUAGES, SIZES, DemoWorld, Visit, axe_complaints, fits
from tests.browser.holding import enter, holder_at
from tests.browser.site import Site, problem

Shot = Callable[[Page, str], None]
EVERY = [(size, language) for size in SIZES for language in LANGUAGES]
LOOKS = EVERY if "MALAN_SHOTS" in os.environ else [("phone", "zh-CN")]
CURRENT = "/api/holder/visits/current"
READS = "/api/holder/reads"


@pytest.mark.parametrize(("size", "language"), LOOKS)
def test_a_holder_sees_their_own_takes_papers_and_shows_it_to_others(
    demo: DemoWorld, visit: Visit, shot: Shot, size: str, language: str
) -> None:
    holder = holder_at(demo, 1)
    page, watch = visit(demo.address, size=size, language=language)
    enter(page, demo.address, holder.code, holder.id_number)
    card = page.locator("section.verdict")
    expect(card).to_have_attribute("data-tone", "good")
    assert int(page.locator("[data-days]").get_attribute("data-days") or "") >= 364
    assert fits(page)
    assert axe_complaints(page) == []
    text = page.inner_text("body")
    assert not [one for one in (*holder.secrets(), holder.name) if one in text], "masked on a screen"
    with page.expect_download() as taken:
        card.locator("a[href$='/pdf']").click()
    assert taken.value.path().read_bytes().startswith(b"%PDF")
    card.locator("input[value='30']").check()
    card.locator("form button").click()
    address = card.locator(".made textarea").input_value()
    shot(page, f"holder-own-{size}-{language}")
    other, watched = visit(demo.address, size=size, language=language)
    other.goto(address)
    expect(other.locator(".verdict")).to_contain_text(holder.name)
    assert not [one for one in holder.secrets() if one in other.content()]
    assert other.url == f"{demo.address}/shared", "the token left the address bar"
    assert fits(other) and axe_complaints(other) == []
    shot(other, f"shared-{size}-{language}")
    card.locator("[data-link] button").click()
    expect(card.locator("[data-link]")).to_have_count(0)
    other.goto("about:blank")
    other.goto(address)
    expect(other.locator(".verdict")).to_have_attribute("data-tone", "grey")
    assert holder.name not in other.content()
    shot(other, f"shared-over-{size}-{language}")
    page.click("#leave")
    expect(page.locator("#form")).to_be_visible()
    assert page.locator("#own").inner_text() == ""
    token, sent = address.partition("#")[2], [*watch.asked, *watched.asked]
    for secret in (*holder.secrets(), token):
        assert not [url for _, url in sent if secret in url and not url.endswith(f"#{token}")]
        assert secret not in demo.said()
    assert page.evaluate(
        "Object.keys(localStorage).concat(Object.keys(sessionStorage), document.cookie)"
    ) == [*("malan.language", "")]


def test_a_wrong_document_shows_nothing_and_a_mistyped_one_is_named_before_it_is_sent(
    demo: DemoWorld, visit: Visit, shot: Shot
) -> None:
    holder, other = holder_at(demo, 1), holder_at(demo, 2)
    page, watch = visit(demo.address)
    enter(page, demo.address, holder.code, other.id_number)
    expect(page.locator("#told .notice")).to_have_attribute("data-tone", "bad")
    assert page.locator("#own").inner_text() == ""
    assert fits(page)
    shot(page, "holder-refused-phone-zh-CN")
    sent = len(watch.sent)
    page.fill("#id_number", holder.id_number[:-1] + ("1" if holder.id_number[-1] != "1" else "2"))
    page.fill("#code", "1234")
    page.click("#enter-button")
    expect(page.locator("#code-problem")).to_be_visible()
    expect(page.locator("#id_number-problem")).to_be_visible()
    assert len(watch.sent) == sent
    for path in ("/holder", "/shared"):
        answer = page.request.get(demo.address + path)
        assert answer.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert "x-robots-tag" not in page.request.get(f"{demo.address}/").headers, "the control"


def states(demo: DemoWorld, page: Page) -> dict[str, Any]:
    """What the page of the holder of a revoked certificate and of a claim were told, put together."""
    told: list[dict[str, Any]] = []
    for place in (0, len(demo.told["certificates"]) - 1):
        holder = holder_at(demo, place)
        shown = {"code": holder.code, "id_type": "resident_id", "id_number": holder.id_number}
        answer = page.request.post(f"{demo.address}/api/holder/visits", data=shown)
        assert answer.status == 200, answer.text()
        told.append(answer.json())
    claimed, revoked = (one["certificates"][0] for one in told)
    suspended = {
        **claimed,
        "state": "suspended",
        "icon": "‖",
        "title": {"zh": "真实证书，现已暂扣", "en": "Suspended"},
    }
    unclear = {
        **suspended,
        "subsidy": {**revoked["subsidy"], "waits": "unclear", "days_left": 3, "last_day": "2027-01-04"},
    }
    return {**told[0], "certificates": [claimed, revoked, {**unclear, "papers": False}], "seconds_left": 3}


def test_every_state_has_its_words_and_when_the_time_is_over_the_page_is_empty(
    demo: DemoWorld, site: Site, visit: Visit, shot: Shot
) -> None:
    page, _ = visit(site.address, size="desktop", language="en")
    told = states(demo, page)
    site.lay_json(CURRENT, {**told, "seconds_left": 600})
    page.goto(f"{site.address}/holder")
    tones = [card.get_attribute("data-tone") for card in page.locator("section.verdict").all()]
    assert tones == ["good", "bad", "warn"]
    waits = [one.get_attribute("data-tone") for one in page.locator(".window").all()]
    assert waits == ["info", "grey", "warn"]
    assert page.locator("a[href$='/pdf']").count() == 1, "papers of what stands, and of nothing else"
    assert page.locator("#reads li").count() >= 2
    assert fits(page) and axe_complaints(page) == []
    shot(page, "holder-states-desktop-en")
    site.lay_json(CURRENT, told)
    page.reload()
    expect(page.locator("section.verdict")).to_have_count(3)
    expect(page.locator("section.verdict")).to_have_count(0, timeout=6_000)
    assert page.locator("#own").inner_text() == ""
    assert json.dumps(told["certificates"][0]["name"], ensure_ascii=False).strip('"') not in page.content()


@pytest.mark.parametrize(("size", "language"), LOOKS)
def test_older_lines_of_who_looked_are_added_below_until_there_are_no_more(
    demo: DemoWorld, site: Site, visit: Visit, shot: Shot, size: str, language: str
) -> None:
    page, watch = visit(site.address, size=size, language=language)
    told = {**states(demo, page), "seconds_left": 600}
    line = told["reads"]["lines"][0]

    def lines(first: int, many: int) -> list[dict[str, Any]]:
        day = 86_400_000
        return [{**line, "own": False, "last_ms": line["last_ms"] - (first + n) * day} for n in range(many)]

    site.lay_json(CURRENT, {**told, "reads": {"lines": lines(0, 4), "older": "AAAA"}})
    site.lay_json(READS, {"lines": lines(4, 3), "older": "BBBB"})
    page.goto(f"{site.address}/holder")
    shown, more = page.locator("#reads li"), page.locator("#reads button")
    expect(shown).to_have_count(4)
    more.click()
    expect(shown).to_have_count(7)
    expect(shown.nth(4)).to_be_focused()
    assert fits(page) and axe_complaints(page) == []
    page.locator("#reads").scroll_into_view_if_needed()
    shot(page, f"holder-older-{size}-{language}")
    site.answers[READS] = problem(503, "DATABASE_BUSY")
    more.click()
    expect(page.locator("#reads .notice")).to_have_attribute("data-tone", "warn")
    expect(shown).to_have_count(7)
    site.lay_json(READS, {"lines": lines(7, 1), "older": None})
    more.click()
    expect(shown).to_have_count(8)
    expect(more).to_have_count(0)
    days = [one.split(" ")[0] for one in page.locator("#reads .who > span:last-child").all_inner_texts()]
    assert days == sorted(days, reverse=True) and len(set(days)) == 8
    asked = [url.partition("?")[2] for _, url in watch.asked if READS in url]
    assert asked == ["older=AAAA", "older=BBBB", "older=BBBB"]
    site.answers[READS] = problem(401, "SESSION_ENDED")
    page.reload()
    expect(shown).to_have_count(4)
    more.click()
    expect(page.locator("#own")).to_be_empty()
    expect(page.locator("#form")).to_be_visible()


def test_a_page_that_is_locked_names_what_goes_on(site: Site, visit: Visit, shot: Shot) -> None:
    page, _ = visit(site.address)
    site.answers["/api/holder/visits"] = problem(429, "TOO_MANY")
    enter(page, site.address, make_code(1), "110101199003070003")
    notice = page.locator("#told .notice")
    expect(notice).to_have_attribute("data-tone", "warn")
    assert "经办窗口" in notice.inner_text()
    for size, (width, height) in {"desktop": (1280, 800), "phone": (390, 844)}.items():
        page.set_viewport_size({"width": width, "height": height})
        for language in ("en", "zh-CN"):
            page.click(f".language [data-choose='{language}']")
            assert fits(page) and axe_complaints(page) == []
            shot(page, f"holder-locked-{size}-{language}")
