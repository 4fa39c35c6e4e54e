"""The supervisor's page in a real browser: from sign-in to the chain, an audit's report and the plots."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

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

ROOT = Path(__file__).parents[2]
OWN, OTHER = "district-310104", "district-310115"
Shot = Callable[[Page, str], None]


def ticket(home: Path, party: str, name: str) -> str:
    """What `malan-sign sign-in` hands to a browser, by that officer's own key."""
    desk = home / "desks" / party / name
    if not desk.exists():  # the story of the demo had nothing to do at this desk
        shown = json.loads((home / "desks" / OWN / "supervisor" / "config.json").read_text())
        (desk / "keys").mkdir(parents=True, mode=0o700)
        (desk / "config.json").write_text(json.dumps({**shown, "party": party}))
        (desk / "config.json").chmod(0o600)
        (desk / "keys" / f"{name}.key").symlink_to(home / "keys" / party / f"{name}.key")
    command = [sys.executable, "-m", "issuers", "sign-in", "--home", str(desk)]
    environment = {**os.environ, "MALAN_PASSPHRASE_FILE": str(home / "keys" / "PASSPHRASE.txt")}
    done = subprocess.run([*command, "--yes", "--json"], check=True, capture_output=True, env=environment)
    found: str = json.loads(done.stdout)["address"]
    return found.partition("#")[2]


def sign_in(page: Page, address: str, secret: str) -> None:
    """As the page at /sign-in does: the ticket goes in, the cookie comes back."""
    headers = {"origin": address, "sec-fetch-site": "same-origin"}
    answer = page.context.request.post(f"{address}/api/sessions", data={"ticket": secret}, headers=headers)
    assert answer.ok, answer.text()


@pytest.fixture
def desk_of(demo: DemoWorld, visit: Visit) -> Callable[..., tuple[Page, Watch]]:
    """`desk_of(size=…, language=…)`: a browser that the supervisor of the class's district signed in with."""

    def open_desk(party: str = OWN, name: str = "supervisor", **options: str) -> tuple[Page, Watch]:
        page, watch = visit(demo.address, **options)
        sign_in(page, demo.address, ticket(demo.home, party, name))
        page.goto(f"{demo.address}/supervisor")
        return page, watch

    return open_desk


def name_of(demo: DemoWorld, number: str) -> str:
    """Who the certificate is for, as its credential says."""
    folder = next(Path(one["folder"]) for one in demo.told["certificates"] if one["number"] == number)
    return parse_credential((folder / "credential.cose").read_bytes()).claims.name


def test_every_alarm_of_the_service_has_words_on_the_page() -> None:
    text = (ROOT / "registry" / "pages" / "supervisor_health.js").read_text(encoding="utf-8")
    named = set(re.findall(r"^  ([A-Z_]+): \[\"", text, re.MULTILINE))
    assert {alarm.code for alarm in CATALOGUE} <= named


def looked_at(page: Page, shot: Shot, name: str) -> None:
    """What every state keeps to: nothing sticks out, axe-core is content; a picture is kept."""
    expect(page.locator("#view")).to_have_attribute("aria-busy", "false")
    shot(page, name)
    assert fits(page), name
    assert axe_complaints(page) == [], name


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


def test_the_plot_s_table_equals_what_was_issued(
    demo: DemoWorld, desk_of: Callable[..., tuple[Page, Watch]]
) -> None:
    page, _ = desk_of(size="desktop")
    page.click("a[href='#issuing']")
    expect(page.locator(".plot svg").first).to_be_visible()
    issued = len(demo.told["certificates"])
    cells = page.locator("#view details").first.locator("td.number").all_text_contents()
    assert sum(int(cell) for cell in cells) == issued
    heights = (
        page.locator(".plot")
        .first.locator("rect")
        .evaluate_all("all => all.map(one => one.querySelector('title').textContent)")
    )
    assert sum(int(text.rpartition(": ")[2]) for text in heights) == issued


def test_bars_are_as_high_as_their_numbers(demo: DemoWorld, visit: Visit) -> None:
    page, _ = visit(demo.address)
    page.goto(f"{demo.address}/supervisor")
    counts = [3, 0, 12, 7, 1, 250, 49]
    drawn = page.evaluate(
        """async (counts) => {
          const plots = await import("/assets/supervisor_plots.js");
          const made = plots.bars(counts.map((count, place) => ({ label: `d${place}`, count })), 320);
          const bars = [...made.querySelectorAll("rect")];
          const at = (bar, name) => Number(bar.getAttribute(name));
          const inside = bars.map((bar) => at(bar, "y") >= 0 && at(bar, "x") + at(bar, "width") <= 320);
          return {
            heights: bars.map((bar) => at(bar, "height")),
            said: bars.map((bar) => bar.textContent),
            inside: inside.every(Boolean),
            marks: [0, 1, 4, 9, 250].map((top) => plots.steps(top)),
          };
        }""",
        counts,
    )
    some = [count for count in counts if count]
    assert [height / drawn["heights"][0] for height in drawn["heights"]] == pytest.approx(
        [count / some[0] for count in some]
    )
    assert drawn["inside"] and drawn["said"] == [f"d{n}: {count}" for n, count in enumerate(counts) if count]
    for top, marks in zip([0, 1, 4, 9, 250], drawn["marks"], strict=True):
        assert marks[0] == 0 and marks[-1] >= top and len(marks) <= 7
        assert all(isinstance(mark, int) for mark in marks), "no half certificates"


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
    expect(page.locator(".headline .badge")).to_contain_text(
        "发现偏离" if language == "zh-CN" else "departures"
    )
    looked_at(page, shot, f"supervisor-health-departures-{size}-{language}")
