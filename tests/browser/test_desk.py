"""The desk in a real browser: from a key made in the browser to a decided claim."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LANGUAGES, SIZES, Visit, axe_complaints, fits
from tests.browser.desk_town import COUNTER, DECIDES, Town, check, raised, submit

Shot = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with raised(tmp_path_factory.mktemp("town")) as found:
        yield found


def looked(page: Page, shot: Shot, name: str) -> None:
    """Nothing stands out to the side, axe has nothing to say, a picture is kept."""
    shot(page, f"desk-{name}")
    assert fits(page), name
    assert axe_complaints(page) == [], name


@pytest.mark.parametrize(("size", "language"), [("phone", "zh-CN"), ("desktop", "en")])
def test_from_a_new_key_to_a_decided_claim(
    town: Town, visit: Visit, shot: Shot, size: str, language: str
) -> None:
    name, holder = f"{size}-{language}", town.take()
    clerk, _ = visit(town.address, size=size, language=language)
    town.enter(clerk, COUNTER, "intake")
    looked(clerk, shot, f"form-{name}")
    check(clerk, holder, "PASS")
    assert clerk.locator("[data-rule]").count() == 10
    assert clerk.locator("[data-state=valid]").is_visible()
    looked(clerk, shot, f"pass-{name}")
    clerk.click("#submit")
    act = clerk.locator("[data-signing=claim-submitted]")
    expect(act).to_contain_text("demo")
    expect(act).to_contain_text(holder.person.organisation)
    assert holder.person.id_number not in (act.text_content() or "")
    looked(clerk, shot, f"act-{name}")
    clerk.locator("[data-signing] .button:not(.quiet)").dblclick()
    receipt = clerk.locator("[data-receipt]")
    expect(receipt).to_be_visible()
    looked(clerk, shot, f"receipt-{name}")
    claim = receipt.get_attribute("data-receipt") or ""

    reviewer, _ = visit(town.address, size=size, language=language)
    town.enter(reviewer, DECIDES, "reviewer")
    row = reviewer.locator(f"[data-claim='{claim}']")
    expect(row).to_be_visible()
    looked(reviewer, shot, f"list-{name}")
    row.click()
    expect(reviewer.locator("#one")).to_contain_text(holder.person.name[0] + "**")
    shown = reviewer.locator("#one").text_content() or ""
    assert holder.person.name not in shown and holder.person.id_number not in shown
    reviewer.check("#decision-form [value=approved]")
    reviewer.click("#decision-form [type=submit]")
    looked(reviewer, shot, f"decide-{name}")
    reviewer.click("[data-signing=claim-decided] .button:not(.quiet)")
    expect(reviewer.locator("[data-receipt]")).to_be_visible()
    expect(row).to_have_count(0)
    looked(reviewer, shot, f"decided-{name}")

    clerk.click("[href='#look']")
    clerk.fill("#claim", claim)
    clerk.press("#claim", "Enter")
    expect(clerk.locator("#found [data-state=approved]")).to_be_visible()
    looked(clerk, shot, f"look-{name}")
    clerk.click("#sign-out")
    clerk.wait_for_url("**/sign-in")


def test_what_is_open_and_what_fails_says_why(town: Town, visit: Visit, shot: Shot) -> None:
    holder, other = town.holders[0], town.holders[1]
    clerk, _ = visit(town.address, size="desktop")
    clerk.goto(town.ticket(COUNTER, "intake"))
    clerk.wait_for_url("**/desk")
    check(clerk, holder, "UNKNOWN", source="self-declared")
    for rule in ("R5", "R6", "R7"):
        assert clerk.locator(f"[data-rule={rule}]").get_attribute("data-code") == "FACT_UNCHECKED"
    looked(clerk, shot, "unknown-desktop-zh-CN")
    check(clerk, holder, "FAIL", in_shanghai="no")
    assert clerk.locator("[data-rule=R5]").get_attribute("data-code") == "ORGANISATION_ELSEWHERE"
    looked(clerk, shot, "fail-desktop-zh-CN")
    # Somebody else's document: as if there were no such certificate, and nothing of the holder is shown.
    check(clerk, holder, "FAIL", id_number=other.person.id_number)
    mismatch = clerk.locator("#answer").inner_html()
    assert clerk.locator("[data-code=CERTIFICATE_UNKNOWN]").count() == 1
    assert clerk.locator("#answer").locator(f"text={holder.person.name}").count() == 0
    assert clerk.locator("#submit").count() == 0
    looked(clerk, shot, "mismatch-desktop-zh-CN")
    broken = holder.qr[:-1] + str((int(holder.qr[-1]) + 1) % 10)
    check(clerk, holder, "FAIL", qr=broken)
    assert clerk.locator("#answer").inner_html() == mismatch


def test_the_form_names_what_is_wrong_and_asks_nobody(town: Town, visit: Visit, shot: Shot) -> None:
    clerk, watch = visit(town.address)
    clerk.goto(town.ticket(COUNTER, "intake"))
    clerk.wait_for_url("**/desk")
    expect(clerk.locator("#form")).to_be_visible()
    expect(clerk.locator("#photo-hint")).to_contain_text("发送给服务器")  # said before a file is chosen
    clerk.fill("#id_number", town.holders[0].person.id_number[:-1] + "?")
    clerk.fill("#uscc", "91310101")
    clerk.click("#check")
    for field in ("qr", "id_number", "organisation", "uscc", "founded_on", "role", "source"):
        assert clerk.locator(f"#{field}").get_attribute("aria-invalid") == "true", field
        assert clerk.locator(f"#{field}-problem").is_visible(), field
    assert not any("/api/subsidy/" in url for _, url in watch.asked)
    looked(clerk, shot, "wrong-phone-zh-CN")


def test_with_malan_sign_a_ticket_opens_the_desk_and_a_file_submits(
    town: Town, visit: Visit, shot: Shot, tmp_path: Path
) -> None:
    holder = town.take()
    address = town.ticket(COUNTER, "intake")
    clerk, watch = visit(town.address, language="en")
    clerk.goto(address)
    clerk.wait_for_url("**/desk")
    ticket = address.partition("#")[2]
    assert not any(ticket in url for _, url in watch.asked)  # the fragment stays in the browser
    clerk.go_back()
    assert ticket not in clerk.url  # and left its history
    clerk.goto(f"{town.address}/desk")
    check(clerk, holder, "PASS")
    looked(clerk, shot, "program-phone-en")
    with clerk.expect_download() as saved:
        clerk.click("#save-application")
    file = tmp_path / "application.json"
    saved.value.save_as(file)
    told = town.sign(COUNTER, "intake", "claim", str(file), "--yes")
    claim: str = told["claim"]
    clerk.click("[href='#look']")
    clerk.fill("#claim", claim)
    clerk.press("#claim", "Enter")
    expect(clerk.locator("#found [data-state=submitted]")).to_be_visible()
    clerk.click("#found [type=submit]")
    expect(clerk.locator("#found .command")).to_contain_text(
        f"malan-sign withdraw {claim} --reason applicant-asked"
    )
    again, _ = visit(town.address, language="en")
    again.goto(address)  # a ticket works once
    expect(again.locator("#told .notice[data-tone=bad]")).to_contain_text("used before")
    looked(again, shot, "ticket-used-phone-en")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_sign_in_and_keys_in_every_size_and_language(
    town: Town, visit: Visit, shot: Shot, size: str, language: str
) -> None:
    page, _ = visit(town.address, size=size, language=language)
    for path in ("sign-in", "keys", "desk"):
        page.goto(f"{town.address}/{path}")
        expect(page.locator(".busy")).to_have_count(0)
        looked(page, shot, f"{path}-empty-{size}-{language}")
    page.goto(f"{town.address}/keys")
    page.click("#make")
    assert page.locator("#staff-problem").is_visible()
    page.fill("#party", COUNTER)
    page.fill("#staff", "0a" * 16)
    page.click("#make")
    expect(page.locator("#told .notice[data-tone=good]")).to_be_visible()
    looked(page, shot, f"keys-made-{size}-{language}")
    exported = page.evaluate(
        """async () => {
          const {listKeys} = await import("/assets/keystore.js");
          const [{pair}] = await listKeys();
          return await crypto.subtle.exportKey("pkcs8", pair.privateKey).then(() => "out", () => "stays");
        }"""
    )
    assert exported == "stays"
    page.goto(f"{town.address}/sign-in")
    page.click("#keys button")  # not enrolled
    expect(page.locator("#keys .notice[data-tone=bad]")).to_be_visible()
    looked(page, shot, f"sign-in-refused-{size}-{language}")
    page.goto(f"{town.address}/keys")
    page.click("#keys .choice .button.quiet.small")
    page.click("#keys .button.danger")
    expect(page.locator("#keys .choice")).to_have_count(0)


def test_a_rejection_with_reasons_frees_the_grant(town: Town, visit: Visit, shot: Shot) -> None:
    holder = town.take()
    clerk, _ = visit(town.address, size="desktop")
    town.enter(clerk, COUNTER, "intake")
    check(clerk, holder, "PASS")
    claim = submit(clerk)
    reviewer, _ = visit(town.address, size="desktop")
    town.enter(reviewer, DECIDES, "reviewer")
    reviewer.click(f"[data-claim='{claim}']")
    reviewer.check("#decision-form [value=rejected]")
    reviewer.click("#decision-form [type=submit]")
    expect(reviewer.locator("#decision-form .problem")).to_be_visible()
    reviewer.check("#decision-form [value=DOCUMENTS_MISSING]")
    assert reviewer.is_checked("#decision-form [name=release]")
    reviewer.click("#decision-form [type=submit]")
    expect(reviewer.locator("[data-signing]")).to_contain_text("DOCUMENTS_MISSING")
    looked(reviewer, shot, "reject-desktop-zh-CN")
    reviewer.click("[data-signing] .button:not(.quiet)")
    expect(reviewer.locator("[data-receipt]")).to_be_visible()
    check(clerk, holder, "PASS")  # the grant is free
    assert submit(clerk) != claim
    told = json.loads(clerk.request.get(f"{town.address}/api/subsidy/claims/{claim}").text())
    assert (told["state"], told["outcome"]) == ("rejected", "rejected")


def test_a_picture_of_the_certificate_fills_in_its_code(town: Town, visit: Visit, shot: Shot) -> None:
    holder = town.holders[0]
    folder = next(one["folder"] for one in town.world.told["certificates"] if one["number"] == holder.number)
    clerk, _ = visit(town.address)
    clerk.goto(town.ticket(COUNTER, "intake"))
    clerk.wait_for_url("**/desk")
    expect(clerk.locator("#form")).to_be_visible()
    clerk.set_input_files("#photo", Path(folder) / "card.png")
    expect(clerk.locator("#scan-said")).to_contain_text("已读入二维码")
    assert clerk.input_value("#qr") == holder.qr
    looked(clerk, shot, "scanned-phone-zh-CN")
    clerk.set_input_files("#photo", {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(clerk.locator("#scan-said")).to_contain_text("没有读到二维码")


def test_where_the_browser_has_no_cryptography_it_is_said(town: Town, visit: Visit, shot: Shot) -> None:
    """As over plain http: no key can be made or used, and the program still can."""
    page, _ = visit(town.address)
    page.context.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', {value: undefined})")
    page.goto(f"{town.address}/keys")
    expect(page.locator("#keys .notice[data-tone=bad]")).to_contain_text("https")
    assert page.is_disabled("#make")
    page.goto(f"{town.address}/sign-in")
    expect(page.locator("#keys .notice[data-tone=bad]")).to_contain_text("https")
    looked(page, shot, "no-cryptography-phone-zh-CN")
    page.goto(town.ticket(COUNTER, "intake"))
    page.wait_for_url("**/desk")
    check(page, town.holders[0], "PASS")
    expect(page.locator("#save-application")).to_be_visible()
