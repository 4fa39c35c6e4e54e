"""Attacks on the subsidy: two payments for one, a wrong amount, one's own claim, a guessed ID."""

# ruff: noqa: F401, F811  (fixtures come from the registry's conftest)
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts.certificates import CertificateSuspended, ClaimDecided, ClaimWithdrawn
from issuers.acts.classes import PolicyPublished, Sheet
from issuers.acts.parties import KeyRevoked
from issuers.acts.words import Outcome, RevocationCause
from issuers.identifiers.identity import IdType, normalise
from ledger.commitment import encode_opening
from ledger.errors import MalanError
from ledger.statement import statement_hash
from registry.storage.tables import hold, reservation
from registry.subsidy import holds
from tests.insider import insider
from tests.registry.conftest import _quiet, desk, founded_template, results, results_template, stage
from tests.registry.desk import Desk
from tests.registry.stage import Stage, officer_document
from tests.registry.test_submit_faults import failing_commit
from tests.world_parts import AMOUNT_FEN, BODY, moment
from tests.world_steps import class_subject, said_of_class, say_roster, trainee
from verify.subsidy.policy import POLICY_DEMO

REVIEWER, INTAKE = "reviewer-310104", "intake-310101"


def say_two(stage: Stage, kind: str, subject: str, act: object) -> None:
    """An act of the city with its second officer."""
    world = stage.world
    world.now = stage.hands.now_ms
    raw = world.sign(kind, "root-1", subject, act)
    assert stage.post(raw).status_code == 200
    yes = world.sign("approve", "root-2", f"statement/{statement_hash(raw).hex()}", {})
    assert stage.post(yes).status_code == 200


def approve(desk: Desk, claim: bytes, amount_fen: int = AMOUNT_FEN) -> int:
    act = ClaimDecided(Outcome.APPROVED, (), amount_fen, release=False)
    return desk.say("claim-decided", REVIEWER, claim, act).status_code


def person_of(desk: Desk, certificate: bytes) -> bytes:
    with desk.stage.service.database.reading() as connection:
        query = sa.select(reservation.c.person).where(reservation.c.certificate == certificate)
        person: bytes = connection.execute(query).scalar_one()
    return person


def become(desk: Desk, officer: str, certificate: bytes) -> None:
    """The officer is the holder of the certificate: one natural person, as POST /api/staff would know."""
    person, staff = person_of(desk, certificate), desk.stage.world.people[officer].staff
    with insider(desk.stage.service.settings) as raw:
        raw.run("UPDATE staff SET person = :person WHERE staff = :staff", person=person, staff=staff)


def with_slot(desk: Desk, prepared: Any, slot: int) -> Any:
    key, person = desk.stage.service.secrets.nullifier, person_of(desk, prepared.certificate)
    return replace(prepared, claim=os.urandom(16), slot_nullifier=holds.slot_nullifier(key, person, slot))


# Breaks.

OTHER_POLICIES = {
    "of another year": {"valid_from": date(2019, 1, 1), "valid_to": date(2019, 12, 31)},
    "that pays no such certificate": {
        "stage_rules": tuple(replace(one, subsidised=False) for one in POLICY_DEMO.stage_rules),
        "valid_from": date(2019, 1, 1),
    },
}


@pytest.mark.parametrize("case", OTHER_POLICIES)
def test_a_claim_under_a_policy_that_does_not_apply_is_refused(desk: Desk, case: str) -> None:
    """The amount is judged against the policy the claim names, so naming another one changes the amount."""
    rich = replace(POLICY_DEMO, id="rich", amount_fen=9_000_000, **OTHER_POLICIES[case])
    prepared = replace(desk.prepared(), policy="rich")
    say_two(desk.stage, "policy-published", "policy/rich", PolicyPublished(rich.to_body()))
    answer = desk.submit(desk.claim(prepared))
    paid = answer.status_code == 200 and approve(desk, prepared.claim, 9_000_000) == 200
    assert (answer.status_code, paid) == (422, False)


def test_a_certificate_in_quarantine_is_not_paid_for(desk: Desk) -> None:
    """Signed after `compromised_since`: every verdict is "could not check", yet the money goes out."""
    prepared, world = desk.prepared(), desk.stage.world
    desk.stage.hands.set(desk.stage.hands.now_ms + 3_600_000)
    world.now = desk.stage.hands.now_ms
    since = moment(13, 9) // 1000
    kid = world.people["signatory"].signer.public.kid.hex()
    act = KeyRevoked(RevocationCause.COMPROMISED, since)
    assert desk.stage.post(world.sign("key-revoked", f"admin-{BODY}", f"key/{kid}", act)).status_code == 200
    desk.stage.publish()
    assert desk.check(desk.body()).json()["outcome"] == "UNKNOWN"
    desk.submit(desk.claim(prepared))
    assert approve(desk, prepared.claim) != 200


