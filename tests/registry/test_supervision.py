"""What a supervisor sees: the log's health, the chain of a certificate, lists, counts; own district only."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.authority.class_facts import CertificateFact, State
from issuers.authority.party_facts import Officer, Party, officer_key
from ledger import store
from ledger.errors import Refused, Unavailable
from ledger.policy import parse_policy, render_policy
from registry.facts import TableView, all_of
from registry.fsck.kept import keep
from registry.fsck.run import check
from registry.migrations.versions import m0003_supervision
from registry.sessions import Principal
from registry.supervision import book as book_module
from registry.supervision import chain, classes, health, issuing, trace
from registry.supervision.book import Book
from registry.supervision.classes import Wanted
from registry.supervision.ward import Ward
from registry.tables import named_entry, read_audit
from tests import world_exports
from tests.insider import insider
from tests.registry.browser import Browser
from tests.registry.desk import Desk
from tests.registry.stage import Stage
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
        ("certificate-revoked", "score-error"),
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


# Counts.


def recount(stage: Stage) -> tuple[Counter[tuple[str, str]], Counter[State]]:
    with stage.service.database.reading() as connection:
        facts = all_of(connection, CertificateFact)
    days = Counter((fact.issued_on.isoformat(), fact.body) for fact in facts)
    return days, Counter(fact.state for fact in facts)


def test_the_plots_equal_a_recount(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    revoked = f"certificate/{desk.certified[1].item.certificate.hex()}"
    issuing.issuing(stage.service, reader, "day")  # counted once before the change, and not twice after
    stage.world.now = stage.hands.now_ms
    raw = stage.world.sign("certificate-revoked", "signatory", revoked, {"reason": "score-error"})
    assert stage.post(raw).status_code == 200
    told = issuing.issuing(stage.service, reader, "day")
    days, states = recount(stage)
    shown = Counter(
        {(row["label"], body): n for row in told["rows"] for body, n in row["bodies"].items() if n}
    )
    assert shown == days and shown.total() == len(desk.certified) > 0
    assert told["standing"] == {state.value: states[state] for state in State}
    assert told["total"] == len(desk.certified)
    months = issuing.issuing(stage.service, reader, "month")
    assert sum(row["total"] for row in months["rows"]) == len(desk.certified)
    assert months["rows"][-1]["label"] == "2026-03"
    assert len(months["rows"]) == issuing.MONTHS and len(told["rows"]) == issuing.DAYS
    (rate,) = told["rates_by_body"]
    assert (rate["id"], rate["candidates"], rate["passed"]) == (
        BODY,
        len(stage.world.trainees),
        len(desk.certified),
    )


def test_counting_in_small_steps_and_step_by_step_gives_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = desk.stage.service
    whole, small = Book(), Book()
    with whole.lock:
        whole.carry_on(service.database, service.origin, seconds=10)
    monkeypatch.setattr(book_module, "STEP", 3)
    calls = 0
    with small.lock:
        while small.size < whole.size:
            small.carry_on(service.database, service.origin, seconds=0)
            calls += 1
    assert calls > 10
    assert small.classes == whole.classes
    assert small.districts == whole.districts


def test_a_class_under_five_shows_no_numbers(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    classes.classes(stage.service, reader, Wanted())
    (row,) = stage.service.book.classes.values()
    row.candidates = 4
    (shown,) = classes.classes(stage.service, reader, Wanted())["classes"]
    assert shown["small"] and {shown[name] for name in ("candidates", "passed", "issued")} == {None}
    (rate,) = issuing.issuing(stage.service, reader, "day")["rates_by_body"]
    assert (rate["candidates"], rate["passed"], rate["small_classes"]) == (0, 0, 1)


def test_the_chain_of_a_class_under_five_shows_no_numbers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    told = nodes(trace.trace_class(stage.service, reader, stage.world.class_id))
    assert told["evaluation"][0]["facts"]["candidates"] == len(stage.world.trainees)
    assert "scored" in told["sheet"][0]["facts"]
    monkeypatch.setattr(chain, "SMALL", len(stage.world.trainees) + 1)
    told = nodes(trace.trace_class(stage.service, reader, stage.world.class_id))
    assert told["evaluation"][0]["facts"] == {"small": True, "sheets": 2}
    assert "scored" not in told["sheet"][0]["facts"]


# Health.


def test_without_witnesses_the_page_says_so(desk: Desk) -> None:
    told = health.health(desk.stage.service, principal(desk.stage, OWN))
    checkpoint = told["checkpoint"]
    assert isinstance(checkpoint, dict)
    assert (checkpoint["size"], told["unpublished"]) == (desk.stage.size(), 0)
    assert (checkpoint["cosigned"], checkpoint["witnesses"], checkpoint["final"]) == (0, 0, False)
    assert told["audit"] is None and told["fsck"] is None and told["alarms"] == []


def test_cosignatures_on_the_checkpoint_are_counted_under_the_policy(desk: Desk) -> None:
    stage = desk.stage
    home = stage.service.settings.home
    policy = parse_policy(stage.world.policy())
    (home / "policy.txt").write_bytes(render_policy(policy))
    path = stage.service.settings.log_directory / "checkpoint"
    bare = path.read_bytes()
    for count, final in ((10, False), (11, True)):
        path.write_bytes(world_exports.add_cosignatures(stage.world, bare, count))
        checkpoint: Any = health.health(stage.service, principal(stage, OWN))["checkpoint"]
        assert (checkpoint["cosigned"], checkpoint["witnesses"], checkpoint["needed"]) == (count, 16, 11)
        assert checkpoint["final"] is final
    path.write_bytes(bare.replace(b"\xe2\x80\x94", b"\xe2\x80\x93", 1))
    told: Any = health.health(stage.service, principal(stage, OWN))["checkpoint"]
    assert set(told) == {"error"}


def test_lag_alarms_and_the_last_fsck_are_told(desk: Desk) -> None:
    stage = desk.stage
    stage.service.alarms.publishing = "FILE_WRITE"
    keep(stage.service.settings.home, check(stage.service), now_ms=stage.hands.now_ms)
    issued = stage.world.sign(
        "certificate-suspended",
        "signatory",
        f"certificate/{desk.certified[0].item.certificate.hex()}",
        {"reason": "investigation"},
        at=stage.hands.now_ms,
    )
    assert stage.post(issued).status_code == 200
    stage.hands.set(stage.hands.now_ms + 90_000)
    told: Any = health.health(stage.service, principal(stage, OWN))
    assert told["unpublished"] == 1 and told["waiting_ms"] >= 90_000
    assert told["alarms"] == ["FILE_WRITE", "PUBLISHER_LAG"]
    assert told["fsck"] == {
        "time_ms": stage.hands.now_ms - 90_000,
        "size": stage.size() - 1,
        "departures": 0,
        "codes": [],
    }


# The index by subject.


def test_every_entry_stands_in_one_index_and_fsck_sees_a_missing_one(desk: Desk) -> None:
    stage = desk.stage
    assert check(stage.service).departures == ()
    with insider(stage.service.settings) as raw:
        raw.run("DELETE FROM named_entry WHERE seq = 3")
    (departure,) = check(stage.service).departures
    assert (departure.code, departure.where) == ("NAMED_ENTRY_DIFFERS", "seq 3")


def test_an_older_database_gets_its_index_from_the_log(desk: Desk) -> None:
    def index() -> set[tuple[str, int]]:
        with desk.stage.service.database.reading() as connection:
            return {(row.subject, row.seq) for row in connection.execute(sa.select(named_entry))}

    whole = index()
    with insider(desk.stage.service.settings) as raw:
        raw.run("DELETE FROM named_entry")
    assert index() == set() != whole
    with desk.stage.service.database.transaction() as connection:
        m0003_supervision.fill(connection, named_entry)
    assert index() == whole
    assert check(desk.stage.service).departures == ()


# Over HTTP.


def test_over_http_a_number_is_sent_in_the_body_and_ids_are_hex(desk: Desk) -> None:
    browser = Browser(desk.stage).sign_in(OWN)
    answer = browser.post("/api/supervision/trace", {"typed": desk.certified[0].item.number})
    assert answer.status_code == 200 and answer.json()["certificate"]
    for path, code in (
        ("/api/supervision/classes/XYZ", "SUBJECT_ID"),
        (f"/api/supervision/classes/{'0' * 32}", "CLASS_UNKNOWN"),
        ("/api/supervision/issuing?unit=year", "PARAMETER_FORM"),
        ("/api/supervision/classes?body=A%22", "PARAMETER_FORM"),
        (f"/api/supervision/audits/{'0' * 32}", "AUDIT_UNKNOWN"),
    ):
        assert browser.get(path).json()["code"] == code, path
    assert browser.post("/api/supervision/trace", {"typed": ""}).json()["code"] == "BODY_SHAPE"
    assert browser.get("/api/supervision/health").json()["size"] == desk.stage.size()
    assert browser.get("/api/supervision/classes").json()["classes"]
