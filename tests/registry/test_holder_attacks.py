"""What a thief or somebody nosy would try at the holder's page; each beside a control: the way in works.

1  guess that somebody is registered   2  guess the number of a document    3  share the guesses out
4  spray codes from one address        5  wear the page out for others      6  take the cookie
7  come back later                     8  write oneself a visit             9  ask from another site
10 use an officer's session, or lend   11 ask for somebody else's papers    12 guess or cut a link
13 stretch a link, write one           14 end others' links                 15 read answers, logs, rows
16 hide behind many look-ups           17 stay on after an erasure          18 read unrecorded

1 to 5 stand in `test_holder_guesses`; what a reviewer found later in `test_holder_reviewed`.
"""

from __future__ import annotations

import hashlib
import os

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from issuers.base64url import from_b64, to_b64
from registry.holders.visits import VISIT_MS
from registry.http.access import ACCESS, Own
from registry.persons.read_audit import record_stranger
from registry.storage.tables import holder_visit, share_link
from tests.ground import on
from tests.insider import administrator
from tests.registry.browser import Browser
from tests.registry.desk import Desk
from tests.registry.erasing import erased, holder_of, places, rows_of
from tests.registry.holding import CURRENT, LINKS, VISITS, Holder, code_of, token_of, told, wrong
from tests.registry.test_privacy import files, found_in, spellings
from tests.registry.test_unmasking import break_audit
from tests.world_parts import HOST


@on("sqlite")
def test_6_and_7_the_cookie_is_out_of_reach_and_soon_worth_nothing(house: Desk) -> None:
    holder = Holder(house)
    cookie = holder.show().headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    assert name == "__Host-malan-holder"
    assert {part.strip().lower() for part in rest.split(";")[1:]} == {
        *("httponly", "path=/", "samesite=strict", "secure")
    }
    secret = holder.client.cookies[name]
    now = house.stage.hands.now_ms
    house.stage.hands.set(now + VISIT_MS)
    assert holder.ask("GET", CURRENT).status_code == 200, "the control"
    house.stage.hands.set(now + VISIT_MS + 1)
    assert code_of(holder.ask("GET", CURRENT)) == (401, "SESSION_ENDED")
    assert code_of(holder.ask("GET", CURRENT)) == (401, "SESSION_NONE"), "and its row is gone"
    holder.visit().ask("DELETE", CURRENT)
    holder.client.cookies.set(name, secret)
    assert code_of(holder.ask("GET", CURRENT)) == (401, "SESSION_NONE")
    plain = Holder(house).visit()
    secret = plain.client.cookies[name]
    swapped = Holder(house).client.get(CURRENT, headers={"cookie": f"malan-holder={secret}"})
    assert code_of(swapped) == (401, "SESSION_NONE"), "the name for plain http opens nothing here"


@on("sqlite")
def test_8_a_row_somebody_wrote_into_the_database_opens_nothing(house: Desk) -> None:
    victim, thief, mine = holder_of(house, 1), Holder(house), os.urandom(32)
    row = {"id": hashlib.sha256(mine).digest(), "person": victim, "host": HOST, "mark": b"m" * 32}
    row["created_ms"] = house.stage.hands.now_ms
    engine = house.stage.service.database
    with engine.transaction() as connection:
        connection.execute(sa.insert(holder_visit).values(row))
    thief.client.cookies.set("__Host-malan-holder", to_b64(mine))
    assert code_of(thief.ask("GET", CURRENT)) == (401, "SESSION_NONE")
    thief = Holder(house).visit()
    assert thief.ask("GET", CURRENT).status_code == 200, "the control"
    secret = from_b64(thief.client.cookies["__Host-malan-holder"], bytes_max=32, where="x")
    with administrator(house.stage.service.settings) as raw:
        at = hashlib.sha256(secret).digest()
        raw.run("UPDATE holder_visit SET person = :victim WHERE id = :at", victim=victim, at=at)
    assert code_of(thief.ask("GET", CURRENT)) == (401, "SESSION_NONE")


