"""Attacks on the doors: cancelled writes, lost leaders, forged reads, over-wide roles, cheap requests."""

# ruff: noqa: F401, F811  (fixtures come from the registry's conftest)
from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from PIL import Image
from psycopg import sql
from sqlalchemy import make_url
from starlette.requests import Request

from issuers.acts.parties import OfficerAppointed
from issuers.acts.words import Duty
from ledger.errors import Malformed, Unavailable
from registry.certificates.verifying import look
from registry.http import bodies, scanning
from registry.storage.database import Database
from registry.storage.tables import read_audit, session
from registry.writing.group_commit import Job
from registry.writing.item import Submission
from registry.writing.submit import Registered, prepared, submit_soon
from tests.ground import Ground, PostgresGround, on
from tests.postgres import SERVICE
from tests.registry.browser import Browser
from tests.registry.conftest import _quiet, desk, founded_template, results, results_template, stage
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal, is_dismissed, item, parcel_item
from tests.world_parts import FIRST, LAST

REVIEWER, SUPERVISOR = "reviewer-310104", "supervisor-310104"


def test_a_cancelled_request_spoils_no_answer_of_those_that_share_its_commit(stage: Stage) -> None:
    """registry/writing/submit.py `_commit`: `wrap_future` cancels `job.done`; `set_result` then raises."""
    service = stage.service
    acts = [Submission(dismissal(stage, f"evaluator-{number}")) for number in (1, 2, 3)]
    prepared(service, acts)  # the key is known from here on

    async def run() -> list[Any]:
        with service.database.transaction():
            waiting = [asyncio.create_task(submit_soon(service, [act])) for act in acts]
            await asyncio.sleep(0.2)  # the first leads and waits for the lock; the others wait for it
            waiting[1].cancel()
            await asyncio.sleep(0)
        return await asyncio.gather(*waiting, return_exceptions=True)

    _, _, last = asyncio.run(run())
    assert is_dismissed(stage, "evaluator-3"), "it stands in the log"
    assert isinstance(last, list) and isinstance(last[0], Registered), last


class _NoThreads(ThreadPoolExecutor):
    def submit(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("can't start new thread")


def test_a_leader_that_gets_no_thread_does_not_stop_all_writing_for_ever(stage: Stage) -> None:
    """writing/submit.py `submit_soon`: `run_in_executor` raises, `_led` stays set, nobody leads again."""
    service, act = stage.service, Submission(dismissal(stage))
    prepared(service, [act])

    async def run() -> None:
        asyncio.get_running_loop().set_default_executor(_NoThreads(1))
        with suppress(RuntimeError):
            await submit_soon(service, [act])

    asyncio.run(run())
    assert service.commits.add(Job([], 1)), "whoever comes next must lead; now all writes wait for ever"


def test_a_verdict_of_before_the_entry_is_not_told_after_it(results: Stage) -> None:
    """certificates/told_verdicts.py `_key` leaves out `asked_log`: "not logged" is told of what is logged."""
    made = results.certify(prepare := results.prepared(), prepare.items[0])
    results.publish()
    results.client.post("/api/verify", json={"qr": made.qr})
    assert results.post_batch([parcel_item(made)])[0]["status"] == "appended"
    told = results.client.post("/api/verify", json={"qr": made.qr}).json()["state"]
    assert told == look(results.service, made.qr).verdict.state.value


def test_a_link_on_another_site_makes_no_record_in_an_officers_name(desk: Desk) -> None:
    """registry/http/access.py `_admitted`: a GET that writes the read audit is not asked where it is from."""
    stage, name = desk.stage, desk.certified[0].item.certificate.hex()
    browser, before = Browser(stage).sign_in(SUPERVISOR), stage.count(read_audit)
    answer = browser.client.get(
        f"/api/supervision/certificates/{name}",
        headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    )
    assert (answer.status_code, stage.count(read_audit)) == (403, before)


def test_a_ticket_does_not_put_a_stranger_over_who_is_signed_in(stage: Stage) -> None:
    """registry/http/sessions.py `post_session`: a /sign-in#ticket link signs one in as its sender."""
    victim, sender = Browser(stage).sign_in("intake-310101"), Browser(stage)
    kid = victim.get("/api/sessions/current").json()["kid"]
    told = sender.client.post("/api/sessions/ticket", json={"session": sender.statement(REVIEWER)}).json()
    # What /sign-in sends as soon as it is opened with the fragment: no token of the session that stands.
    victim.client.post("/api/sessions", json={"ticket": told["ticket"]}, headers=victim.own())
    assert victim.get("/api/sessions/current").json()["kid"] == kid


def test_signing_in_anew_ends_the_session_before(stage: Stage) -> None:
    """registry/http/sessions.py `post_session`: the former secret stays good."""
    browser = Browser(stage).sign_in(SUPERVISOR)
    before = browser.client.cookies["__Host-malan"]
    browser.sign_in(SUPERVISOR)
    browser.client.cookies.set("__Host-malan", before)
    assert browser.get("/api/sessions/current").status_code == 401


def test_a_reviewer_appointed_for_another_project_sees_no_applicant(desk: Desk) -> None:
    """subsidy/reviewing.py `review`: `Officer.projects` binds a supervisor (ward.py) but no reviewer."""
    stage = desk.stage
    ready = desk.prepared()
    assert desk.submit(desk.claim(ready)).status_code == 200
    act = OfficerAppointed((Duty.REVIEWER,), ("999",), FIRST, LAST)
    person = stage.world.people[REVIEWER]
    stage.world.now = stage.hands.now_ms
    raw = stage.world.sign("officer-appointed", f"admin-{person.party}", f"officer/{person.staff.hex()}", act)
    assert stage.post(raw).status_code == 200, stage.post(raw).text
    browser = Browser(stage).sign_in(REVIEWER)
    told = browser.get(f"/api/subsidy/open-claims/{ready.claim.hex()}")
    assert "applicant" not in told.json(), told.json()["applicant"]


def test_a_picture_that_drips_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """registry/http/scanning.py `read_file`: the one body without the time limit of `body_reader`."""
    monkeypatch.setattr(bodies, "SECONDS_MAX", 0.1)

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b".", "more_body": True}

    headers = [(b"content-type", b"image/png")]
    request = Request({"type": "http", "method": "POST", "headers": headers}, drip)

    async def run() -> None:
        with pytest.raises(Malformed, match="BODY_SLOW"):
            await asyncio.wait_for(scanning.read_file(request), 2)

    asyncio.run(run())


