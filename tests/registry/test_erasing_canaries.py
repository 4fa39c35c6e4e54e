"""What was planted of a person is nowhere after an erasure: raw database files, exports, answers, logs.

Bytes that only stand for the person count as much as names: with their key wrapped in a page that is still on
disk, an old backup of openings could be read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from psycopg import sql
from structlog.testing import capture_logs

from issuers.evidence import from_json
from registry.fsck.run import check
from registry.persons.evidence import export_for_operator
from registry.storage.tables import metadata
from tests.ground import Ground, PostgresGround
from tests.registry.browser import Browser
from tests.registry.desk import Desk
from tests.registry.erasing import erased, holder_of, places
from tests.registry.test_privacy import files, spellings
from verify.audit.run import Asked, audit
from verify.source import DirectorySource

SEALED = ("sealed", "wrapped", "document")


def stands_for(desk: Desk, person: bytes) -> set[bytes]:
    """Every wrapped key, sealed value and look-up of somebody, and their id."""
    found = {person}
    with desk.stage.service.database.reading() as connection:
        for table in metadata.sorted_tables:
            for name in SEALED:
                if "person" in table.c and name in table.c:
                    query = sa.select(table.c[name]).where(table.c.person == person)
                    found |= set(connection.execute(query).scalars())
    return found


def names_of(desk: Desk, place: int) -> set[str]:
    fields, item = desk.stage.holder(desk.certified[place]), desk.certified[place].item
    return {fields["name"], fields["id_number"], item.number, item.code}


def on_disk(desk: Desk, ground: Ground) -> bytes:
    """The raw bytes of the database's files, journal included, as the operating guide has it cleaned."""
    service = desk.stage.service
    if not isinstance(ground, PostgresGround):
        return files(service.settings.home, "malan.db*")
    name = sa.make_url(service.settings.database_url).database
    assert name is not None
    with ground.server.admin(name) as connection:
        connection.execute("VACUUM (FULL)")
        connection.execute("CHECKPOINT")
        query = sql.SQL("SELECT oid FROM pg_database WHERE datname = {}").format(sql.Literal(name))
        ((oid,),) = connection.execute(query).fetchall()
    return files(ground.server.data, f"base/{oid}/*")


def hits(data: bytes, canaries: Collection[bytes]) -> int:
    return sum(one in data for one in canaries)


def everything_shown(desk: Desk, place: int) -> Iterator[bytes]:
    """Exports, reports, pages and answers, all about this certificate."""
    stage, item = desk.stage, desk.certified[place].item
    evidence = export_for_operator(stage.service, stage.world.class_id)
    yield from (raw for one in from_json(evidence).statements for raw in one.openings)
    asked = Asked(at_ms=stage.hands.now_ms, evidence=(evidence,))
    yield repr(audit(DirectorySource(stage.service.settings.log_directory), asked)).encode()
    yield stage.client.get(f"/api/certificates/{item.code}").content
    browser = Browser(stage).sign_in("supervisor-310104")
    yield browser.post("/api/supervision/trace", {"typed": item.code}).content
    body = {"certificate": item.certificate.hex(), "purpose": "complaint"}
    yield browser.post("/api/supervision/unmask", body).content
    yield files(stage.service.settings.home, "log/**/*") + files(stage.service.settings.home, "status/*")


def test_nothing_that_was_planted_is_found_again(
    desk: Desk, ground: Ground, capfd: pytest.CaptureFixture[str]
) -> None:
    stage, one, other = desk.stage, holder_of(desk), holder_of(desk, 1)
    canaries, others = stands_for(desk, one), stands_for(desk, other)
    assert len(canaries) >= 9, "id, key, look-up, reservation, credential, roster, sheets, certificate"
    named = {spelt for text in names_of(desk, 0) for spelt in spellings(text)}
    assert hits(on_disk(desk, ground), canaries) == len(canaries), "the control: they are there before"
    assert hits(b"".join(everything_shown(desk, 0)), named) >= 3, "and the names are shown"
    with capture_logs() as logs:
        erased(stage, places(stage, one))
        stage.publish()
        shown = b"".join(everything_shown(desk, 0))
    printed = str(logs) + "".join(capfd.readouterr())
    raw = on_disk(desk, ground)
    assert hits(raw, canaries) == 0
    assert hits(raw, others) == len(others), "of somebody else nothing is missing"
    assert hits(raw + shown + printed.encode(), named) == 0
    assert check(stage.service).departures == ()


@pytest.mark.on("sqlite")
def test_the_search_would_find_a_copy(desk: Desk, tmp_path: Path) -> None:
    """The control of the search itself: a file beside the database that kept the key."""
    one = holder_of(desk)
    canaries = stands_for(desk, one)
    copy = desk.stage.service.settings.home / "malan.db-old"
    copy.write_bytes(files(desk.stage.service.settings.home, "malan.db"))
    erased(desk.stage, places(desk.stage, one))
    assert hits(files(desk.stage.service.settings.home, "malan.db"), canaries) == 0
    assert hits(files(desk.stage.service.settings.home, "malan.db*"), canaries) == len(canaries)
