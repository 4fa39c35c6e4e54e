"""The sixteen digits typed by hand: what comes back, what it is not, and what is not even sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from issuers.identifiers.numbers import group_code, make_code
from tests.browser.conftest import Visit, axe_complaints, fits, start
from tests.browser.site import Site

Shot = Callable[[Page, str], None]


CODE = make_code(123_456_789_012_345)


WRONG = CODE[:-1] + str((int(CODE[-1]) + 1) % 10)


MASKED = {
    "certificate": "00" * 16,
    "state": "valid",
    "reason": None,
    "name": "欧**",
    "number": "C310104263***0000011",
    "kind": "C",
    "course": "创业初创期培训",
    "course_en": "Start-up stage training",
    "hours": 40,
    "body": {"id": "body", "zh": "申蓝评价管理服务中心", "en": "Shenlan Evaluation"},
    "issued_on": "2026-03-13",
    "expires_on": None,
    "seq": 7,
    "logged_ms": 1,
    "proof": None,
}


def test_a_typed_code_gives_the_masked_answer_and_says_what_it_is_not(
    site: Site, visit: Visit, shot: Shot
) -> None:
    site.lay_json(f"/api/certificates/{CODE}", MASKED)
    page = start(site, visit)
    page.fill("#code", group_code(CODE).replace("-", " ", 1))
    page.press("#code", "Enter")
    page.wait_for_selector(".verdict")
    assert "欧**" in page.inner_text("#result")
    assert "没有核验您手中的证书" in page.inner_text("#result")
    assert axe_complaints(page) == [] and fits(page)
    shot(page, "typed-phone-zh-CN")
    page.click("[data-choose='en']")
    assert "It does not check the paper in your hand" in page.inner_text("#result")
    assert axe_complaints(page) == [] and fits(page)
    shot(page, "typed-phone-en")


def test_a_code_nobody_has(site: Site, visit: Visit, shot: Shot) -> None:
    site.lay_json(f"/api/certificates/{CODE}", {"code": "CERTIFICATE_UNKNOWN"}, 404)
    page = start(site, visit)
    page.fill("#code", CODE)
    page.press("#code", "Enter")
    page.wait_for_selector(".verdict")
    assert "查无此证" in page.inner_text(".verdict h1")
    shot(page, "typed-unknown-phone-zh-CN")


@pytest.mark.parametrize(("typed", "said"), [(WRONG, "校验位不符"), ("123", "应为 16 位数字"), ("", "16 位")])
def test_a_mistyped_code_is_not_even_sent(
    site: Site, visit: Visit, shot: Shot, typed: str, said: str
) -> None:
    page = start(site, visit)
    page.fill("#code", typed)
    page.press("#code", "Enter")
    page.wait_for_selector("#code-problem:visible")
    assert said in page.inner_text("#code-problem")
    assert page.get_attribute("#code", "aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "code"
    assert axe_complaints(page) == []
    assert not any("/api/" in one for one in site.asked)
    shot(page, f"mistyped-{len(typed)}-phone-zh-CN")


def test_a_look_up_that_is_limited_says_to_wait(site: Site, visit: Visit) -> None:
    site.lay_json(f"/api/certificates/{CODE}", {"code": "TOO_MANY"}, 429)
    page = start(site, visit, f"/v/{CODE}")
    page.wait_for_selector(".verdict")
    assert "查询过于频繁" in page.inner_text(".verdict")


def test_without_its_fragment_the_address_gives_the_masked_answer(
    site: Site, visit: Visit, shot: Shot
) -> None:
    site.lay_json(f"/api/certificates/{CODE}", MASKED)
    page = start(site, visit, f"/v/{CODE}")
    page.wait_for_selector(".verdict")
    assert "缺少二维码的签名部分" in page.inner_text("#result")
    assert "欧**" in page.inner_text("#result")
    assert axe_complaints(page) == [] and fits(page)
    shot(page, "lost-fragment-phone-zh-CN")


def test_a_path_that_is_no_code_gives_the_start(site: Site, visit: Visit) -> None:
    page = start(site, visit, "/v/1234")
    page.wait_for_selector("#code:visible")
    assert not any("/api/" in one for one in site.asked)


def test_everything_can_be_done_by_keyboard(site: Site, visit: Visit) -> None:
    site.lay_json(f"/api/certificates/{CODE}", MASKED)
    page = start(site, visit)
    page.wait_for_selector("#code:visible")
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        )
    assert [one for one in reached if one in ("photo-choose", "code")] == ["photo-choose", "code"]
    page.focus("#code")
    page.keyboard.type(CODE)
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict")
    assert page.evaluate("document.activeElement.tagName") == "H1"
