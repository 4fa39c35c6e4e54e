"""The subsidy desk's decision: every rule with its reason, and nothing about anybody else."""

from __future__ import annotations

from typing import Any

import pytest
from stdnum.cn import ric

from issuers.acts.certificates import CertificateSuspended
from registry.storage.tables import hold, read_audit
from tests.registry.desk import Desk, findings
from tests.world_parts import AMOUNT_FEN


def test_a_good_case_passes_every_rule_and_says_the_policy_is_unconfirmed(desk: Desk) -> None:
    answer = desk.check(desk.body())
    assert answer.status_code == 200
    told = answer.json()
    assert (told["outcome"], told["amount_fen"], told["policy"]) == ("PASS", AMOUNT_FEN, "demo")
    assert told["unconfirmed"] is True
    assert {one[0] for one in findings(answer).values()} == {"PASS"}
    assert all(one["zh"] and one["en"] for one in told["findings"])


def test_what_the_applicant_only_says_stays_open(desk: Desk) -> None:
    answer = desk.check(desk.body(facts={"source": "self-declared"}))
    assert answer.json()["outcome"] == "UNKNOWN"
    assert findings(answer)["R5"] == ("UNKNOWN", "FACT_UNCHECKED")


def test_an_organisation_elsewhere_fails(desk: Desk) -> None:
    answer = desk.check(desk.body(facts={"in_shanghai": False}))
    assert (answer.json()["outcome"], answer.json()["amount_fen"]) == ("FAIL", 0)


def test_another_persons_certificate_is_answered_like_one_that_does_not_exist(desk: Desk) -> None:
    mine, other = desk.body(0), desk.stage.holder(desk.certified[1])
    stolen = desk.check({**mine, "id_number": other["id_number"]})
    stranger = desk.check({**mine, "id_number": "11010119900307000" + _check("11010119900307000")})
    unknown = desk.check({**mine, "qr": "https://cert.malan.example/v/0000000000000000#1234"})
    assert stolen.json() == stranger.json() == unknown.json()
    assert stolen.json()["findings"][0]["code"] == "CERTIFICATE_UNKNOWN"
    for body in ({**mine, "id_number": other["id_number"]}, {**mine, "qr": "nothing"}):
        answer = desk.prepare(body)
        assert (answer.status_code, answer.json()["code"]) == (404, "CERTIFICATE_UNKNOWN")


def test_a_suspended_certificate_opens_nothing(desk: Desk) -> None:
    subject = f"certificate/{desk.certified[0].item.certificate.hex()}"
    desk.stage.world.now = desk.stage.hands.now_ms
    raw = desk.stage.world.sign(
        "certificate-suspended", "signatory", subject, CertificateSuspended("investigation")
    )
    assert desk.stage.post(raw).status_code == 200
    desk.stage.publish()
    assert findings(desk.check(desk.body()))["R2"] == ("UNKNOWN", "CERTIFICATE_SUSPENDED")
    assert desk.prepare(desk.body()).json()["code"] == "CERTIFICATE_NOT_VALID"


@pytest.mark.parametrize("who", ["supervisor-310104", "reviewer-310104", "signatory"])
def test_only_intake_officers_ask(desk: Desk, who: str) -> None:
    assert desk.check(desk.body(), who=who).status_code == 403


@pytest.mark.parametrize(
    "changed",
    [
        {"channel": "COUNTER"},
        {"id_type": "library-card"},
        {"facts": {"in_shanghai": "yes"}},
        {"facts": {"source": "hearsay"}},
        {"facts": {"role_to": "2020-01-01"}},
        {"more": 1},
    ],
)
def test_an_improper_application_is_a_400_without_its_values(desk: Desk, changed: dict[str, Any]) -> None:
    body = desk.body(**changed)
    answer = desk.check(body)
    assert answer.status_code == 400
    assert body["id_number"] not in answer.text
    assert body["facts"]["organisation"] not in answer.text


def test_asking_is_recorded_and_holds_nothing(desk: Desk) -> None:
    before = desk.stage.count(read_audit)
    desk.check(desk.body())
    desk.prepare(desk.body())
    assert desk.stage.count(read_audit) == before + 2
    assert desk.stage.count(hold) == 0


def _check(seventeen: str) -> str:
    return str(ric.calc_check_digit(f"{seventeen}0"))
