"""Personal data planted in a thousand people: what of it rests anywhere, once it went through the service."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from registry.storage.tables import credential, person, read_audit
from tests.insider import administrator
from tests.registry.browser import Browser
from tests.registry.desk import Desk
from tests.registry.planting import NAME, NUMBER, enter, files_below, grow, needles, rows_of, search
from tests.registry.stage import Stage, parcel_item
from tests.registry.wire import Answered, ask

PEOPLE = 1_000
# On PostgreSQL the service is the same.
FEWER = PEOPLE if os.environ.get("MALAN_CAMPAIGN") == "full" else 250
JSON = (b"content-type", b"application/json")


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged by anybody, as the service writes it, down to the lowest level."""
    lines = io.StringIO()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=lines),
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(lines)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    root.setLevel(before)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), cache_logger_on_first_use=False)


def refused(app: Any, name: str, number: str, qr: str, kept: list[Answered]) -> None:
    """Requests about one person that go wrong, with name or number where they do not belong."""
    both = f"{name}{number}"
    escaped = "".join(f"%{byte:02X}" for byte in both.encode()).encode()
    bodies = (
        json.dumps({"qr": both}).encode(),
        json.dumps({"qr": qr[:-1] + ("0" if qr[-1] != "0" else "1")}).encode(),
        json.dumps({both: both, "qr": 5}, ensure_ascii=False).encode(),
        json.dumps({"qr": both}, ensure_ascii=False).encode("gbk"),
        f'{{"qr": "{both}'.encode(),
        json.dumps({"qr": both}).encode("utf-16"),
    )
    for body in bodies:
        kept.append(ask(app, "POST", b"/api/verify", headers=(JSON,), body=(body,)))
    headers = ((b"x-name", both.encode()), (b"cookie", b"__Host-malan=" + number.encode()))
    for path in (b"/api/certificates/" + escaped, b"/v/" + escaped, b"/log/proof/" + number.encode()):
        kept.append(ask(app, "GET", path, query=b"name=" + escaped, headers=headers))
    statement = {"statement": number, "openings": [base64.b64encode(both.encode()).decode()]}
    kept.append(ask(app, "POST", b"/api/statements", headers=(JSON,), body=(json.dumps(statement).encode(),)))


def go_through(stage: Stage, people: int, kept: list[Answered], answers: list[str]) -> None:
    """Everybody is issued a certificate, looked up, checked, asked about wrongly; refusals are kept."""
    app: Any = stage.client.app
    counter = Browser(stage).sign_in("intake-310101")
    supervisor = Browser(stage).sign_in("supervisor-310104")
    for one in grow(stage, people):
        enter(stage, one)
        prepared = stage.prepared(one.id)
        made = [stage.certify(prepared, item) for item in prepared.items]
        results = stage.post_batch([parcel_item(certified) for certified in made])
        assert {told["status"] for told in results} == {"appended"}
        stage.publish()
        desk = Desk(stage, made)
        for place, certified in enumerate(made):
            holder = stage.holder(certified)
            good = json.dumps({"qr": certified.qr}).encode()
            assert ask(app, "POST", b"/api/verify", headers=(JSON,), body=(good,)).status == 200
            kept.append(ask(app, "GET", f"/api/certificates/{certified.item.code}".encode()))
            refused(app, holder["name"], holder["id_number"], certified.qr, kept)
            if place % 10 == 0:
                answers.append(counter.post("/api/subsidy/check", desk.body(place)).text)
                wrong = {**desk.body(place), "id_number": holder["id_number"][:-1] + "?"}
                answers.append(counter.post("/api/subsidy/check", wrong).text)
                twisted = desk.body(place, facts={"role": holder["name"]})
                answers.append(counter.post("/api/subsidy/check", twisted).text)
                body = {"id_type": holder["id_number"], "id_number": holder["name"], "name": ""}
                answers.append(stage.ask("/api/staff", "staff", "city-admin", "party/city", body).text)
                answers.append(supervisor.post("/api/supervision/trace", {"typed": certified.item.code}).text)
        told = desk.submit(desk.claim(desk.prepared()))
        assert told.status_code == 200, told.text
    stage.publish()