def test_nobody_decides_their_own_claim(desk: Desk) -> None:
    prepared = desk.prepared()
    become(desk, REVIEWER, prepared.certificate)
    assert desk.submit(desk.claim(prepared)).status_code == 200
    assert approve(desk, prepared.claim) != 200


def test_an_evaluator_cannot_score_themselves(stage: Stage) -> None:
    """Assurance A.2 row 3. The service knows that staff id and candidate are one person."""
    world = stage.world
    world.with_class()
    one = trainee(world, "申自评", "19800101", "申城青禾", "2025-01-01", 40, (900, 900, 900), (900, 900, 900))
    own = {**one.fields, "id_number": officer_document("evaluator-1").number}
    world.trainees = [replace(one, fields=own)]
    say_roster(world)
    stage.tell()
    stage.hands.set(moment(12, 10))
    world.now = moment(12, 10)
    entries, openings = world.commit("sheet", [{"candidate": one.candidate, **one.marks[0]}])
    act = Sheet(said_of_class(world, "roster")[0], entries)
    raw = world.sign("sheet", "evaluator-1", class_subject(world), act)
    assert stage.post(raw, [encode_opening(item) for item in openings]).status_code == 422


def test_a_refused_claim_does_not_tell_whose_certificate_it_is(desk: Desk) -> None:
    """A thousand guesses of a holder's ID number in one request, without a line in the read audit."""
    made_up = replace(desk.prepared(), project_nullifier=b"n" * 32, slot_nullifier=b"m" * 32)
    right, wrong = desk.submit(desk.claim(made_up)), desk.submit(desk.claim(made_up, opened=1))
    assert right.status_code == wrong.status_code == 422
    assert right.content == wrong.content


ONE_PERSON = {
    "an old resident number told as a passport": (IdType.PASSPORT, "310104880229000", None),
    "two issues of one travel permit": (IdType.HMT_PASS, "H0000000001", "H0000000002"),
    "the travel permit of 8 and of 10 digits": (IdType.HMT_PASS, "H00000000", "H0000000002"),
}


@pytest.mark.parametrize("case", ONE_PERSON)
def test_one_document_is_not_two_people(case: str) -> None:
    """Assurance A.2 row 20: every spelling of one ID gives one index, or is refused."""
    kind, first, second = ONE_PERSON[case]
    today = date(2026, 3, 13)
    if second is None:
        with pytest.raises(MalanError):
            normalise(kind, first, today=today)
    else:
        assert normalise(kind, first, today=today) == normalise(kind, second, today=today)


def test_a_taken_slot_is_not_called_a_second_claim(desk: Desk) -> None:
    """Two projects prepared at two counters get one slot; the second, rightful one must be told to retry."""
    prepared = desk.prepared()
    with desk.stage.service.database.transaction() as connection:
        person = person_of(desk, prepared.certificate)
        holds.take(connection, person=person, project="002", slot=1, claim=b"2" * 16)
    assert desk.submit(desk.claim(prepared)).json()["code"] != "ALREADY_CLAIMED"


def test_a_fact_of_the_future_proves_nothing(desk: Desk) -> None:
    answer = desk.check(desk.body(facts={"as_of": "2099-01-01"}))
    assert answer.status_code == 400 or answer.json()["outcome"] != "PASS"


# Attempts that fail, as they should.

_RACER = """
import json, pathlib, sys, time
from issuers.base64url import from_b64
from registry.clock import Clock
from registry.storage.database import Database
from registry.writing.item import Submission
from registry.secrets import read_secrets
from registry.service import assemble
from registry.settings import read_settings
from registry.writing.submit import submit
home, now, origin = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
items = json.load(sys.stdin)
settings = read_settings(home=home)
service = assemble(settings, Database(settings.database_url, busy_timeout_ms=30_000),
    read_secrets(settings.secret_file), clock=Clock(lambda: now * 10**6, lambda: 0), origin=origin)
b = lambda text: from_b64(text, bytes_max=65_535, where="")
print("ready", flush=True)
while not (home / "go").exists():
    time.sleep(0.001)
for one in items:
    (answer,) = submit(service, [Submission(b(one["statement"]), tuple(map(b, one["openings"])))])
    print(getattr(answer, "code", "appended"), flush=True)
"""


