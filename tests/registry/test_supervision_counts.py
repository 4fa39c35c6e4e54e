"""What a supervisor sees of the whole: counts, the health of the log, the index by subject, HTTP."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.authority.class_facts import CertificateFact, State
from registry.fsck.kept import keep
from registry.fsck.run import check
from registry.migrations.versions import m0003_supervision
from registry.storage.facts import all_of
from registry.storage.tables import named_entry
from registry.supervision import book as book_module
from registry.supervision import chain, classes, health, issuing, trace
from registry.supervision.book import Book
from registry.supervision.classes import Wanted
from tests import world_exports
from tests.insider import insider
from tests.registry.browser import Browser
from tests.registry.desk import Desk
from tests.registry.stage import Stage
from tests.registry.test_supervision import OWN, nodes, principal
from tests.registry.witnessed import appoint, bring, cosigned
from tests.world_parts import BODY

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
    raw = stage.world.sign("certificate-revoked", "signatory", revoked, {"reason": "result-overturned"})
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
    appoint(stage)
    for count, final in ((10, False), (11, True), (16, True)):
        bring(stage, cosigned(stage, world_exports.witnesses()[:count]))
        checkpoint: Any = health.health(stage.service, principal(stage, OWN))["checkpoint"]
        assert (checkpoint["cosigned"], checkpoint["witnesses"], checkpoint["needed"]) == (count, 16, 11)
        assert (checkpoint["final"], checkpoint["final_size"]) == (final, stage.size() if final else 0)
    path = stage.service.settings.log_directory / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\xe2\x80\x94", b"\xe2\x80\x93", 1))
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