@pytest.mark.slow
def test_nothing_of_a_thousand_people_rests_in_clear_or_in_any_spelling(
    stage: Stage, logged: io.StringIO
) -> None:
    kept: list[Answered] = []
    answers: list[str] = []
    people = PEOPLE if stage.service.database.writer.dialect.name == "sqlite" else FEWER
    go_through(stage, people, kept, answers)
    assert stage.count(credential) == people
    assert stage.count(person) >= people
    assert len(kept) == 11 * people
    assert {200, 400, 404} <= {one.status for one in kept}
    assert not [one for one in kept if one.status >= 500]
    metrics = ask(stage.client.app, "GET", b"/metrics")  # type: ignore[arg-type]
    assert metrics.status == 200
    text = logged.getvalue()
    assert text.count('"event": "request"') > 11 * people
    places = [
        ("logs", text.encode()),
        ("metrics", metrics.body),
        ("answers", "\n".join(answers).encode()),
        *((f"answer {one.status}", one.body + repr(one.headers).encode()) for one in kept),
        *rows_of(stage.service.settings),
    ]
    stage.service.database.close()
    home = stage.service.settings.home
    found = list(files_below(home))
    assert {"log.vkey", "trust.cbor", "log/checkpoint"} <= {name for name, _ in found}
    assert "table credential" in {name for name, _ in places}
    assert [name for name, _ in found if name.startswith("log/tile/entries/")]
    assert search([*places, *found]) == []


# Controls: a leak is found, wherever and however it is spelt.


@pytest.mark.parametrize("spelling", needles())
def test_a_planted_leak_is_found_in_every_spelling(tmp_path: Path, spelling: str) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "some.file").write_bytes(b"\x00" * 1_001 + needles()[spelling] + b"tail")
    assert f"log/some.file: {spelling}" in search(files_below(tmp_path))


@pytest.mark.parametrize("before", ["", "x", "xx", "沈", "{'name': '"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_found_whatever_stands_before_it(before: str, encode: Any) -> None:
    for value in (f"{NAME}伟芳", f"{NUMBER}500101000X"):
        for encoding in ("utf-8", "utf-16-le", "gb18030"):
            assert search([("x", encode((before + value + "!?").encode(encoding)))])


def test_a_leak_into_a_table_or_a_log_line_is_found(stage: Stage, logged: io.StringIO) -> None:
    assert search(rows_of(stage.service.settings)) == []
    row = {"id": 10**6, "time_ms": 1, "party": "x", "reader": f"{NAME}伟", "purpose": "x", "object": "x"}
    with administrator(stage.service.settings) as raw:
        table = sa.Table("leak", sa.MetaData(), *(sa.Column(one.name, one.type) for one in read_audit.c))
        table.create(raw.connection)
        raw.connection.execute(sa.insert(table).values({**row, "fields": NUMBER, "chain": bytes(32)}))
    hits = search(rows_of(stage.service.settings))
    assert {f"table leak: {NAME} utf-8", f"table leak: {NUMBER} utf-8"} <= set(hits)
    stage.service.database.close()
    if (stage.service.settings.home / "malan.db").exists():
        hits = search(files_below(stage.service.settings.home))
        assert {f"malan.db: {NAME} utf-8", f"malan.db: {NUMBER} utf-8"} <= set(hits)
    structlog.get_logger().info("request", name=f"{NAME}伟")
    logging.getLogger("library").debug("row %s", f"{NUMBER}500101000X")
    hits = search([("logs", logged.getvalue().encode())])
    assert {f"logs: {NAME} utf-8", f"logs: {NUMBER} utf-8"} <= set(hits)


def test_ordinary_texts_are_no_leak() -> None:
    texts = ("燚鑫 淼犇 31010 4190", "C310104263001007000001", "310104", "沈明310104188001010000")
    assert search([("x", text.encode()) for text in texts]) == []
