"""Sign-in and sessions: what begins one, what ends one, what is refused, what the database holds."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts.parties import KeyRevoked
from issuers.acts.words import RevocationCause
from issuers.base64url import from_b64, to_b64
from issuers.request import sign_request
from ledger.cose import Claims
from registry.callers.sessions import ABSOLUTE_MS, IDLE_MS, NONCE_MS, TICKET_MS, TOUCH_MS, own_origins
from registry.storage.tables import request_seen, session, session_ticket
from tests.ground import on
from tests.registry.browser import Browser
from tests.registry.stage import Stage, dismissal
from tests.world_parts import BODY, HOST

WHO = "intake-310101"


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_signed_statement_signs_in_and_out(stage: Stage) -> None:
    browser = Browser(stage)
    answer = browser.send_statement(browser.statement(WHO))
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-malan=")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        *("httponly", "path=/", "samesite=lax", "secure")
    }
    told = browser.get("/api/sessions/current").json()
    assert told == answer.json()
    assert (told["party"]["id"], told["duties"]) == ("district-310101", ["intake"])
    browser.csrf = told["csrf"]
    gone = browser.ask("DELETE", "/api/sessions/current")
    assert gone.json() == {"signed_in": False}
    assert browser.client.cookies == {}
    assert stage.count(session) == 0


@on("sqlite")  # what the tables hold is the same; a file shows it whole
def test_the_database_holds_no_secret_of_a_session(stage: Stage) -> None:
    browser = Browser(stage).sign_in(WHO)
    secret = browser.client.cookies["__Host-malan"]
    stage.service.database.close()
    held = (stage.service.settings.home / "malan.db").read_bytes()
    for spelling in (secret.encode(), from_b64(secret, bytes_max=32, where="x"), browser.csrf.encode()):
        assert spelling not in held
    assert len(from_b64(secret, bytes_max=32, where="x")) == 32


def test_a_cookie_that_signed_out_is_worth_nothing(stage: Stage) -> None:
    browser = Browser(stage).sign_in(WHO)
    secret = browser.client.cookies["__Host-malan"]
    browser.ask("DELETE", "/api/sessions/current")
    browser.client.cookies.set("__Host-malan", secret)
    assert code_of(browser.get("/api/sessions/current")) == (401, "SESSION_NONE")


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "é", "A" * 5000, "../..", '"quoted"'])
def test_a_made_up_cookie_is_nobody(stage: Stage, secret: str) -> None:
    answer = Browser(stage).client.get(
        "/api/sessions/current", headers={"cookie": f"__Host-malan={secret}".encode()}
    )
    assert code_of(answer) == (401, "SESSION_NONE")


def test_a_nonce_works_once_and_not_for_long(stage: Stage) -> None:
    browser = Browser(stage)
    nonce = browser.nonce(WHO)["nonce"]
    assert browser.send_statement(browser.statement(WHO, nonce=nonce)).status_code == 200
    assert code_of(browser.send_statement(browser.statement(WHO, nonce=nonce))) == (401, "SESSION_NONCE")
    late = browser.nonce(WHO)["nonce"]
    stage.hands.set(stage.hands.now_ms + NONCE_MS + 1)
    assert code_of(browser.send_statement(browser.statement(WHO, nonce=late))) == (401, "SESSION_NONCE")


def test_a_nonce_of_others_is_refused_and_asking_for_one_writes_nothing(stage: Stage) -> None:
    browser = Browser(stage)
    nonce = from_b64(browser.nonce(WHO)["nonce"], bytes_max=64, where="nonce")
    for wrong in (bytes(40), nonce[:-1] + bytes([nonce[-1] ^ 1]), bytes([nonce[0] ^ 1]) + nonce[1:], b"x"):
        answer = browser.send_statement(browser.statement(WHO, nonce=to_b64(wrong)))
        assert code_of(answer) == (401, "SESSION_NONCE")
    assert (stage.count(request_seen), stage.count(session)) == (0, 0)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"host": "https://cert.malan-example.com"}, (401, "SESSION_HOST")),
        ({"host": "http://127.0.0.1:8000"}, (401, "SESSION_HOST")),
        ({"aud": "log.other.example/2026"}, (401, "SESSION_AUDIENCE")),
        ({"iss": "district-310104"}, (401, "SESSION_KEY")),
        ({"sub": f"officer/{'0' * 32}"}, (401, "SESSION_KEY")),
        ({"sub": "party/district-310101"}, (400, "SESSION_SUBJECT")),
        ({"iat": 1_600_000_000}, (401, "SESSION_AGE")),
    ],
)
def test_a_statement_for_something_else_is_refused(
    stage: Stage, changed: dict[str, Any], code: tuple[int, str]
) -> None:
    browser = Browser(stage)
    assert code_of(browser.send_statement(browser.statement(WHO, **changed))) == code
    assert stage.count(session) == 0


def test_a_broken_signature_and_another_message_of_ours_sign_nobody_in(stage: Stage) -> None:
    browser = Browser(stage)
    raw = from_b64(browser.statement(WHO), bytes_max=9_999, where="x")
    broken = raw[:-40] + bytes([raw[-40] ^ 1]) + raw[-39:]
    assert browser.send_statement(to_b64(broken)).status_code == 401
    asked = stage.request("staff", WHO, "party/district-310101", {})
    assert code_of(browser.send_statement(to_b64(asked))) == (400, "SESSION_KIND")


def test_a_session_statement_is_no_request_and_no_act(stage: Stage) -> None:
    raw = Browser(stage).statement(WHO)
    answer = stage.client.post("/api/subsidy/check", json={"request": raw})
    assert code_of(answer) == (400, "REQUEST_KIND")
    assert code_of(stage.client.post("/api/statements", json={"statement": raw})) == (400, "STATEMENT_KIND")


def test_a_key_nobody_enrolled_gets_no_nonce(stage: Stage) -> None:
    answer = Browser(stage).client.post("/api/sessions/nonce", json={"kid": "0" * 16})
    assert code_of(answer) == (401, "SESSION_KEY")
    service_key = stage.world.service["checkpoint"].public.kid.hex()
    answer = Browser(stage).client.post("/api/sessions/nonce", json={"kid": service_key})
    assert code_of(answer) == (401, "SESSION_KEY")


def test_a_session_ends_when_nobody_uses_it_and_at_the_end_of_the_day(stage: Stage) -> None:
    browser = Browser(stage).sign_in(WHO)
    begun = stage.hands.now_ms
    while stage.hands.now_ms + IDLE_MS - 1 < begun + ABSOLUTE_MS:
        stage.hands.set(stage.hands.now_ms + IDLE_MS - 1)
        assert browser.get("/api/sessions/current").status_code == 200
    stage.hands.set(begun + ABSOLUTE_MS + 1)
    assert code_of(browser.get("/api/sessions/current")) == (401, "SESSION_ENDED")
    assert stage.count(session) == 0

    idle = Browser(stage).sign_in(WHO)
    stage.hands.set(stage.hands.now_ms + IDLE_MS + 1)
    assert code_of(idle.get("/api/sessions/current")) == (401, "SESSION_ENDED")


def test_a_clock_set_back_does_not_lengthen_a_session(stage: Stage) -> None:
    browser = Browser(stage).sign_in(WHO)
    stage.hands.now_ms -= 3_600_000
    assert code_of(browser.get("/api/sessions/current")) == (401, "SESSION_ENDED")


def test_a_use_within_a_minute_writes_nothing(stage: Stage) -> None:
    browser = Browser(stage).sign_in(WHO)

    def seen() -> int:
        with stage.service.database.reading() as connection:
            return int(connection.execute(sa.select(session.c.seen_ms)).scalar_one())

    before = seen()
    stage.hands.set(stage.hands.now_ms + TOUCH_MS - 1)
    browser.get("/api/sessions/current")
    assert seen() == before
    stage.hands.set(stage.hands.now_ms + 2)
    browser.get("/api/sessions/current")
    assert seen() == stage.hands.now_ms


def test_a_dismissed_officer_is_out_at_once(stage: Stage) -> None:
    browser = Browser(stage).sign_in("evaluator-3")
    assert browser.get("/api/sessions/current").status_code == 200
    assert stage.post(dismissal(stage)).status_code == 200
    assert code_of(browser.get("/api/sessions/current")) == (401, "SESSION_ENDED")
    assert stage.count(session) == 0
    kid = stage.world.people["evaluator-3"].signer.public.kid.hex()
    answer = browser.client.post("/api/sessions/nonce", json={"kid": kid})
    assert code_of(answer) == (401, "SESSION_KEY")


def test_a_revoked_key_is_out_at_once(stage: Stage) -> None:
    browser = Browser(stage).sign_in("evaluator-3")
    subject = f"key/{stage.world.people['evaluator-3'].signer.public.kid.hex()}"
    raw = stage.world.sign("key-revoked", f"admin-{BODY}", subject, KeyRevoked(RevocationCause.LOST))
    assert stage.post(raw).status_code == 200
    assert code_of(browser.get("/api/sessions/current")) == (401, "SESSION_ENDED")


def test_a_ticket_signs_a_browser_in_once(stage: Stage) -> None:
    desk, browser = Browser(stage), Browser(stage)
    answer = desk.client.post("/api/sessions/ticket", json={"session": desk.statement(WHO)})
    ticket = answer.json()["ticket"]
    assert answer.json()["address"] == f"{HOST}/sign-in#{ticket}"
    assert "set-cookie" not in answer.headers
    first = browser.client.post("/api/sessions", json={"ticket": ticket}, headers=browser.own())
    assert first.status_code == 200
    assert browser.get("/api/sessions/current").json()["party"]["id"] == "district-310101"
    again = Browser(stage).client.post("/api/sessions", json={"ticket": ticket}, headers=browser.own())
    assert code_of(again) == (401, "SESSION_TICKET")
    assert stage.count(session_ticket) == 0


def test_a_ticket_is_good_for_a_minute(stage: Stage) -> None:
    desk = Browser(stage)
    answer = desk.client.post("/api/sessions/ticket", json={"session": desk.statement(WHO)})
    stage.hands.set(stage.hands.now_ms + TICKET_MS + 1)
    late = desk.client.post("/api/sessions", json={"ticket": answer.json()["ticket"]}, headers=desk.own())
    assert code_of(late) == (401, "SESSION_TICKET")
    assert (stage.count(session), stage.count(session_ticket)) == (0, 0)
    assert code_of(desk.client.post("/api/sessions", json={"ticket": "A" * 43})) == (401, "SESSION_TICKET")


def test_a_statement_spent_on_a_ticket_gives_no_session(stage: Stage) -> None:
    desk = Browser(stage)
    statement = desk.statement(WHO)
    assert desk.client.post("/api/sessions/ticket", json={"session": statement}).status_code == 200
    assert code_of(desk.send_statement(statement)) == (401, "SESSION_NONCE")


def test_another_site_cannot_sign_a_browser_in(stage: Stage) -> None:
    browser = Browser(stage)
    body, headers = {"session": browser.statement(WHO)}, {"sec-fetch-site": "cross-site"}
    assert code_of(browser.client.post("/api/sessions", json=body, headers=headers)) == (403, "CSRF")


def test_without_tls_only_this_machine_signs_in_and_with_a_cookie_of_another_name(stage: Stage) -> None:
    local = "http://127.0.0.1:8123"
    assert local not in own_origins(stage.service)
    stage.service.addresses.append(local)
    browser = Browser(stage, local)
    answer = browser.send_statement(browser.statement(WHO))
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("malan-loopback=")
    assert "secure" not in cookie.lower()
    assert browser.get("/api/sessions/current").status_code == 200
    # A cookie somebody slips in over http opens no session that began over https, nor the other way round.
    secret = browser.client.cookies["malan-loopback"]
    swapped = Browser(stage).client.get("/api/sessions/current", headers={"cookie": f"__Host-malan={secret}"})
    assert code_of(swapped) == (401, "SESSION_NONE")


def test_a_request_cannot_be_dressed_up_as_a_session(stage: Stage) -> None:
    person = stage.world.people[WHO]
    claims = Claims(person.party, f"officer/{person.staff.hex()}", stage.world.origin, 1, bytes(16))
    raw = sign_request(person.signer, name="session", claims=claims, body={})
    answer = Browser(stage).send_statement(base64.urlsafe_b64encode(raw).rstrip(b"=").decode())
    assert code_of(answer) == (400, "SESSION_KIND")


@pytest.mark.parametrize("column", ["kid", "created_ms", "host"])
def test_whoever_can_write_the_table_signs_in_as_nobody(stage: Stage, column: str) -> None:
    """A database administrator has no key: a session of their own must not become a supervisor's."""
    browser = Browser(stage).sign_in(WHO)
    values = {
        "kid": stage.world.people["supervisor-310104"].signer.public.kid,
        "created_ms": stage.hands.now_ms + 1,
        "host": "https://elsewhere.example",
    }
    assert browser.ask("GET", "/api/sessions/current").status_code == 200
    with stage.service.database.transaction() as connection:
        connection.execute(sa.update(session).values({column: values[column]}))
    assert code_of(browser.ask("GET", "/api/sessions/current")) == (401, "SESSION_NONE")


def test_a_row_nobody_signed_in_for_opens_nothing(stage: Stage) -> None:
    browser, own = Browser(stage).sign_in(WHO), b"\x07" * 32
    with stage.service.database.transaction() as connection:
        row = connection.execute(sa.select(session)).one()._asdict()
        forged = {**row, "id": hashlib.sha256(own).digest()}
        connection.execute(sa.insert(session).values(forged))
    browser.client.cookies.clear()
    browser.client.cookies.set("__Host-malan", to_b64(own))
    assert code_of(browser.ask("GET", "/api/sessions/current")) == (401, "SESSION_NONE")
