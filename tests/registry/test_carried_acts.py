"""Nobody alone fills the bundles that every verifier and every desk has to open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from issuers.acts.parties import KeyRevoked, OfficerAppointed
from issuers.acts.words import Duty, RevocationCause
from issuers.bundle import BYTES_MAX
from ledger.errors import MalanError
from registry.callers import carried_acts
from registry.callers.carried_acts import ADMIN_ACTS, CITY_ACTS, UNIT
from registry.http.app import create_app
from registry.writing.item import Submission
from registry.writing.submit import submit
from tests import loop
from tests.registry.stage import Stage, dismissal
from tests.registry.test_limits import narrow
from tests.world_parts import BODY, FIRST, INSTITUTION, LAST, STANDARD
from tests.world_stages import witness_set

LONG = OfficerAppointed(
    (Duty.EVALUATOR,), tuple(f"{place:03d}-{'a' * 36}" for place in range(64)), FIRST, LAST
)
"""As long as an appointment can be: three units."""


def codes(stage: Stage, *statements: bytes) -> list[str]:
    """What the service says of them; limits are as they are shipped."""
    settings = stage.service.settings.model_copy(update={"limit_factor": 1})
    told = submit(replace(stage.service, settings=settings), [Submission(raw) for raw in statements])
    return [one.code if isinstance(one, MalanError) else "" for one in told]


def said(stage: Stage, kind: str, who: str, subject: str, body: Any) -> bytes:
    stage.world.now = stage.hands.now_ms
    return stage.world.sign(kind, who, subject, body)


def appointment(stage: Stage, party: str = BODY, act: OfficerAppointed = LONG) -> bytes:
    name = "evaluator-1" if party == BODY else "instructor-1"
    subject = f"officer/{stage.world.people[name].staff.hex()}"
    return said(stage, "officer-appointed", f"admin-{party}", subject, act)


def test_an_admin_who_says_too_much_is_stopped_for_the_day_and_nobody_else_is(stage: Stage) -> None:
    size = stage.size()
    told = codes(stage, *(appointment(stage) for _ in range(136)))
    assert told == [""] * 134 + ["ACTS_OF_THE_DAY"] * 2  # 400 units, three each
    assert stage.size() == size + 134
    short = replace(LONG, projects=())
    assert codes(stage, appointment(stage, act=short)) == ["ACTS_OF_THE_DAY"]
    assert codes(stage, appointment(stage, INSTITUTION)) == [""]
    kid = stage.world.people["evaluator-2"].signer.public.kid.hex()
    lost = said(stage, "key-revoked", f"admin-{BODY}", f"key/{kid}", KeyRevoked(RevocationCause.LOST))
    assert codes(stage, lost, dismissal(stage)) == ["", ""], "what stops somebody is never refused"
    stage.hands.set(stage.hands.now_ms + 86_400_001)
    assert codes(stage, appointment(stage)) == [""]


def test_one_key_of_the_city_fills_nothing_and_two_others_stop_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sets of witnesses are long acts, and a trust bundle carries them before anybody approves."""
    stage.world.now = stage.hands.now_ms
    act = witness_set(stage.world)
    units = -(-len(said(stage, "witness-set", "root-3", "log", act)) // UNIT)
    assert units > 4
    passed = -(-1000 // units)
    told = codes(stage, *(said(stage, "witness-set", "root-3", "log", act) for _ in range(passed + 2)))
    assert told == [""] * passed + ["ACTS_OF_THE_DAY"] * 2
    kid = stage.world.people["root-3"].signer.public.kid.hex()
    stop = said(stage, "key-revoked", "root-1", f"key/{kid}", KeyRevoked(RevocationCause.LOST))
    assert codes(stage, stop) == [""]
    monkeypatch.setattr(carried_acts, "CITY_ACTS", replace(CITY_ACTS, windows="100000/day"))
    assert codes(stage, said(stage, "witness-set", "root-3", "log", act)) == [""]  # the control


def test_who_says_one_too_many_is_told_when_to_come_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP a limit is a 429 whatever its code: a client keeps the signed bytes and sends them again."""
    monkeypatch.setattr(carried_acts, "ADMIN_ACTS", replace(ADMIN_ACTS, windows="4/day"))
    shipped = narrow(stage)
    shipped.client = loop.client(create_app(shipped.service))
    answers = [shipped.post(appointment(stage)) for _ in range(3)]  # three units each
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "ACTS_OF_THE_DAY"
    assert 0 < int(answers[2].headers["retry-after"]) <= 86_400


def test_whom_an_admin_appoints_shares_its_count(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or each further officer of standards would bring a day's worth of its own."""
    monkeypatch.setattr(carried_acts, "CITY_ACTS", replace(CITY_ACTS, windows="4/day"))
    subject = f"officer/{stage.world.people['standards'].staff.hex()}"
    act = OfficerAppointed((Duty.STANDARDS,), (), FIRST, LAST)
    told = codes(stage, *(said(stage, "officer-appointed", "city-admin", subject, act) for _ in range(4)))
    assert told == [""] * 4
    document = {"document": replace(STANDARD, id="startup-2027").to_body()}
    published = said(stage, "standard-published", "standards", "standard/startup-2027", document)
    assert codes(stage, published) == ["ACTS_OF_THE_DAY"]
    closing = said(stage, "party-withdrawn", "root-1", f"party/{INSTITUTION}", {"reason": "closed"})
    assert codes(stage, closing) == [""]
    monkeypatch.setattr(carried_acts, "CITY_ACTS", CITY_ACTS)
    assert codes(stage, published) == [""]  # the control


def test_a_month_of_one_admins_days_and_a_week_of_a_citys_do_not_fill_a_bundle() -> None:
    """Time to notice: refusals are counted by code in the metrics."""
    days = [BYTES_MAX / UNIT / int(one.windows.partition("/")[0]) for one in (ADMIN_ACTS, CITY_ACTS)]
    assert days[0] > 30 and days[1] > 7
