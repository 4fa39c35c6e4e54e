"""The supervisor's page in a real browser: from sign-in to the chain, an audit's report and the plots."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from issuers.credential import parse_credential
from registry.alarms import CATALOGUE
from tests.browser.conftest import (
    LANGUAGES,
    SIZES,
    DemoWorld,
    Visit,
    Watch,
    axe_complaints,
    fits,
    free_port,
    serving,
)
from tests.browser.supervising import OTHER, OWN, Shot, desk_of, looked_at, sign_in, ticket

__all__ = ["desk_of"]
ROOT = Path(__file__).parents[2]


def name_of(demo: DemoWorld, number: str) -> str:
    """Who the certificate is for, as its credential says."""
    folder = next(Path(one["folder"]) for one in demo.told["certificates"] if one["number"] == number)
    return parse_credential((folder / "credential.cose").read_bytes()).claims.name


def test_every_alarm_of_the_service_has_words_on_the_page() -> None:
    text = (ROOT / "registry" / "pages" / "supervisor_health.js").read_text(encoding="utf-8")
    named = set(re.findall(r"^  ([A-Z_]+): \[\"", text, re.MULTILINE))
    assert {alarm.code for alarm in CATALOGUE} <= named


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_journey_from_sign_in_to_result(
    demo: DemoWorld, desk_of: Callable[..., tuple[Page, Watch]], shot: Shot, size: str, language: str
) -> None:
    page, watch = desk_of(size=size, language=language)
    tag = f"{size}-{language}"
    expect(page.locator(".look li").first).to_be_visible()
    expect(page.locator("h1")).to_contain_text("账本状况" if language == "zh-CN" else "State of the log")
    looked_at(page, shot, f"supervisor-health-{tag}")

    page.click("a[href='#trace']")
    number = sorted(demo.qr_texts())[0]
    page.fill("#typed", number)
    page.keyboard.press("Enter")
    expect(page.locator(".chain > li")).to_have_count(10)  # with two sheets and a claim
    nodes = page.locator(".chain > li").evaluate_all("all => all.map(one => one.dataset.node)")
    assert (
        nodes
        == [
            *("certificate", "evaluation", "sheet", "sheet", "roster", "class"),
            *("accreditation", "body", "standard", "claim"),
        ]
        or "claim" not in nodes
    )
    assert page.locator(".chain > li[data-tone=bad]").count() == 0
    page.locator(".chain details").first.locator("summary").click()
    first = "请选择用途" if language == "zh-CN" else "Choose a purpose"
    expect(page.locator("#purpose option").first).to_have_text(first)
    looked_at(page, shot, f"supervisor-trace-{tag}")
    assert number not in page.inner_text("body")

    page.click("a[href='#classes']")
    expect(page.locator("#filter-body")).to_be_visible()
    page.select_option("#filter-body", index=1)
    expect(page.locator("#view a[href^='#class/']").first).to_be_visible()
    looked_at(page, shot, f"supervisor-classes-{tag}")
    page.locator("#view a[href^='#class/']").first.click()
    expect(page.locator("table.rows tbody tr").first).to_be_visible()
    looked_at(page, shot, f"supervisor-class-{tag}")
    page.locator("table.rows tbody a").first.click()
    expect(page.locator(".chain > li").first).to_be_visible()

    page.click("a[href='#audits']")
    page.locator("form summary").click()
    page.locator(".pick input").first.check()
    page.click("form button[type=submit]")
    expect(page.locator("#found [data-state=sound]")).to_be_visible(timeout=60_000)
    looked_at(page, shot, f"supervisor-audits-{tag}")
    assert "malan-verify audit" in page.inner_text(".command")

    page.click("a[href='#issuing']")
    expect(page.locator(".plot svg").first).to_be_visible()
    page.locator("#view details summary").first.click()
    looked_at(page, shot, f"supervisor-issuing-{tag}")
    page.locator("input[value=month]").check()
    expect(page.locator(".plot svg").first).to_be_visible()
    looked_at(page, shot, f"supervisor-months-{tag}")

    assert watch.errors == [] and watch.foreign(demo.address) == []
    assert not any(number in url for _, url in watch.asked)
    assert number not in demo.said()
    assert name_of(demo, number) not in demo.said()


@pytest.mark.parametrize(("size", "language"), [("phone", "zh-CN"), ("desktop", "en")])
def test_a_name_is_shown_for_a_purpose_only(
    demo: DemoWorld, desk_of: Callable[..., tuple[Page, Watch]], shot: Shot, size: str, language: str
) -> None:
    page, watch = desk_of(size=size, language=language)
    number = sorted(demo.qr_texts())[0]
    page.click("a[href='#trace']")
    page.fill("#typed", number)
    page.keyboard.press("Enter")
    page.locator("#unmask summary").click()
    page.locator("#unmask button").click()
    expect(page.locator("#unmask .problem")).to_be_visible()
    assert number not in page.inner_text("body")
    page.select_option("#purpose", "inspection")
    page.locator("#unmask button").click()
    expect(page.locator("#unmask .digits")).to_have_text(number)
    looked_at(page, shot, f"supervisor-unmasked-{size}-{language}")
    assert not any(number in url for _, url in watch.asked)


def test_who_was_stopped_at_the_counters_is_shown(
    demo: DemoWorld, desk_of: Callable[..., tuple[Page, Watch]], shot: Shot
) -> None:
    page, _ = desk_of(size="desktop", language="en")
    expect(page.locator(".look li").first).to_be_visible()
    assert "Stopped" not in page.inner_text("#view"), "the control: nobody was"

    def answer(route: Route) -> None:
        told = route.fetch().json()
        row = {"seq": 37, "shut": 1, "last_ms": told["now_ms"], "reopened": 1}
        officers = [{"staff": "a1b2c3d4" * 4, "misses": 5}, {"staff": "0f1e2d3c" * 4, "misses": 6}]
        certificate = {"certificate": "ab" * 16, **row, "officers": officers}
        quiet = {**certificate, "seq": 41, "reopened": 0}
        officer = {"staff": "a1b2c3d4" * 4, "stopped": 2, "last_ms": told["now_ms"], "misses": 25}
        assert told["stopped"] == {"certificates": [], "officers": []}
        stopped = {"certificates": [certificate, quiet], "officers": [{**officer, "certificates": 7}]}
        route.fulfill(json={**told, "stopped": stopped})

    page.route("**/api/supervision/health", answer)
    page.reload()
    expect(page.locator("#view li", has_text="a1b2c3d4")).to_have_count(3)
    assert "Misses: 25; certificates: 7" in page.inner_text("#view")
    expect(page.locator("#view li .badge", has_text="opened again early: 1")).to_have_count(1)
    expect(page.locator(f"a[href='#certificate/{'ab' * 16}']").first).to_contain_text("#37")
    for size, (width, height) in {"desktop": (1280, 800), "phone": (390, 844)}.items():
        page.set_viewport_size({"width": width, "height": height})
        for language in LANGUAGES:
            page.click(f".language [data-choose='{language}']")
            looked_at(page, shot, f"supervisor-stopped-{size}-{language}")


def test_another_district_and_another_duty_see_nothing(
    demo: DemoWorld, desk_of: Callable[..., tuple[Page, Watch]], shot: Shot
) -> None:
    number = sorted(demo.qr_texts())[0]
    page, _ = desk_of(OTHER)
    expect(page.locator(".look li").first).to_be_visible()
    page.click("a[href='#trace']")
    page.fill("#typed", number)
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_contain_text("本区没有这一编号或验证码的证书")
    looked_at(page, shot, "supervisor-other-district")
    page.click("a[href='#classes']")
    expect(page.locator("#view")).to_contain_text("没有符合条件的班级")
    page.goto(f"{demo.address}/supervisor#class/{demo.told['class']}")
    expect(page.locator("#told")).to_contain_text("本区没有这个班级")

    page, _ = desk_of(OWN, "reviewer")
    expect(page.locator("#view")).to_contain_text("当前登录的人员今日不担任区督导职责")
    assert page.locator("#tabs").is_hidden()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_signed_in_is_told_how_to(
    demo: DemoWorld, visit: Visit, shot: Shot, size: str, language: str
) -> None:
    page, _ = visit(demo.address, size=size, language=language)
    page.goto(f"{demo.address}/supervisor")
    expect(page.locator("a[href='/sign-in']")).to_be_visible()
    shot(page, f"supervisor-signed-out-{size}-{language}")
    assert fits(page)
    assert axe_complaints(page) == []


def test_signing_out_ends_it(desk_of: Callable[..., tuple[Page, Watch]]) -> None:
    page, _ = desk_of()
    page.click("#who button")
    expect(page.locator("a[href='/sign-in']")).to_be_visible()
    assert page.context.cookies() == []


@pytest.fixture
def forged(demo: DemoWorld, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A copy of the world with one byte of one published entry changed, served at an address of its own."""
    home, port = tmp_path / "demo", free_port()
    shutil.copytree(demo.home, home, symlinks=True)
    partial = (home / "log" / "tile" / "entries" / "000.p").iterdir()
    bundle = max(partial, key=lambda path: int(path.name))  # the one the checkpoint implies
    data = bytearray(bundle.read_bytes())
    data[len(data) // 3] ^= 1
    bundle.write_bytes(data)
    address = f"http://127.0.0.1:{port}"
    desk = home / "desks" / OWN / "supervisor" / "config.json"
    desk.write_text(desk.read_text().replace(demo.address, address))
    with serving(home, port, tmp_path / "served.txt"):
        yield home, address


@pytest.mark.parametrize(("size", "language"), [("phone", "zh-CN"), ("desktop", "en")])
def test_one_altered_byte_is_named_in_words(
    forged: tuple[Path, str], visit: Visit, shot: Shot, size: str, language: str
) -> None:
    home, address = forged
    page, _ = visit(address, size=size, language=language)
    sign_in(page, address, ticket(home, OWN, "supervisor"))
    page.goto(f"{address}/supervisor#audits")
    page.click("form button[type=submit]")
    found = page.locator("#found [data-state=departures]")
    expect(found).to_be_visible(timeout=60_000)
    expect(found).to_contain_text(re.compile("seq [0-9]+"))
    looked_at(page, shot, f"supervisor-departures-{size}-{language}")
    page.click("a[href='#health']")
    # The audits just left have headlines too, each with a badge and none with a heading.
    expect(page.locator(".headline:has(h1) .badge")).to_contain_text(
        "发现偏离" if language == "zh-CN" else "departures"
    )
    looked_at(page, shot, f"supervisor-health-departures-{size}-{language}")
