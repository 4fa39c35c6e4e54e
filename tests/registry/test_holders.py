"""The holder's page: what it shows of one's own, who looked, what is taken away, what a link shows."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

from issuers.acts.certificates import ClaimWithdrawn
from issuers.authority.case import shanghai_date
from issuers.printing.attached import Seal, read_attached
from registry.callers.reopening import Reason
from registry.holders.papers import UNSEALED
from registry.holders.words import ADVICE, PURPOSES, WITHHELD
from registry.persons.unmasking import Purpose
from registry.storage.tables import holder_visit
from tests.ground import on
from tests.registry.browser import Browser
from tests.registry.desk import Desk
from tests.registry.holding import CURRENT, Holder, token_of
from tests.registry.test_publishing import revoke, trust_of
from tests.registry.versions import renew
from verify.check import check
from verify.evidence import Evidence
from verify.subsidy.policy import POLICY_DEMO
from verify.verdict import State
from verify.words import STATE_WORDS

REGISTRY = Path(__file__).parents[2] / "registry"
DAY_MS = 86_400_000


def lines(holder: Holder) -> list[tuple[str, str, int]]:
    """Who (in English), why, how often."""
    told = holder.page()["reads"]["lines"]
    return [(one["party"]["en"], one["purpose"]["en"], one["times"]) for one in told]


def test_the_holder_finds_their_own_and_nobody_elses(desk: Desk) -> None:
    stage, holder = desk.stage, Holder(desk)
    told = holder.show()
    assert told.status_code == 200, told.text
    (one,) = told.json()["certificates"]
    fields, item = stage.holder(desk.certified[0]), desk.certified[0].item
    assert (one["certificate"], one["name"]) == (holder.certificate, f"{fields['name'][0]}**")
    assert (one["state"], one["title"]["zh"]) == ("valid", STATE_WORDS["valid"].title.zh)
    assert one["advice"] == {"zh": ADVICE["valid"].zh, "en": ADVICE["valid"].en}
    assert one["issued_on"] == shanghai_date(stage.hands.now_ms).isoformat()
    subsidy = one["subsidy"]
    left = date.fromisoformat(subsidy["last_day"]) - shanghai_date(stage.hands.now_ms)
    assert (subsidy["waits"], subsidy["days_left"]) == ("open", left.days)
    assert (subsidy["policy"], subsidy["amount_fen"]) == (POLICY_DEMO.id, POLICY_DEMO.amount_fen)
    assert subsidy["unconfirmed"], "no published document states the demo's policy"
    for secret in (fields["name"], fields["id_number"], item.number, item.code):
        assert secret not in told.text, "masked wherever a screen shows it"
    assert holder.page()["certificates"] == told.json()["certificates"]
    gone = holder.ask("DELETE", CURRENT)
    assert (gone.status_code, holder.client.cookies, stage.count(holder_visit)) == (200, {}, 0)
    assert holder.ask("GET", CURRENT).json()["code"] == "SESSION_NONE"


@on("sqlite")
def test_a_claim_is_told_with_its_state_and_the_days_come_back_when_it_lets_go(desk: Desk) -> None:
    prepared = desk.prepared()
    assert desk.submit(desk.claim(prepared)).status_code == 200
    holder = Holder(desk).visit()
    told = holder.own_certificate()["subsidy"]
    assert (told["waits"], told["days_left"]) == ("claimed", None)
    assert (told["claim"]["claim"], told["claim"]["state"]) == (prepared.claim.hex(), "submitted")
    assert told["slots"] == {"used": 1, "of": 3}
    withdrawn = ClaimWithdrawn("changed-mind")
    assert desk.say("claim-withdrawn", "intake-310101", prepared.claim, withdrawn).status_code == 200
    told = holder.own_certificate()["subsidy"]
    assert (told["waits"], told["claim"], told["slots"]["used"]) == ("open", None, 0)
    assert told["days_left"] is not None


@on("sqlite")
def test_the_papers_are_the_holders_and_verify_like_the_bodys_own(house: Desk) -> None:
    holder, stage, desk = Holder(house).visit(), house.stage, house
    pdf, card = holder.paper("pdf"), holder.paper("card")
    assert (pdf.status_code, card.status_code) == (200, 200)
    assert (pdf.headers["content-type"], card.headers["content-type"]) == ("application/pdf", "image/png")
    for told in (pdf, card):
        assert told.headers["content-disposition"].startswith("attachment; filename=")
        assert holder.desk.certified[0].item.number not in str(told.headers), (
            "a name of a file stays in lists"
        )
        assert told.headers["cache-control"] == "no-store"
    attached = read_attached(pdf.content)
    assert attached.credential == desk.certified[0].credential
    assert attached.seal is Seal.NONE, "the service holds no body's key; the page says so"
    evidence = Evidence(credential=attached.credential, proof=attached.proof)
    verdict = check(evidence, trust_of(stage), now=stage.hands.now_ms // 1000)
    assert (verdict.state, verdict.complete) == (State.VALID, True)
    assert "未加盖" in UNSEALED
    assert holder.paper("docx").status_code == 400


@on("sqlite")
def test_of_what_does_not_stand_no_paper_is_made_and_the_page_says_what_to_do(desk: Desk) -> None:
    ways = {"certificate-suspended": "suspended", "certificate-revoked": "revoked"}
    for place, (kind, state) in enumerate(ways.items()):
        holder = Holder(desk, place).visit()
        token = token_of(holder.link())
        revoke(desk.stage, desk.certified[place].item.certificate, kind)
        told = holder.own_certificate()
        assert (told["state"], told["papers"]) == (state, False)
        assert told["advice"]["en"] == ADVICE[state].en
        assert told["reason"]["zh"] and told["reason"]["national"]
        assert told["subsidy"]["waits"] == {"suspended": "unclear", "revoked": "closed"}[state]
        refused = holder.paper()
        assert (refused.status_code, refused.json()["code"]) == (422, "CERTIFICATE_NOT_VALID")
        assert holder.open(token).json()["state"] == state, "a link tells what became of it"


@on("sqlite")
def test_the_holder_of_an_older_paper_finds_the_version_in_force(house: Desk) -> None:
    again = renew(house.stage, house.certified[4])
    house.stage.publish()
    holder = Holder(house, 4).visit()
    told = holder.own_certificate()
    assert (told["version"], told["state"], told["issued_on"]) == (2, "valid", "2026-03-13")
    attached = read_attached(holder.paper("pdf").content)
    assert attached.credential == again.credential != house.certified[4].credential
    assert attached.proof is not None
    assert holder.paper("card").status_code == 200
    assert holder.open(token_of(holder.link())).json()["state"] == "valid"
    assert holder.show(code=again.item.code).status_code == 200


@on("sqlite")
def test_who_looked_is_told_by_office_and_purpose_and_never_by_name(desk: Desk) -> None:
    stage, supervisor = desk.stage, Browser(desk.stage).sign_in("supervisor-310104")
    holder = Holder(desk)
    for purpose in ("complaint", "court-order"):
        body = {"certificate": holder.certificate, "purpose": purpose}
        assert supervisor.post("/api/supervision/unmask", body).status_code == 200
    stage.client.get(f"/api/certificates/{holder.code}")
    desk.check(desk.body())
    stage.ask("/api/classes/evidence", "evidence", "signatory", stage.class_subject, {})
    assert holder.show(id_number=Holder(desk, 2).document()["id_number"]).status_code == 404
    holder.visit()
    token = token_of(holder.link())
    assert {holder.open(token).status_code for _ in range(3)} == {200}
    told, text = lines(holder), holder.ask("GET", CURRENT).text
    names = {one for _, one, _ in told}
    assert ("Somebody without a name", PURPOSES["shared-link"].en, 3) in told
    assert ("Somebody without a name", PURPOSES["public-look-up"].en, 1) in told
    assert ("Somebody without a name", PURPOSES["holder-refused"].en, 1) in told
    assert {PURPOSES[one].en for one in ("unmask-complaint", "subsidy-check", "evidence", "prepare")} <= names
    assert {PURPOSES[one].en for one in ("holder-page", "holder-link")} <= names
    assert "court" not in text, "what the law keeps secret"
    for person in stage.world.people.values():
        assert person.staff.hex() not in text and person.name not in text
    assert "192.0.2.1" not in text
    assert lines(Holder(desk, 1).visit())[-1][1] == PURPOSES["prepare"].en, "the class was read for everybody"
    assert PURPOSES["unmask-complaint"].en not in {one for _, one, _ in lines(Holder(desk, 1).visit())}


def test_every_purpose_of_a_read_has_words() -> None:
    """Found in the code: whatever is given as `purpose=`, in clear or by a constant of the module."""
    found: set[str] = set()
    for path in sorted(REGISTRY.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'\bpurpose="([a-z-]+)"', text))
        found |= set(re.findall(r'^(?:PURPOSE|OPENED|REFUSED)\b[^=]*= "([a-z-]+)"', text, re.MULTILINE))
    found |= {f"unmask-{one.value}" for one in Purpose} | {"holder-pdf", "holder-card"}
    found |= {f"reopened-{one.value}" for one in Reason}
    found |= {"claim", "subsidy-check"}  # names of requests
    assert len(found) > 15, "the control: they are found"
    of_others = {"staff", "erasure"}  # objects that are no certificate, class or claim
    assert found - of_others == set(PURPOSES) | WITHHELD


@on("sqlite")
def test_a_link_shows_name_and_verdict_and_ends(desk: Desk) -> None:
    stage, holder = desk.stage, Holder(desk).visit()
    made = holder.link(1)
    token = token_of(made)
    assert made.json()["address"] == f"https://cert.malan.example/shared#{token}"
    assert made.json()["until_ms"] == stage.hands.now_ms + DAY_MS
    (kept,) = holder.own_certificate()["links"]
    assert kept["link"] == made.json()["link"]
    fields, item = stage.holder(desk.certified[0]), desk.certified[0].item
    told = holder.open(token)
    shown: dict[str, Any] = told.json()
    assert (shown["name"], shown["state"], shown["complete"]) == (fields["name"], "valid", True)
    assert shown.keys() == {
        *("name", "number", "kind", "course", "hours", "body", "issued_on", "expires_on", "until_ms"),
        *("state", "icon", "title", "advice", "complete", "final", "checked_at"),
    }
    for secret in (fields["id_number"], fields["id_number"][-4:], item.number, item.code, holder.certificate):
        assert secret not in told.text
    assert told.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
    assert (told.headers["referrer-policy"], told.headers["cache-control"]) == ("no-referrer", "no-store")
    stage.hands.set(stage.hands.now_ms + DAY_MS)
    assert holder.open(token).json()["code"] == "LINK_UNKNOWN"
    assert Holder(desk).visit().own_certificate()["links"] == []
