"""When something goes wrong at the desk: nothing is claimed twice or lost, nobody is named in a log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit, Watch, axe_complaints, fits
from tests.browser.desk_town import COUNTER, Holder, Town, check, raised, submit
from tests.registry.holding import wrong

Shot = Callable[[Page, str], None]
CLAIMS = "**/api/subsidy/claims"
SIGN = "[data-signing] .button:not(.quiet)"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with raised(tmp_path_factory.mktemp("town")) as found:
        yield found


@pytest.fixture
def clerk(town: Town, visit: Visit) -> tuple[Page, Watch]:
    """At the desk, with a key of this browser."""
    page, watch = visit(town.address, size="desktop")
    town.enter(page, COUNTER, "intake")
    return page, watch


def forgive(watch: Watch, what: str) -> None:
    """The test cut the line itself, and the browser noticed."""
    assert any(what in one for one in watch.expected)


def claims_sent(watch: Watch) -> list[str]:
    """The bodies that went to the route of claims."""
    return [
        body
        for (_, url), body in zip(watch.asked, watch.sent, strict=True)
        if url.endswith("/subsidy/claims")
    ]


def state(page: Page, town: Town, claim: str) -> str:
    return str(page.request.get(f"{town.address}/api/subsidy/claims/{claim}").json()["state"])


def test_a_second_claim_is_refused_and_said(town: Town, clerk: tuple[Page, Watch], shot: Shot) -> None:
    first, _ = clerk
    holder, second = town.take(), first.context.new_page()
    second.goto(f"{town.address}/desk")
    for page in (first, second):
        check(page, holder, "PASS")
        page.click("#submit")
        expect(page.locator(SIGN)).to_be_visible()
    first.click(SIGN)
    expect(first.locator("[data-receipt]")).to_be_visible()
    second.click(SIGN)
    expect(second.locator("#answer .notice[data-tone=bad]")).to_contain_text("已就该项目申领过")
    shot(second, "desk-twice-desktop-zh-CN")
    assert axe_complaints(second) == []
    second.reload()
    expect(second.locator("#form")).to_be_visible()
    expect(second.locator("#waiting .notice")).to_have_count(0)  # refused for good: nothing to send again
    check(second, holder, "FAIL")
    assert second.locator("[data-rule=R9]").get_attribute("data-code") == "PROJECT_USED"
    assert second.locator("#submit").count() == 0


def test_an_answer_that_was_lost_is_asked_for_with_the_same_bytes(
    town: Town, clerk: tuple[Page, Watch], shot: Shot
) -> None:
    page, watch = clerk
    holder = town.take()

    def lose(route: Route) -> None:
        route.fetch()  # it arrives, and is registered
        route.abort()  # the answer does not

    check(page, holder, "PASS")
    page.route(CLAIMS, lose)
    page.click("#submit")
    page.click(SIGN)
    expect(page.locator("#answer .notice[data-tone=warn] .button")).to_be_visible()
    shot(page, "desk-lost-desktop-zh-CN")
    forgive(watch, "net::ERR_FAILED")
    page.unroute(CLAIMS)
    page.reload()  # even so it is not forgotten
    waiting = page.locator("#waiting .button")
    expect(waiting).to_be_visible()
    shot(page, "desk-waiting-desktop-zh-CN")
    kept = page.evaluate(
        """async () => {
          const database = await new Promise((done) => {
            const request = indexedDB.open("malan");
            request.onsuccess = () => done(request.result);
          });
          const store = database.transaction("waiting").objectStore("waiting");
          const [one] = await new Promise((done) => {
            const request = store.getAll();
            request.onsuccess = () => done(request.result);
          });
          database.close();
          return [one.key.extractable, String.fromCharCode(...one.sealed)];
        }"""
    )
    assert kept[0] is False and "statement" not in kept[1]  # at rest it is sealed
    waiting.click()
    receipt = page.locator("[data-receipt]")
    expect(receipt).to_contain_text("没有重复登记")
    sent = claims_sent(watch)
    assert len(sent) == 2 and sent[0] == sent[1]
    assert state(page, town, receipt.get_attribute("data-receipt") or "") == "submitted"
    page.reload()
    expect(page.locator("#form")).to_be_visible()
    expect(page.locator("#waiting .notice")).to_have_count(0)


def test_offline_loses_nothing_that_was_typed(town: Town, clerk: tuple[Page, Watch], shot: Shot) -> None:
    page, watch = clerk
    holder = town.take()
    check(page, holder, "PASS")
    page.context.set_offline(True)
    page.click("#submit")
    expect(page.locator("#answer .notice[data-tone=warn]")).to_contain_text("没有收到服务的答复")
    forgive(watch, "net::ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(False)
    assert state(page, town, submit(page)) == "submitted"


def test_a_session_that_ended_is_taken_up_again_in_another_tab(
    town: Town, clerk: tuple[Page, Watch], shot: Shot
) -> None:
    page, _ = clerk
    holder = town.take()
    check(page, holder, "PASS")
    with closing(sqlite3.connect(town.world.home / "malan.db")) as database, database:
        database.execute("UPDATE session SET seen_ms = seen_ms - 21 * 60000")
    page.click("#check")
    link = page.locator("#answer .notice a")
    expect(page.locator("#answer .notice")).to_contain_text("登录已失效")
    shot(page, "desk-ended-desktop-zh-CN")
    assert axe_complaints(page) == []
    assert page.input_value("#id_number") == holder.person.id_number
    with page.context.expect_page() as opened:
        link.click()
    opened.value.click("#keys button")
    opened.value.wait_for_url("**/desk")
    page.click("#check")  # the token of before is not the one of now; the page asks for it
    expect(page.locator("#answer .verdict")).to_have_attribute("data-outcome", "PASS")


def test_over_a_limit_it_is_sent_again_and_a_slot_that_was_lost_is_prepared_again(
    town: Town, clerk: tuple[Page, Watch]
) -> None:
    page, watch = clerk
    holder = town.take()
    answers = iter([(429, "OFFICER_MISSES"), (409, "SLOT_TAKEN")])
    check(page, holder, "PASS")

    def refuse(route: Route) -> None:
        status, code = next(answers)
        body = json.dumps({"status": status, "code": code})
        route.fulfill(status=status, body=body, content_type="application/problem+json")

    page.route(CLAIMS, refuse, times=2)
    page.click("#submit")
    page.click(SIGN)
    expect(page.locator("#answer .notice")).to_contain_text("这一次没有登记")
    page.click("#answer .notice .button")  # send again
    expect(page.locator("#answer .notice")).to_contain_text("占用了名额")
    first, second = claims_sent(watch)
    assert first == second, "the same signed bytes"
    page.click("#answer .notice .button")  # prepare again
    page.click(SIGN)
    expect(page.locator("[data-receipt]")).to_be_visible()


def test_a_claim_is_withdrawn_and_its_grant_is_free(
    town: Town, clerk: tuple[Page, Watch], shot: Shot
) -> None:
    page, _ = clerk
    holder = town.take()
    check(page, holder, "PASS")
    claim = submit(page)
    page.click("[href='#look']")
    page.fill("#claim", f"claim/{claim.upper()}")
    page.press("#claim", "Enter")
    page.select_option("#withdraw-reason", "data-error")
    page.click("#found [type=submit]")
    expect(page.locator("[data-signing=claim-withdrawn]")).to_contain_text("data-error")
    page.click(SIGN)
    expect(page.locator("#found [data-receipt]")).to_be_visible()
    shot(page, "desk-withdrawn-desktop-zh-CN")
    assert state(page, town, claim) == "withdrawn"
    page.click("[href='#intake']")
    check(page, holder, "PASS")


def traces(text: str, holder: Holder) -> list[str]:
    """What names the holder in a text, in clear or as addresses and JSON would write it."""
    person = holder.person
    values = (person.name, person.id_number, person.organisation, holder.number)
    spelt = [form for value in values for form in (value, quote(value), json.dumps(value)[1:-1])]
    return [form for form in spelt if form in text]


def test_no_log_and_no_address_names_the_holder(town: Town, clerk: tuple[Page, Watch]) -> None:
    page, watch = clerk
    holder = town.take()
    check(page, holder, "PASS")
    claim = submit(page)
    check(page, holder, "FAIL", id_number="310101196202030008")
    said, asked = town.world.said(), "\n".join(url for _, url in watch.asked)
    assert "/api/subsidy/check" in said and "/api/subsidy/check" in asked  # the log is one of requests
    assert claim not in asked
    assert traces(said, holder) == [] and traces(asked, holder) == []
    # Negative control: a line that names somebody is found, however it is written.
    for planted in (
        holder.person.name,
        quote(holder.person.name),
        json.dumps({"id": holder.person.id_number}),
    ):
        assert traces(f"{said}\n{planted}\n", holder) != []


def test_a_phone_shows_all_of_the_act(town: Town, visit: Visit, shot: Shot) -> None:
    holder = town.take()
    page, _ = visit(town.address, size="phone", language="en")
    town.enter(page, COUNTER, "intake")
    check(page, holder, "PASS")
    page.click("#submit")
    expect(page.locator(SIGN)).to_be_visible()
    shot(page, "desk-act-phone-en")
    assert fits(page) and axe_complaints(page) == []
    page.click("[data-signing] .button.quiet")
    expect(page.locator("[data-signing]")).to_have_count(0)


def test_a_clerk_who_tries_documents_is_stopped_and_told_what_to_do(
    town: Town, clerk: tuple[Page, Watch], shot: Shot
) -> None:
    page, _ = clerk
    holder = town.take()
    for n in range(5):
        check(page, holder, "FAIL", id_number=wrong(n))
    for number in (wrong(5), holder.person.id_number):
        page.fill("#id_number", number)
        page.click("#check")
        notice = page.locator("#answer .notice")
        expect(notice).to_have_attribute("data-tone", "warn")
        expect(page.locator("#answer [data-outcome]")).to_have_count(0)
    assert "另一位受理人员" in notice.inner_text()
    for size, (width, height) in {"desktop": (1280, 800), "phone": (390, 844)}.items():
        page.set_viewport_size({"width": width, "height": height})
        for language in ("en", "zh-CN"):
            page.click(f".language [data-choose='{language}']")
            assert fits(page) and axe_complaints(page) == []
            shot(page, f"desk-misses-{size}-{language}")