def test_two_processes_get_one_claim_of_many_through(desk: Desk) -> None:
    stage, prepared = desk.stage, desk.prepared()
    told = [[desk.claim(with_slot(desk, prepared, 1 + n % 3)) for n in range(6)] for _ in range(2)]
    home = stage.service.settings.home
    command = [sys.executable, "-c", _RACER, str(home), str(stage.hands.now_ms), stage.service.origin]
    root = Path(__file__).parents[2]
    racers = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True, cwd=root) for _ in range(2)]
    for racer, items in zip(racers, told, strict=True):
        assert racer.stdin is not None and racer.stdout is not None
        json.dump(items, racer.stdin)
        racer.stdin.close()
        assert racer.stdout.readline() == "ready\n"
    (home / "go").touch()
    answers = [line.strip() for racer in racers for line in racer.stdout or ()]
    assert [racer.wait() for racer in racers] == [0, 0]
    assert sorted(answers) == ["ALREADY_CLAIMED"] * 11 + ["appended"]
    assert stage.count(hold) == 1


def test_a_claim_whose_commit_answer_was_lost_is_one_claim(desk: Desk) -> None:
    told = desk.claim(desk.prepared())
    with failing_commit(desk.stage, persisted=False):
        assert desk.submit(told).status_code == 503
    assert desk.stage.count(hold) == 0
    with failing_commit(desk.stage, persisted=True):
        assert desk.submit(told).status_code == 503
    assert desk.submit(told).json()["status"] == "known"
    assert desk.stage.count(hold) == 1


@pytest.mark.parametrize("slot", [0, 4])
def test_the_service_itself_has_no_fourth_slot(desk: Desk, slot: int) -> None:
    prepared = with_slot(desk, desk.prepared(), slot)
    assert desk.submit(desk.claim(prepared)).status_code == 422
    assert desk.stage.count(hold) == 0


def test_nullifiers_of_another_holder_are_refused(desk: Desk) -> None:
    mine, theirs = desk.prepared(0), desk.prepared(1)
    for changed in (
        {"project_nullifier": theirs.project_nullifier},
        {"slot_nullifier": theirs.slot_nullifier},
        {"certificate": theirs.certificate},
    ):
        assert desk.submit(desk.claim(replace(mine, **changed))).status_code == 422
    assert desk.stage.count(hold) == 0


def test_what_is_released_once_cannot_be_released_again(desk: Desk) -> None:
    first = desk.prepared()
    desk.submit(desk.claim(first))
    assert desk.say("claim-withdrawn", INTAKE, first.claim, ClaimWithdrawn("changed-mind")).status_code == 200
    second = desk.prepared()
    assert desk.submit(desk.claim(second)).status_code == 200
    for act in (ClaimWithdrawn("again"), ClaimDecided(Outcome.REJECTED, ("AGAIN",), 0, release=True)):
        kind, who = (
            ("claim-withdrawn", INTAKE) if isinstance(act, ClaimWithdrawn) else ("claim-decided", REVIEWER)
        )
        assert desk.say(kind, who, first.claim, act).json()["code"] == "CLAIM_CLOSED"
    assert desk.stage.count(hold) == 1


def test_a_suspended_certificate_is_neither_claimed_nor_paid(desk: Desk) -> None:
    first, second = desk.prepared(0), desk.prepared(1)
    desk.submit(desk.claim(first))
    world = desk.stage.world
    world.now = desk.stage.hands.now_ms
    for certified in desk.certified[:2]:
        subject = f"certificate/{certified.item.certificate.hex()}"
        raw = world.sign("certificate-suspended", "signatory", subject, CertificateSuspended("investigation"))
        assert desk.stage.post(raw).status_code == 200
    assert approve(desk, first.claim) == 422
    assert desk.submit(desk.claim(second, 1)).json()["code"] == "CERTIFICATE_NOT_VALID"


@pytest.mark.parametrize("amount", [0, 1, AMOUNT_FEN - 1, AMOUNT_FEN + 1, 10_000_000])
def test_no_other_amount_is_approved(desk: Desk, amount: int) -> None:
    prepared = desk.prepared()
    desk.submit(desk.claim(prepared))
    assert approve(desk, prepared.claim, amount) == 422


def test_a_claim_among_other_acts_meets_the_same_guards(desk: Desk) -> None:
    a, b = desk.prepared(), desk.prepared()
    told: list[Mapping[str, Any]] = [
        desk.claim(a),
        desk.claim(with_slot(desk, b, 2)),
        desk.claim(with_slot(desk, b, 3)),
    ]
    answers = desk.stage.post_batch(told)
    assert [one.get("code", one["status"]) for one in answers] == [
        "appended",
        "ALREADY_CLAIMED",
        "ALREADY_CLAIMED",
    ]
    assert desk.stage.count(hold) == 1