@on("sqlite")
def test_9_no_other_site_asks_in_the_holders_name(house: Desk) -> None:
    holder = Holder(house).visit()
    forged: list[dict[str, str]] = [
        {"x-malan-csrf": ""},
        {"x-malan-csrf": "A" * 43},
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site"},
        {"origin": f"{HOST}.evil.example"},
    ]
    before = house.stage.count(share_link)
    for changed in forged:
        headers = {**holder.own(), "x-malan-csrf": holder.csrf, **changed}
        body = {"certificate": holder.certificate, "days": 7}
        assert code_of(holder.client.post(LINKS, json=body, headers=headers)) == (403, "CSRF")
    assert holder.client.get(CURRENT, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert house.stage.count(share_link) == before
    assert holder.link().status_code == 201, "the control"
    shown = {"code": holder.code, **holder.document()}
    elsewhere = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert code_of(holder.client.post(VISITS, json=shown, headers=elsewhere)) == (403, "CSRF")
    other = {"sec-fetch-site": "same-origin", "origin": "https://evil.example"}
    assert code_of(holder.client.post(VISITS, json=shown, headers=other)) == (401, "SESSION_HOST")


@on("sqlite")
def test_10_an_officer_is_no_holder_and_a_holder_no_officer(house: Desk) -> None:
    officer, holder = Browser(house.stage).sign_in("supervisor-310104"), Holder(house).visit()
    assert officer.get("/api/supervision/health").status_code == 200, "the control"
    assert code_of(officer.get(CURRENT)) == (401, "SESSION_NONE")
    own, lent = officer.client.cookies["__Host-malan"], holder.client.cookies["__Host-malan-holder"]
    officer.client.cookies.set("__Host-malan-holder", own)
    assert code_of(officer.get(CURRENT)) == (401, "SESSION_NONE")
    holder.client.cookies.set("__Host-malan", lent)
    assert code_of(holder.ask("GET", "/api/supervision/health")) == (401, "SESSION_NONE")


@on("sqlite")
def test_11_and_14_what_is_anothers_is_as_if_it_were_not(house: Desk) -> None:
    assert {(row.method, row.template) for row in ACCESS if row.own is Own.PERSON} == {
        ("GET", "/api/holder/certificates/{certificate}/{form}"),
        *(("POST", LINKS), ("DELETE", f"{LINKS}/{{link}}")),
    }, "a new one is tried here and in 18"
    holder, other = Holder(house).visit(), Holder(house, 1).visit()
    nobodys = os.urandom(16).hex()
    for ask in (holder.paper, lambda form, certificate: holder.link(7, certificate)):
        answers = [ask("pdf", other.certificate), ask("pdf", nobodys)]
        assert {told(one) for one in answers} == {told(answers[0])}
        assert code_of(answers[0]) == (404, "CERTIFICATE_UNKNOWN")
    made = other.link()
    address = f"{LINKS}/{made.json()['link']}"
    answers = [holder.ask("DELETE", address), holder.ask("DELETE", f"{LINKS}/{nobodys}")]
    assert {told(one) for one in answers} == {told(answers[0])}
    assert code_of(answers[0]) == (404, "LINK_UNKNOWN")
    assert other.open(token_of(made)).status_code == 200
    assert other.ask("DELETE", address).status_code == 200, "the control"
    assert other.paper("card").status_code == 200


@on("sqlite")
def test_12_and_13_a_link_that_is_not_good_tells_nothing_of_why(house: Desk) -> None:
    stage, holder, mine = house.stage, Holder(house, 3).visit(), os.urandom(32)
    made = [holder.link(days) for days in (1, 7, 30, 30)]
    tokens = [token_of(one) for one in made]
    assert {holder.open(one).status_code for one in tokens} == {200}, "the control"
    over, stretched, moved, withdrawn = tokens
    assert holder.ask("DELETE", f"{LINKS}/{made[-1].json()['link']}").status_code == 200
    name = {one: hashlib.sha256(from_b64(one, bytes_max=32, where="x")).digest() for one in tokens}
    written = {"id": hashlib.sha256(mine).digest(), "link": b"l" * 16, "person": holder_of(house, 1)}
    written |= {"certificate": bytes.fromhex(Holder(house, 1).certificate), "mark": b"m" * 32}
    with stage.service.database.transaction() as connection:
        row = {**written, "created_ms": stage.hands.now_ms, "until_ms": 2**52}
        connection.execute(sa.insert(share_link).values(row))
    with administrator(stage.service.settings) as raw:
        raw.run("UPDATE share_link SET until_ms = :until WHERE id = :at", until=2**52, at=name[stretched])
        other = bytes.fromhex(Holder(house, 1).certificate)
        raw.run("UPDATE share_link SET certificate = :other WHERE id = :at", other=other, at=name[moved])
    stage.hands.set(stage.hands.now_ms + 86_400_000)
    tried = [
        *(over, stretched, moved, withdrawn, to_b64(mine), to_b64(os.urandom(32)), withdrawn[:-1]),
        *(withdrawn.swapcase(), "x", withdrawn + "A", holder.code, holder.certificate),
    ]
    answers = [holder.open(one) for one in tried]
    assert {told(one) for one in answers} == {told(answers[0])}
    assert code_of(answers[0]) == (404, "LINK_UNKNOWN")
    for days in (0, 2, 31, 365, -1):
        assert Holder(house, 3).visit().link(days).json()["code"] == "LINK_DAYS"


@on("sqlite")
def test_15_nothing_personal_is_in_an_answer_a_log_a_row_or_an_error(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    stage, holder = desk.stage, Holder(desk)
    number = holder.document()["id_number"]
    with capture_logs() as logs:
        refusals = [
            holder.show(id_number=wrong()),
            holder.show(id_number=number + "9"),
            holder.show(id_number=number[:-1] + ("1" if number[-1] != "1" else "2")),
            holder.show(id_type=number),
            holder.show(code=number),
            holder.client.post(VISITS, json={number: holder.code, **holder.document()}, headers=holder.own()),
            holder.client.get(f"{VISITS}?id_number={number}"),
        ]
        holder.visit()
        holder.paper("card")
        token = token_of(holder.link())
        holder.open(token)
        holder.open("x" + token[1:])
    printed = str(logs) + "".join(capfd.readouterr())
    assert len(logs) >= 10
    assert [one.status_code for one in refusals] == [404, 400, 400, 400, 400, 400, 405]
    for one in refusals:
        assert number not in one.text and wrong() not in one.text
    secrets = (token, holder.client.cookies["__Host-malan-holder"], holder.csrf, wrong())
    assert found_in(printed.encode(), desk) == []
    assert not [one for one in secrets if one in printed]
    stage.service.database.close()
    data = files(stage.service.settings.home, "malan.db*")
    assert found_in(data, desk) == []
    assert not [one for text in secrets for one in spellings(text) if one in data]
    for one in secrets[:2]:
        assert from_b64(one, bytes_max=32, where="x") not in data
        assert hashlib.sha256(from_b64(one, bytes_max=32, where="x")).digest() in data, "the control"


@on("sqlite")
def test_16_many_look_ups_hide_nobody(house: Desk) -> None:
    holder = Holder(house, 4)
    assert holder.show(id_number=wrong()).status_code == 404, "the thief's own trace"
    with house.stage.service.database.transaction() as connection:
        for n in range(300):
            what = f"certificate/{holder.certificate}"
            record_stranger(
                connection,
                house.stage.service.people,
                f"198.51.100.{n % 250}",
                purpose="public-look-up",
                what=what,
                fields="masked",
                now_ms=house.stage.hands.now_ms,
            )
    reads = holder.visit().page()["reads"]
    times = {one["purpose"]["zh"][:3]: one["times"] for one in reads["lines"]}
    assert times["按验证"] == 300, "one line"
    assert times["用此证"] == 1
    assert reads["older"] is None


@on("sqlite")
def test_17_after_an_erasure_the_page_says_nothing(desk: Desk) -> None:
    stage, holder, other = desk.stage, Holder(desk).visit(), Holder(desk, 1).visit()
    token, others = token_of(holder.link()), token_of(other.link())
    person = holder_of(desk)
    assert rows_of(stage, [person], holder_visit, share_link) == {"holder_visit": 1, "share_link": 1}
    erased(stage, places(stage, person))
    assert rows_of(stage, [person], holder_visit, share_link) == {}
    assert code_of(holder.ask("GET", CURRENT)) == (401, "SESSION_NONE")
    assert code_of(holder.paper()) == (401, "SESSION_NONE")
    assert code_of(holder.open(token)) == (404, "LINK_UNKNOWN")
    assert code_of(holder.show()) == (404, "HOLDER_UNKNOWN")
    assert other.ask("GET", CURRENT).status_code == 200, "of somebody else nothing is missing"
    assert other.open(others).status_code == 200


@on("sqlite")
def test_18_what_cannot_be_recorded_is_not_shown(desk: Desk) -> None:
    holder = Holder(desk).visit()
    token = token_of(holder.link())
    asked = [
        holder.show,
        lambda: holder.ask("GET", CURRENT),
        lambda: holder.paper("card"),
        holder.link,
        lambda: holder.open(token),
        lambda: holder.show(id_number=wrong()),
    ]
    assert [one().status_code for one in asked] == [200, 200, 200, 201, 200, 404], "the control"
    before = desk.stage.count(holder_visit), desk.stage.count(share_link)
    break_audit(desk.stage)
    for one in asked:
        assert code_of(one()) == (503, "AUDIT_BROKEN")
    assert (desk.stage.count(holder_visit), desk.stage.count(share_link)) == before
