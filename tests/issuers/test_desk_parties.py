"""Parties, keys, genesis and claims at the desk, against a service that judges."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from issuers.acts.words import Duty, Outcome
from issuers.authority.class_facts import Claim, ClaimState
from issuers.authority.party_facts import Officer, officer_key
from issuers.sign.desk.claims import (
    check_application,
    decide_claim,
    prepare_claim,
    read_application,
    submit_claim,
    withdraw_claim,
)
from issuers.sign.desk.parties import (
    act,
    approve,
    approve_genesis,
    draft_genesis,
    enrol,
    genesis_file,
    logged_statement,
    need_same,
    read_genesis_file,
    staff_id,
)
from issuers.sign.drafting import Speaker
from issuers.sign.readable import act_body, readable
from ledger.errors import MalanError, Unavailable
from ledger.statement import parse_statement
from tests.issuers.desks import desk_of
from tests.issuers.fake_service import FakeService
from tests.world import World
from tests.world_parts import ORIGIN, START, millis, moment, seeded

TODAY = date(2026, 3, 16)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        call()
    return caught.value.code


def test_a_new_evaluator_is_named_appointed_and_enrolled_by_the_bodys_admin(tmp_path: Path) -> None:
    fake = FakeService(World.founded().with_standard())
    new = fake.world.person("evaluator-9", "body-shenlan")
    person = {"id_type": "居民身份证", "id_number": "310104198102180007", "name": "崔雅"}
    with desk_of(fake, "admin-body-shenlan", tmp_path) as desk:
        staff = staff_id(desk, json.dumps(person).encode(), today=TODAY)
        told = {"duties": ["evaluator"], "projects": [], "first_day": "2026-01-01", "last_day": "2027-01-01"}
        act(desk, "officer-appointed", f"officer/{staff.hex()}", act_body("officer-appointed", told))
        speaker = Speaker(new.signer, "body-shenlan", ORIGIN)
        enrolment = enrol(speaker, staff, now_ms=fake.world.now, fresh=seeded("e", 10))
        body = act_body("key-enrolled", {"enrolment": enrolment.hex()})
        act(desk, "key-enrolled", f"officer/{staff.hex()}", body)
    officer = fake.world.view.get(Officer, officer_key("body-shenlan", staff))
    assert officer is not None and officer.duties == (Duty.EVALUATOR,)
    assert fake.world.key_of(new.signer.public.kid)


def test_a_person_file_with_a_wrong_number_is_refused_without_showing_it(tmp_path: Path) -> None:
    fake = FakeService(World.founded())
    told = {"id_type": "居民身份证", "id_number": "310104199005170001", "name": "错一位"}
    with desk_of(fake, "admin-body-shenlan", tmp_path) as desk, pytest.raises(MalanError) as caught:
        staff_id(desk, json.dumps(told).encode(), today=TODAY)
    assert caught.value.code == "ID_CHECK_DIGIT" and "310104" not in str(caught.value)
    assert not fake.calls


def test_an_act_of_two_officers_waits_for_the_second_who_sees_it_first(tmp_path: Path) -> None:
    fake = FakeService(World.founded().with_standard())
    with desk_of(fake, "root-1", tmp_path) as desk:
        body = act_body("body-suspended", {"reason": "under-inspection"})
        statement, answer = act(desk, "body-suspended", "party/body-shenlan", body)
    with desk_of(fake, "root-2", tmp_path) as desk:
        shown = logged_statement(desk, answer.seq)
        need_same(shown, statement.hash)
        assert readable(shown)["body"] == {"reason": "under-inspection"}
        assert code_of(lambda: need_same(shown, b"\x01" * 32)) == "HASH_OTHER"
        first = approve(desk, statement.hash)
        assert approve(desk, statement.hash) == first  # said once, answered again
        fake.published = False
        assert code_of(lambda: logged_statement(desk, answer.seq)) == "ENTRY_UNSEEN"
    assert [item.kind for item in fake.world.said][-2:] == ["body-suspended", "approve"]


def test_an_act_the_judge_refuses_is_kept_as_refused_and_may_be_said_again(tmp_path: Path) -> None:
    fake = FakeService(World.founded())
    with desk_of(fake, "signatory", tmp_path) as desk:
        body = act_body("officer-dismissed", {"reason": "left"})
        subject = f"officer/{fake.world.people['evaluator-1'].staff.hex()}"
        assert code_of(lambda: act(desk, "officer-dismissed", subject, body)) == "DUTY_MISSING"
        (item,) = desk.outbox.items(subject)
        assert item.answer is not None and item.answer.code == "DUTY_MISSING"


def _roots(count: int = 3) -> list[Speaker]:
    world = World()
    return [Speaker(world.person(f"root-{n}", "city").signer, "city", ORIGIN) for n in range(1, count + 1)]


def _enrolments(roots: list[Speaker]) -> list[bytes]:
    return [
        enrol(one, seeded(f"staff {n}", 16), now_ms=millis(START), fresh=seeded(f"e{n}", 10))
        for n, one in enumerate(roots)
    ]


def _genesis(signer: Speaker, enrolments: list[bytes]) -> bytes:
    fresh = seeded("genesis", 10)
    return draft_genesis(
        signer, enrolments, city="市就业促进中心", city_en="Centre", now_ms=millis(START), fresh=fresh
    )


def test_a_genesis_of_three_enrolments_and_an_approval_founds_a_log() -> None:
    roots = _roots()
    raw = _genesis(roots[0], _enrolments(roots))
    approval = approve_genesis(roots[2], raw, now_ms=millis(START), fresh=seeded("a", 10))
    world = World()
    for statement in read_genesis_file(genesis_file([raw, approval])):
        world.hear(statement)
    assert len(world.leaves) == 2


def test_a_genesis_is_not_made_of_strangers_or_of_one_person_twice() -> None:
    roots = _roots()
    good = _enrolments(roots)
    stranger = Speaker(World().person("x", "city").signer, "city", ORIGIN)
    assert code_of(lambda: _genesis(stranger, good)) == "GENESIS_SIGNER"
    assert code_of(lambda: _genesis(roots[0], [good[0], good[1], good[1]])) == "GENESIS_KEYS"
    assert code_of(lambda: _genesis(roots[0], good[:2])) == "GENESIS_KEYS"
    elsewhere = Speaker(roots[1].signer, "city", "other.example/log")
    other = enrol(elsewhere, seeded("s", 16), now_ms=millis(START), fresh=seeded("o", 10))
    assert code_of(lambda: _genesis(roots[0], [good[0], other, good[2]])) == "GENESIS_KEYS"


def test_the_signer_of_a_genesis_cannot_approve_it_and_nobody_else_can() -> None:
    roots = _roots()
    raw = _genesis(roots[0], _enrolments(roots))
    stranger = Speaker(World().person("x", "city").signer, "city", ORIGIN)
    for one in (roots[0], stranger):
        call = lambda one=one: approve_genesis(one, raw, now_ms=0, fresh=seeded("a", 10))  # type: ignore[misc]  # noqa: E731
        assert code_of(call) == "GENESIS_SIGNER"
    changed = raw[:-1] + bytes([raw[-1] ^ 1])
    assert code_of(lambda: approve_genesis(roots[1], changed, now_ms=0, fresh=b"a" * 10)).startswith(
        "SIGNATURE"
    )
    assert code_of(lambda: read_genesis_file(b'{"v": 1, "statements": []}')) == "GENESIS_FILE"


APPLICATION: dict[str, Any] = {
    "qr": "https://cert.malan.example/v/1#1",
    "id_type": "居民身份证",
    "id_number": " 31010419880229000４ ",
    "channel": "counter",
    "facts": {
        "organisation": "申城青禾信息科技有限公司",
        "uscc": "",
        "in_shanghai": True,
        "founded_on": "2025-03-04",
        "role": "法定代表人",
        "role_from": "2025-03-04",
        "source": "licence-seen",
        "as_of": "2026-03-16",
    },
}


def application(**changed: Any) -> bytes:
    return json.dumps({**APPLICATION, **changed}).encode()


@pytest.fixture
def counter() -> FakeService:
    """Certificates are issued; the counter is open."""
    world = World.founded().with_standard().with_class().with_results().with_certificates()
    world.now = moment(16, 10)
    return FakeService(world)


def test_an_application_is_normalised_before_anything_is_asked() -> None:
    read = read_application(application(), today=TODAY)
    assert read.request["id_number"] == "310104198802290004" == read.facts.id.number
    assert read.request["id_type"] == "resident_id"
    facts = read.request["facts"]
    assert isinstance(facts, dict) and facts["role"] == "legal-representative" and "role_to" not in facts


@pytest.mark.parametrize(
    ("where", "changed"),
    [
        ("application.id_number", {"id_number": "310104199005170001"}),
        ("application.id_type", {"id_type": "驾驶证"}),
        ("application.channel", {"channel": "By Phone"}),
        ("application.facts.role", {"facts": {**APPLICATION["facts"], "role": "顾问"}}),
        ("application.facts.uscc", {"facts": {**APPLICATION["facts"], "uscc": "123"}}),
        ("application.facts.source", {"facts": {**APPLICATION["facts"], "source": "rumour"}}),
        ("application.facts.founded_on", {"facts": {**APPLICATION["facts"], "founded_on": "2025-3-4"}}),
        ("application.facts.in_shanghai", {"facts": {**APPLICATION["facts"], "in_shanghai": 1}}),
        ("application", {"name": "崔雅"}),
    ],
)
def test_a_member_without_its_form_is_named_and_its_value_is_not(where: str, changed: dict[str, Any]) -> None:
    with pytest.raises(MalanError) as caught:
        read_application(application(**changed), today=TODAY)
    assert caught.value.where == where
    for value in changed.values():
        assert not isinstance(value, str) or value not in str(caught.value)


def test_a_claim_is_submitted_once_and_decided_by_the_district(counter: FakeService, tmp_path: Path) -> None:
    read = read_application(application(), today=TODAY)
    with desk_of(counter, "intake-310101", tmp_path) as desk:
        assert check_application(desk, read)["unconfirmed"] is True
        prepared = prepare_claim(desk, read)
        submit_claim(desk, prepared, read)
        again = prepare_claim(desk, read)
        assert code_of(lambda: submit_claim(desk, again, read)) == "ALREADY_CLAIMED"
        assert not desk.outbox.waiting()
    with desk_of(counter, "reviewer-310104", tmp_path) as desk:
        told = {"amount_fen": 180_000, "reasons": (), "release": False}
        first = decide_claim(desk, prepared.claim, Outcome.APPROVED, **told)
        assert decide_claim(desk, prepared.claim, Outcome.APPROVED, **told) == first
    claim = counter.world.view.get(Claim, prepared.claim.hex())
    assert claim is not None and claim.state is ClaimState.APPROVED


def test_a_claim_whose_answer_was_lost_is_sent_again_and_holds_once(
    counter: FakeService, tmp_path: Path
) -> None:
    read = read_application(application(), today=TODAY)
    with desk_of(counter, "intake-310101", tmp_path) as desk:
        prepared = prepare_claim(desk, read)
        counter.fail_next("/api/subsidy/claims", when="after", times=4)
        with pytest.raises(Unavailable):
            submit_claim(desk, prepared, read)
        (sent,) = desk.send_waiting()
        assert sent.answer is not None and not sent.answer.refused
        withdraw_claim(desk, prepared.claim, "applicant-withdrew")
    kinds = [item.kind for item in counter.world.said][-2:]
    assert kinds == ["claim-submitted", "claim-withdrawn"]


@pytest.mark.parametrize(
    ("code", "kind", "document"),
    [
        ("ACT_UNKNOWN", "party-abolished", {}),
        ("ACT_COMMAND", "roster", {"entries": []}),
        ("ACT_COMMAND", "approve", {}),
        ("SHAPE_UNKNOWN", "party-withdrawn", {"reason": "left", "more": 1}),
        ("SHAPE_MISSING", "party-withdrawn", {}),
        ("SHAPE_FORM", "party-withdrawn", {"reason": "张三 left"}),
        ("HEX_FORM", "key-enrolled", {"enrolment": "zz"}),
        ("SHAPE_TYPE", "class-opened", {"project": 1}),
        ("SHAPE_FORM", "body-appointed", {"projects": ["001"], "first_day": "1.1.26", "last_day": "x"}),
    ],
)
def test_an_act_typed_wrongly_is_refused_before_it_is_signed(
    code: str, kind: str, document: dict[str, Any]
) -> None:
    assert code_of(lambda: act_body(kind, document)) == code


def test_what_is_shown_cannot_steer_a_terminal_and_opens_enrolments() -> None:
    roots = _roots()
    told = {"role": "body", "name": "\x1b[2J评价\u202e", "name_en": "B", "region": "310000", "code": "009"}
    raw = roots[0].say("party-admitted", "party/b", told, now_ms=millis(START), fresh=seeded("x", 10))
    shown = readable(parse_statement(raw))
    assert shown["body"]["name"] == "\\u001b[2J评价\\u202e"
    genesis = readable(parse_statement(_genesis(roots[0], _enrolments(roots))))
    first = genesis["body"]["keys"][0]["enrolment"]
    assert first["key"] == roots[0].signer.public.kid.hex() and first["for"].startswith("city officer/")