# VmHWM and not getrusage: ru_maxrss outlives exec, so it would tell the test worker's own size.
_MEASURE = """
import re, sys
from contextlib import suppress
from pathlib import Path
from ledger.errors import MalanError
from verify.scan import scan_image
with suppress(MalanError):
    scan_image(sys.stdin.buffer.read())
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the high-water mark is read from /proc")
def test_a_picture_of_six_kilobytes_does_not_cost_half_a_gigabyte() -> None:
    """verify/scan.py `_on_white` copies 49 million pixels as RGBA before it reduces."""
    made = io.BytesIO()
    Image.new("P", (7_000, 7_000)).save(made, "PNG", transparency=0)
    assert len(made.getvalue()) < 10_000
    ran = subprocess.run(
        [sys.executable, "-c", _MEASURE], input=made.getvalue(), capture_output=True, check=True
    )
    assert int(ran.stdout) < 400, f"{int(ran.stdout)} MB"


@on("postgresql")
@pytest.mark.parametrize("how", ["owns the database", "owns the schema"])
def test_a_role_that_could_drop_the_ledger_does_not_serve(ground: Ground, tmp_path: Any, how: str) -> None:
    """engines/postgres.py `_COULD` asks who owns the tables; a schema's owner drops them as well."""
    assert isinstance(ground, PostgresGround)
    settings = ground.migrated(tmp_path / "home")
    name = make_url(settings.database).database
    assert name is not None
    role, base = sql.Identifier(SERVICE), sql.Identifier(name)
    done = {
        "owns the database": "ALTER DATABASE {base} OWNER TO {role}",
        "owns the schema": "ALTER SCHEMA public OWNER TO {role}",
    }
    ground.server.execute(sql.SQL(done[how]).format(role=role, base=base), name)
    database = Database(settings.database, busy_timeout_ms=1_000)
    try:
        with pytest.raises(Unavailable, match="DATABASE_ROLE"), database.transaction() as connection:
            connection.exec_driver_sql("DROP TABLE ledger_entry, read_audit")
            pytest.fail(f"a role that {how} serves, and dropped ledger and read audit")
    finally:
        database.close()
        ground.drop(settings)
