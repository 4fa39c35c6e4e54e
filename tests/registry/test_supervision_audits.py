"""Audits run by the service: sound, with departures named, stopped in the middle, two at once, kept."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.errors import MalanError, Refused
from registry.callers.sessions import Principal
from registry.fsck.run import check
from registry.storage.tables import audit_report, read_audit
from registry.supervision import audit_rows, audits, health
from registry.supervision.runs import Outcome, Runs, Task
from tests.registry.browser import Browser
from tests.registry.desk import Desk
from tests.registry.stage import Stage, raise_stage
from tests.registry.test_supervision import OTHER, OWN, principal
from verify.audit.run import Asked, audit
from verify.source import DirectorySource

# A worker that reads what it is told and then does as its text says.
SLOW = "import sys, time; sys.stdin.buffer.read(); print('progress 1 9', flush=True); time.sleep(60)"
DIES = "import sys; sys.stdin.buffer.read(); print('progress 1 9', flush=True); sys.exit(3)"
DEAF = "raise SystemExit(1)"
BABBLE = "import sys; sys.stdin.buffer.read(); print('report sound many 0 1 1 1', flush=True)"
HALF = "import sys; sys.stdin.buffer.read(); print('report sound 0 0 100 100 100', flush=True); print('x')"


def worker(stage: Stage, program: str, seconds_max: float = 60.0) -> None:
    """Puts another program in the place of the auditor."""
    audits_of = stage.service.audits
    audits_of.worker, audits_of.seconds_max = (sys.executable, "-c", program), seconds_max


def run(stage: Stage, reader: Principal, class_ids: tuple[bytes, ...] = ()) -> dict[str, Any]:
    """Starts an audit and waits for its end."""
    begun = audits.start(stage.service, reader, class_ids)
    stage.service.audits.wait(60)
    return audits.found(stage.service, reader, bytes.fromhex(begun["id"]))


def test_a_sound_log_gives_the_report_anybody_would_get(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    told = run(stage, reader)
    assert (told["state"], told["departures"], told["could_not_check"]) == ("sound", 0, 0), told
    assert told["report"]["size"] == told["done"] == told["total"] == stage.size()
    home = stage.service.settings.home
    asked = Asked(at_ms=stage.hands.now_ms, place="", trust=(home / "trust.cbor").read_bytes())
    own = audit(DirectorySource(home / "log"), asked).document()
    kept = json.loads(audits.report_file(stage.service, reader, bytes.fromhex(told["id"]), "json"))
    same = ("state", "departures", "signals", "acts", "certificates_by_body", "certificates_by_day")
    assert {name: kept[name] for name in same} == {name: own[name] for name in same}
    assert kept["log"]["pinned"] and kept["log"]["root"] == own["log"]["root"]  # type: ignore[index, call-overload]


def test_with_evidence_the_results_are_recomputed_and_each_read_recorded(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    before = stage.count(read_audit)
    told = run(stage, reader, (stage.world.class_id,))
    assert told["state"] == "sound" and told["classes"] == 1
    checks = {one["id"]: one["state"] for one in told["report"]["checks"]}
    assert checks["evidence"] == "sound"
    assert stage.count(read_audit) == before + 1
    document = audits.report_file(stage.service, reader, bytes.fromhex(told["id"]), "json").decode()
    page = audits.report_file(stage.service, reader, bytes.fromhex(told["id"]), "html").decode()
    for trainee in stage.world.trainees:
        assert trainee.fields["name"] not in document + page
        assert trainee.fields["id_number"] not in document + page


def test_one_altered_byte_is_named(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    directory = stage.service.settings.log_directory
    bundle = next(path for path in sorted((directory / "tile" / "entries").rglob("*")) if path.is_file())
    whole = bundle.read_bytes()
    for at in (len(whole) // 3, len(whole) // 2):
        bundle.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        told = run(stage, reader)
        assert told["state"] == "departures" and told["departures"] > 0
        assert told["report"]["departures"][0]["zh"] and told["report"]["departures"][0]["where"]
        stage.hands.set(stage.hands.now_ms + 1000)
    bundle.write_bytes(whole)
    assert run(stage, reader)["state"] == "sound"
    states = [one["state"] for one in audits.runs(stage.service, reader)["runs"]]
    assert states == ["sound", "departures", "departures"]


def test_the_next_audit_goes_on_from_the_last_sound_one(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    first = run(stage, reader)
    assert {one["id"]: one["state"] for one in first["report"]["checks"]}["since"] == "not_asked"
    stage.hands.set(stage.hands.now_ms + 1000)
    second = run(stage, reader)
    assert {one["id"]: one["state"] for one in second["report"]["checks"]}["since"] == "sound"


@pytest.mark.parametrize("program", [DIES, DEAF, BABBLE, HALF])
def test_a_worker_that_ends_in_the_middle_leaves_a_failed_run_and_no_report(desk: Desk, program: str) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    worker(stage, program)
    told = run(stage, reader)
    assert (told["state"], told["code"], told["report"]) == ("failed", "AUDIT_STOPPED", None)
    with pytest.raises(Refused, match="AUDIT_UNKNOWN"):
        audits.report_file(stage.service, reader, bytes.fromhex(told["id"]), "json")
    stage.service.audits.worker = Runs().worker
    assert run(stage, reader)["state"] == "sound"


def test_a_worker_that_does_not_end_is_ended(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    worker(stage, SLOW, seconds_max=0.5)
    told = run(stage, reader)
    assert (told["state"], told["done"], told["total"]) == ("failed", 1, 9)


def test_two_at_once_are_one(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    worker(stage, SLOW)
    begun = audits.start(stage.service, reader, ())
    assert begun["state"] == "running"
    for who in (OWN, OTHER):
        with pytest.raises(Refused, match="AUDIT_RUNNING"):
            audits.start(stage.service, principal(stage, who), ())
    # Another process on the same database sees the row.
    with (
        pytest.raises(Refused, match="AUDIT_RUNNING"),
        stage.service.database.transaction() as connection,
    ):
        audit_rows.begin(
            connection, party="district-310101", staff=bytes(16), classes=0, now_ms=stage.hands.now_ms
        )
    stage.service.audits.stop()
    told = audits.found(stage.service, reader, bytes.fromhex(begun["id"]))
    assert told["state"] == "failed"


def test_a_run_of_a_process_that_is_gone_shows_as_stopped(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    with stage.service.database.transaction() as connection:
        number = audit_rows.begin(
            connection, party="district-310104", staff=bytes(16), classes=0, now_ms=stage.hands.now_ms
        )
    assert audits.found(stage.service, reader, number)["state"] == "running"
    stage.hands.set(stage.hands.now_ms + audit_rows.LATE_MS + 1)
    assert audits.found(stage.service, reader, number)["state"] == "failed"
    assert run(stage, reader)["state"] == "sound"


def test_reports_survive_a_restart_with_their_hashes(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    told = run(stage, reader)
    settings, world = stage.service.settings, stage.world
    stage.close()
    again = raise_stage(settings, world, founded=True)
    try:
        (kept,) = audits.runs(again.service, reader)["runs"]
        assert kept["id"] == told["id"] and kept["staff"] == world.people[OWN].staff.hex()
        for form in ("json", "html"):
            data = audits.report_file(again.service, reader, bytes.fromhex(kept["id"]), form)
            assert hashlib.sha256(data).hexdigest() == kept[f"{form}_sha256"]
        last: Any = health.health(again.service, reader)["audit"]
        assert (last["id"], last["state"]) == (told["id"], "sound")
        assert check(again.service).departures == ()
    finally:
        again.close()


def test_a_kept_report_that_was_changed_is_named_by_fsck(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    number = bytes.fromhex(run(stage, reader)["id"])
    assert check(stage.service).departures == ()
    with stage.service.database.transaction() as connection:
        where = audit_report.c.id == number
        data = connection.execute(sa.select(audit_report.c.html).where(where)).scalar_one()
        changed = data.replace("未发现偏离".encode(), "发现偏离".encode(), 1)
        assert changed != data
        connection.execute(sa.update(audit_report).where(where).values(html=changed))
    (departure,) = check(stage.service).departures
    assert (departure.code, departure.where) == ("REPORT_DIFFERS", f"audit {number.hex()}")


def test_pages_of_runs_are_the_newest_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    monkeypatch.setattr(audit_rows, "PAGE", 2)
    begun = []
    for _ in range(5):
        stage.hands.set(stage.hands.now_ms + audit_rows.LATE_MS + 1)
        with stage.service.database.transaction() as connection:
            number = audit_rows.begin(
                connection, party="district-310104", staff=bytes(16), classes=0, now_ms=stage.hands.now_ms
            )
        begun.append(number.hex())
    seen, before = [], None
    while True:
        page = audits.runs(stage.service, reader, before_ms=before)
        seen += [one["id"] for one in page["runs"]]
        before = page["before_ms"]
        if before is None:
            break
    assert seen == begun[::-1]


# Own district only.


def test_others_neither_see_nor_read_a_run(desk: Desk) -> None:
    stage, other = desk.stage, principal(desk.stage, OTHER)
    number = bytes.fromhex(run(stage, principal(stage, OWN))["id"])
    assert audits.runs(stage.service, other)["runs"] == []
    for ask in (
        lambda: audits.found(stage.service, other, number),
        lambda: audits.report_file(stage.service, other, number, "json"),
    ):
        with pytest.raises(Refused, match="AUDIT_UNKNOWN"):
            ask()
    told: Any = health.health(stage.service, other)
    assert told["audit"] is None


def test_evidence_of_another_district_s_class_starts_nothing(desk: Desk) -> None:
    stage = desk.stage
    reads, runs = stage.count(read_audit), stage.count(audit_report)
    with pytest.raises(Refused, match="CLASS_UNKNOWN"):
        audits.start(stage.service, principal(stage, OTHER), (stage.world.class_id,))
    for who in ("reviewer-310104", "signatory"):
        with pytest.raises(Refused, match="ACCESS_DUTY"):
            audits.start(stage.service, principal(stage, who), ())
    assert (stage.count(read_audit), stage.count(audit_report)) == (reads, runs)
    assert not stage.service.audits.busy


def test_too_many_classes_or_no_log_are_refused(desk: Desk) -> None:
    stage, reader = desk.stage, principal(desk.stage, OWN)
    for class_ids in ([bytes([n]) * 16 for n in range(21)], [stage.world.class_id] * 2):
        with pytest.raises(MalanError, match="AUDIT_CLASSES"):
            audits.start(stage.service, reader, class_ids)
    shutil.rmtree(stage.service.settings.log_directory)
    with pytest.raises(MalanError, match="LOG_NOT_PUBLISHED"):
        audits.start(stage.service, reader, ())


# The watcher of workers, alone.


def test_the_watcher_starts_one_and_tells_once() -> None:
    ended: list[object] = []
    runs = Runs(worker=(sys.executable, "-c", SLOW))
    task = Task({}, [("evidence", b"x" * 1_000_000)])
    nothing: Callable[[int, int], None] = lambda done, total: None  # noqa: E731
    assert runs.start(task, progress=nothing, ended=ended.append)
    assert not runs.start(task, progress=nothing, ended=ended.append)
    runs.stop()
    assert ended == [None] and not runs.busy


def test_a_worker_is_not_told_where_database_and_secrets_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALAN_DATABASE", "postgresql://planted")
    monkeypatch.setenv("MALAN_KEK_FILE", "/planted")
    tells = "import os, sys; sys.stdin.buffer.read(); data = repr(dict(os.environ)); "
    tells += "print('report sound 0 0', len(data), 0, 0); print(data, end='')"
    ended: list[Outcome | None] = []
    runs = Runs(worker=(sys.executable, "-c", tells))
    assert runs.start(Task({}, []), progress=lambda done, total: None, ended=ended.append)
    runs.wait(30)
    (outcome,) = ended
    assert outcome is not None and b"PATH" in outcome.json
    assert b"MALAN" not in outcome.json and b"planted" not in outcome.json


# Over HTTP.


def test_a_journey_over_http(desk: Desk) -> None:
    browser = Browser(desk.stage).sign_in(OWN)
    begun = browser.post("/api/supervision/audits", {"classes": [desk.stage.world.class_id.hex()]})
    assert begun.status_code == 202, begun.text
    desk.stage.service.audits.wait(60)
    number = begun.json()["id"]
    told = browser.get(f"/api/supervision/audits/{number}").json()
    assert told["state"] == "sound"
    page = browser.get(f"/api/supervision/audits/{number}/html")
    assert page.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in page.headers["content-security-policy"]
    assert hashlib.sha256(page.content).hexdigest() == told["html_sha256"]
    assert browser.get(f"/api/supervision/audits/{number}/pdf").json()["code"] == "PARAMETER_FORM"
    assert browser.post("/api/supervision/audits", {"classes": ["x"]}).json()["code"] == "SUBJECT_ID"
    with desk.stage.service.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(audit_report)).scalar_one() == 1
