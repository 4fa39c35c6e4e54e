"""Nothing personal rests in the clear: not in the database, the log, what is published, what is printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from issuers.base64url import to_b64
from registry.storage.tables import opening, person_key
from tests.ground import Ground, on
from tests.insider import insider
from tests.registry.desk import Desk
from tests.registry.stage import Stage, officer_document
from tests.world_parts import BODY

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")


def secrets_of(desk: Desk) -> set[str]:
    """Names, numbers, organisations, codes and certificate numbers of everybody in this world."""
    found = set()
    for one in desk.stage.world.trainees:
        found |= {one.fields["name"], one.fields["id_number"], one.fields["organisation"]}
        found.add(one.fields["id_number"][6:])
    for certified in desk.certified:
        found |= {certified.item.code, certified.item.number}
    return found


def spellings(text: str) -> Iterator[bytes]:
    """The bytes of a text in every encoding, and their hex and base64url."""
    for encoding in ENCODINGS:
        raw = text.encode(encoding)
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        yield to_b64(raw).encode()


def files(home: Path, pattern: str) -> bytes:
    return b"\x00".join(path.read_bytes() for path in sorted(home.glob(pattern)) if path.is_file())


def found_in(data: bytes, desk: Desk) -> list[str]:
    return sorted(text for text in secrets_of(desk) if any(spelling in data for spelling in spellings(text)))


@pytest.fixture
def lived(desk: Desk) -> Desk:
    """Everything that touches personal data has happened once."""
    desk.check(desk.body())
    desk.submit(desk.claim(desk.prepared()))
    body = {"id_type": "resident_id", "id_number": officer_document("new").number, "name": "欧阳娜娜"}
    assert desk.stage.ask("/api/staff", "staff", f"admin-{BODY}", f"party/{BODY}", body).status_code == 200
    desk.stage.ask("/api/classes/evidence", "evidence", "signatory", desk.stage.class_subject, {})
    desk.stage.publish()
    return desk


@on("sqlite")
def test_the_database_file_shows_nobody(lived: Desk) -> None:
    home = lived.stage.service.settings.home
    data = files(home, "malan.db*")
    assert found_in(data, lived) == []
    assert officer_document("new").number.encode() not in data


@on("sqlite")
def test_the_search_finds_what_is_there(lived: Desk) -> None:
    name = lived.stage.world.trainees[0].fields["name"]
    with insider(lived.stage.service.settings) as raw:
        raw.run("UPDATE staff SET party = :name", name=name)
    assert found_in(files(lived.stage.service.settings.home, "malan.db*"), lived) == [name]


def test_what_is_published_shows_nobody(lived: Desk) -> None:
    home = lived.stage.service.settings.home
    published = files(home, "log/**/*") + files(home, "trust.cbor") + files(home, "status/*")
    assert len(published) > 50_000
    assert found_in(published, lived) == []


def test_what_is_logged_shows_nobody(results: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    with capture_logs() as logs:
        desk = Desk(results, results.issue_all())
        results.publish()
        desk.check(desk.body())
        desk.check({**desk.body(), "id_number": "1"})
        desk.prepare(desk.body(1))
        results.client.get(f"/api/certificates/{desk.certified[0].item.code}")
        results.client.post("/api/verify", json={"qr": desk.certified[0].qr})
        results.client.post("/api/verify", json={"qr": results.world.trainees[0].fields["name"]})
    printed = "".join(capfd.readouterr())
    assert len(logs) >= 8
    assert found_in(str(logs).encode() + printed.encode(), desk) == []


def test_no_address_of_the_api_has_room_for_a_person(stage: Stage) -> None:
    document = stage.client.get("/openapi.json").json()
    parameters = {
        parameter["name"]
        for path in document["paths"].values()
        for operation in path.values()
        for parameter in operation.get("parameters", [])
    }
    ids = {"code", "claim", "class_id", "certificate", "audit", "evaluator", "institution", "body"}
    places = {"number", "path", "part", "seq", "form", "unit", "before", "since"}
    places |= {"older"}  # says what the service wrote, under a MAC, and nothing else: `test_holder_reads`
    assert parameters == ids | places | {"link"}, "ids, places and words"


def test_one_person_is_not_to_be_seen_in_two_rows(lived: Desk) -> None:
    """The same name sealed twice gives bytes that have nothing in common."""
    with lived.stage.service.database.reading() as connection:
        sealed = connection.execute(sa.select(opening.c.sealed)).scalars().all()
    assert len(set(sealed)) == len(sealed)
    assert len({one[:12] for one in sealed}) == len(sealed), "every nonce is fresh"


def test_a_sealed_value_moved_to_another_row_does_not_open(lived: Desk) -> None:
    people, database = lived.stage.service.people, lived.stage.service.database
    with database.reading() as connection:
        first, second = connection.execute(sa.select(opening).limit(2)).all()
    with insider(lived.stage.service.settings) as raw:
        raw.run(
            "UPDATE opening SET person = :person, sealed = :sealed WHERE statement = :of AND place = :at",
            person=first.person,
            sealed=first.sealed,
            of=second.statement,
            at=second.place,
        )
    with database.reading() as connection:
        people.opening(connection, first.statement, first.place)
        with pytest.raises(Exception, match="SEAL_BROKEN"):
            people.opening(connection, second.statement, second.place)


def test_destroying_a_persons_key_closes_all_of_theirs_and_nobody_elses(lived: Desk, ground: Ground) -> None:
    people, database = lived.stage.service.people, lived.stage.service.database
    with database.reading() as connection:
        rows = connection.execute(sa.select(opening)).all()
        gone = rows[0].person
        mine = person_key.c.person == gone
        wrapped = connection.execute(sa.select(person_key.c.wrapped).where(mine)).scalar_one()
    if ground.kind == "sqlite":
        with database.transaction() as connection:
            connection.execute(sa.delete(person_key).where(mine))
    else:
        with insider(lived.stage.service.settings) as raw:
            raw.run("DELETE FROM person_key WHERE person = :gone", gone=gone)
    with database.reading() as connection:
        for row in rows:
            if row.person == gone:
                with pytest.raises(Exception, match="PERSON_ERASED"):
                    people.opening(connection, row.statement, row.place)
            else:
                people.opening(connection, row.statement, row.place)
    data = files(lived.stage.service.settings.home, "malan.db*")  # none on PostgreSQL, which vacuums later
    assert wrapped not in data, "secure_delete leaves no copy in a free page"
