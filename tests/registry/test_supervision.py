"""What a supervisor sees: the chain of a certificate both ways, lists; own district only."""

from __future__ import annotations

import os
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.authority.party_facts import Officer, Party, officer_key
from ledger import store
from ledger.errors import Refused, Unavailable
from registry.callers.sessions import Principal
from registry.storage.facts import TableView
from registry.storage.tables import read_audit
from registry.supervision import book as book_module
from registry.supervision import classes, health, issuing, trace
from registry.supervision.classes import Wanted
from registry.supervision.ward import Ward
from tests.registry.desk import Desk
from tests.registry.stage import Stage
from tests.registry.versions import renew
from tests.world_parts import BODY, INSTITUTION

OWN, OTHER = "supervisor-310104", "supervisor-310101"


def principal(stage: Stage, who: str) -> Principal:
    """Who a session would know them as."""
    person = stage.world.people[who]
    with stage.service.database.reading() as connection:
        view = TableView(connection)
        party = view.get(Party, person.party)
        officer = view.get(Officer, officer_key(person.party, person.staff))
    assert party is not None and officer is not None
    return Principal(party, person.staff, frozenset(officer.duties), person.signer.public.kid)


def nodes(told: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for node in told["nodes"]:
        found.setdefault(node["node"], []).append(node)
    return found


# The chain.


def test_a_typed_code_leads_back_to_the_standard(desk: Desk) -> None:
    stage = desk.stage
    typed = desk.certified[0].item.code
    told = trace.trace_typed(stage.service, principal(stage, OWN), typed)
    found = nodes(told)
    assert {kind: len(some) for kind, some in found.items()} == {
        "certificate": 1,
        "evaluation": 1,
        "sheet": 2,
        "roster": 1,
        "class": 1,
        "accreditation": 1,
        "body": 1,
        "standard": 1,
    }
    for some in found.values():
        for node in some:
            assert all(node["holds"].values()), node
            assert node["entries"], node
    said = {kind: some[0]["entries"][0]["said_by"] for kind, some in found.items()}
    duties = {kind: (one["party"], one["duty"]) for kind, one in said.items()}
    assert duties == {
        "certificate": (BODY, "signatory"),
        "evaluation": (BODY, "signatory"),
        "sheet": (BODY, "evaluator"),
        "roster": (INSTITUTION, "registrar"),
        "class": (INSTITUTION, "registrar"),
        "accreditation": ("district-310104", "supervisor"),
        "body": ("city", "root"),
        "standard": ("city", "standards"),
    }
    assert found["body"][0]["entries"][0]["approved_by"][0]["party"] == "city"
    evaluators = {node["entries"][0]["said_by"]["staff"] for node in found["sheet"]}
    assert evaluators == {stage.world.people[f"evaluator-{n}"].staff.hex() for n in (1, 2)}


def test_each_entry_is_the_log_s_own(desk: Desk) -> None:
    stage = desk.stage
    told = trace.trace_typed(stage.service, principal(stage, OWN), desk.certified[0].item.code)
    for node in told["nodes"]:
        for entry in node["entries"]:
            answer = stage.client.get(entry["proof"])
            assert answer.status_code == 200
            with stage.service.database.reading() as connection:
                (row,) = connection.execute(
                    sa.select(store.entry).where(store.entry.c.seq == entry["seq"])
                ).all()
            assert row.statement_hash.hex() == entry["statement"]


def test_a_number_finds_what_the_code_finds_and_the_id_too(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    for one in desk.certified:
        by_code = trace.trace_typed(stage.service, reader, one.item.code)
        grouped = " ".join(one.item.code[n : n + 4] for n in range(0, 16, 4))
        assert trace.trace_typed(stage.service, reader, grouped) == by_code
        assert trace.trace_typed(stage.service, reader, f" {one.item.number.lower()} ") == by_code
        assert trace.trace_certificate(stage.service, reader, one.item.certificate) == by_code
        assert by_code["certificate"] == one.item.certificate.hex()


def test_while_the_service_still_counts_a_number_is_not_called_unknown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, reader, one = desk.stage, principal(desk.stage, OWN), desk.certified[0].item
    monkeypatch.setattr(book_module, "STEP", 1)
    monkeypatch.setattr(trace, "COUNT_SECONDS", 0)
    with pytest.raises(Unavailable, match="BOOK_BEHIND"):
        trace.trace_typed(stage.service, reader, one.number)
    assert trace.trace_typed(stage.service, reader, one.code)["certificate"] == one.certificate.hex()


def test_names_and_numbers_are_masked_and_the_read_is_recorded(desk: Desk) -> None:
    stage, one = desk.stage, desk.certified[0]
    before = stage.count(read_audit)
    told = trace.trace_typed(stage.service, principal(stage, OWN), one.item.number)
    shown = repr(told)
    name = stage.holder(one)["name"]
    assert name not in shown and one.item.number not in shown and one.item.code not in shown
    assert nodes(told)["certificate"][0]["facts"]["name"] == f"{name[0]}**"
    assert nodes(told)["certificate"][0]["facts"]["number"].endswith(one.item.number[-4:])
    assert stage.count(read_audit) == before + 1
    with stage.service.database.reading() as connection:
        row = connection.execute(sa.select(read_audit).order_by(read_audit.c.id.desc()).limit(1)).one()
    assert (row.party, row.purpose) == ("district-310104", "trace")
    assert row.object == f"certificate/{one.item.certificate.hex()}"
    assert row.reader == stage.world.people[OWN].staff.hex()


def test_a_guess_that_misses_is_recorded_too(desk: Desk) -> None:
    stage = desk.stage
    for who, typed in ((OWN, "1234"), (OTHER, desk.certified[0].item.code)):
        with pytest.raises(Refused, match="CERTIFICATE_UNKNOWN"):
            trace.trace_typed(stage.service, principal(stage, who), typed)
        with stage.service.database.reading() as connection:
            row = connection.execute(sa.select(read_audit).order_by(read_audit.c.id.desc()).limit(1)).one()
        assert (row.reader, row.object) == (stage.world.people[who].staff.hex(), "certificate/unknown")


def test_what_cannot_be_recorded_is_not_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = desk.stage

    def full(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(trace, "record", full)
    with pytest.raises(RuntimeError):
        trace.trace_typed(stage.service, principal(stage, OWN), desk.certified[0].item.code)


def test_a_certificate_s_whole_life_stands_in_its_node(desk: Desk) -> None:
    stage, one = desk.stage, desk.certified[0]
    subject = f"certificate/{one.item.certificate.hex()}"
    for kind, reason in (
        ("certificate-suspended", "investigation"),
        ("certificate-restored", "cleared"),
        ("certificate-revoked", "result-overturned"),
    ):
        stage.world.now = stage.hands.now_ms
        raw = stage.world.sign(kind, "signatory", subject, {"reason": reason})
        assert stage.post(raw).status_code == 200
        stage.hands.set(stage.hands.now_ms + 1000)
    told = trace.trace_certificate(stage.service, principal(stage, OWN), one.item.certificate)
    node = nodes(told)["certificate"][0]
    assert [entry["kind"] for entry in node["entries"]] == [
        "certificate-issued",
        "certificate-suspended",
        "certificate-restored",
        "certificate-revoked",
    ]
    assert node["facts"]["state"] == "revoked"
    assert node["entries"][-1]["proof"] is None, "not published yet"


def test_versions_stand_in_the_life_of_a_certificate(desk: Desk) -> None:
    stage, one = desk.stage, desk.certified[0]
    renew(stage, one)
    subject = f"certificate/{one.item.certificate.hex()}"
    stage.world.now = stage.hands.now_ms
    act = {"reason": "duplicate"}
    assert stage.post(stage.world.sign("certificate-cancelled", "signatory", subject, act)).status_code == 200
    told = trace.trace_certificate(stage.service, principal(stage, OWN), one.item.certificate)
    node = nodes(told)["certificate"][0]
    kinds = [entry["kind"].removeprefix("certificate-") for entry in node["entries"]]
    assert kinds == ["issued", "reissued", "cancelled"]
    assert [entry["zh"] for entry in node["entries"]] == ["颁发证书", "补发证书", "注销证书"]
    assert (node["facts"]["state"], node["facts"]["version"]) == ("cancelled", 2)
    assert node["facts"]["cause"] == ["重复发证（国家状态码 04）", "issued twice (national status 04)"]
    assert node["holds"] == {"evaluation": True, "class": True}


def test_a_claim_is_the_chain_s_forward_end(desk: Desk) -> None:
    assert desk.submit(desk.claim(desk.prepared())).status_code == 200
    told = trace.trace_certificate(
        desk.stage.service, principal(desk.stage, OWN), desk.certified[0].item.certificate
    )
    node = nodes(told)["claim"][0]
    assert node["facts"]["unconfirmed"], "the demo's policy is labelled wherever it shows"
    assert node["facts"]["state"] == "submitted" and node["holds"] == {"certificate": True}


def test_from_the_class_down_to_its_certificates(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    told = classes.classes(stage.service, reader, Wanted())
    (row,) = told["classes"]
    assert row["class"] == stage.world.class_id.hex()
    assert (row["candidates"], row["passed"], row["issued"]) == (
        len(stage.world.trainees),
        len(desk.certified),
        len(desk.certified),
    )
    chain = nodes(trace.trace_class(stage.service, reader, stage.world.class_id))
    assert "certificate" not in chain and len(chain["sheet"]) == 2
    listed = classes.certificates_of_class(stage.service, reader, stage.world.class_id)["certificates"]
    assert {one["certificate"] for one in listed} == {one.item.certificate.hex() for one in desk.certified}
    assert [one["seq"] for one in listed] == sorted(one["seq"] for one in listed)


def test_lists_by_institution_body_and_evaluator(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    evaluator = stage.world.people["evaluator-1"].staff.hex()
    idle = stage.world.people["evaluator-3"].staff.hex()
    for wanted, count in (
        (Wanted(institution=INSTITUTION), 1),
        (Wanted(institution="school-other"), 0),
        (Wanted(body=BODY), 1),
        (Wanted(body="body-other"), 0),
        (Wanted(evaluator=evaluator), 1),
        (Wanted(evaluator=idle), 0),
        (Wanted(before=1), 0),
    ):
        assert len(classes.classes(stage.service, reader, wanted)["classes"]) == count, wanted


# Own district only.


def test_another_district_gets_the_answer_of_what_does_not_exist(desk: Desk) -> None:
    stage, other = desk.stage, principal(desk.stage, OTHER)
    one, nobody = desk.certified[0].item, os.urandom(16)
    for known, unknown in (
        (one.code, "0000000000000000"),
        (one.number, f"{one.number[:-2]}0A"),
        (one.number, "no number at all"),
    ):
        answers = []
        for typed in (known, unknown):
            with pytest.raises(Refused) as refused:
                trace.trace_typed(stage.service, other, typed)
            answers.append((refused.value.code, refused.value.what, refused.value.where, refused.value.fix))
        assert answers[0] == answers[1]
    for known_id in (one.certificate, nobody):
        with pytest.raises(Refused, match="CERTIFICATE_UNKNOWN"):
            trace.trace_certificate(stage.service, other, known_id)
    for class_id in (stage.world.class_id, nobody):
        with pytest.raises(Refused, match="CLASS_UNKNOWN"):
            trace.trace_class(stage.service, other, class_id)
        with pytest.raises(Refused, match="CLASS_UNKNOWN"):
            classes.certificates_of_class(stage.service, other, class_id)
    assert classes.classes(stage.service, other, Wanted())["classes"] == []
    told = issuing.issuing(stage.service, other, "day")
    assert told["total"] == 0 and told["bodies"] == [] and told["rates_by_body"] == []


@pytest.mark.parametrize("who", ["reviewer-310104", "intake-310104", "signatory", "registrar", "root-1"])
def test_another_duty_or_role_sees_nothing(desk: Desk, who: str) -> None:
    stage, reader = desk.stage, principal(desk.stage, who)
    for ask in (
        lambda: health.health(stage.service, reader),
        lambda: issuing.issuing(stage.service, reader, "day"),
        lambda: classes.classes(stage.service, reader, Wanted()),
        lambda: trace.trace_class(stage.service, reader, stage.world.class_id),
        lambda: trace.trace_typed(stage.service, reader, desk.certified[0].item.code),
    ):
        with pytest.raises(Refused, match="ACCESS_DUTY"):
            ask()


def test_a_ward_that_covers_everything_is_noticed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the ownership tests."""
    monkeypatch.setattr(Ward, "covers", lambda *_, **__: True)
    with pytest.raises(pytest.fail.Exception):
        test_another_district_gets_the_answer_of_what_does_not_exist(desk)
