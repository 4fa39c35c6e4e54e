"""fsck names each planted departure, and nothing where nothing was planted."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
import sqlalchemy as sa

from issuers.authority.class_facts import CertificateFact, State
from ledger.commitment import Opening, decode_opening
from ledger.errors import Unavailable
from ledger.keys import EDDSA
from ledger.store import entry
from registry.fsck import run
from registry.fsck.run import Report, check
from registry.persons.people import People
from registry.secrets import read_secrets
from registry.storage import tables
from registry.storage.facts import decode, encode
from tests.ground import on
from tests.insider import insider
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal, write_secret


@pytest.fixture
def full(desk: Desk) -> Desk:
    """Certificates and a claim, published."""
    assert desk.submit(desk.claim(desk.prepared())).status_code == 200
    desk.stage.publish()
    return desk


def codes(stage: Stage) -> list[str]:
    return [one.code for one in check(stage.service).departures]


def plant(stage: Stage, *statements: str) -> None:
    """Changes rows as an insider would, guards off."""
    with insider(stage.service.settings) as raw:
        for statement in statements:
            assert raw.run(statement).rowcount != 0, statement


def test_an_untouched_store_is_sound(full: Desk) -> None:
    report = check(full.stage.service)
    assert report == Report(full.stage.size(), full.stage.size(), ())


def test_a_store_that_is_not_published_yet_is_sound(stage: Stage) -> None:
    assert check(stage.service) == Report(stage.size(), None, ())


def test_walking_in_small_steps_finds_the_same(full: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "STEP", 7)
    assert check(full.stage.service).departures == ()
    plant(full.stage, "DELETE FROM hold")
    assert codes(full.stage) == ["HOLD_MISSING"]


def test_a_flipped_status_in_a_fact_is_named(full: Desk) -> None:
    certificate = full.certified[0].item.certificate.hex()
    place = sa.and_(tables.fact.c.kind == "CertificateFact", tables.fact.c.key == certificate)
    with full.stage.service.database.transaction() as connection:
        record = connection.execute(sa.select(tables.fact.c.record).where(place)).scalar_one()
        fact = decode(CertificateFact, record)
        flipped = encode(replace(fact, state=State.REVOKED))
        connection.execute(sa.update(tables.fact).where(place).values(record=flipped))
    (departure,) = check(full.stage.service).departures
    assert (departure.code, departure.where) == ("FACT_DIFFERS", f"fact CertificateFact {certificate}")


def test_a_deleted_claim_hold_is_named(full: Desk) -> None:
    plant(full.stage, "DELETE FROM hold")
    (departure,) = check(full.stage.service).departures
    assert departure.code == "HOLD_MISSING"
    assert departure.where.startswith("claim ")


A_RESERVATION = " rowid = (SELECT min(rowid) FROM reservation)"
ROWS = {
    "FACT_MISSING": ["DELETE FROM fact WHERE kind = 'Claim'"],
    "FACT_EXTRA": ["INSERT INTO fact SELECT kind, 'made-up', record, seq FROM fact WHERE kind = 'Claim'"],
    "FACT_SEQ": ["UPDATE fact SET seq = seq + 1 WHERE kind = 'Claim'"],
    "BUNDLED_DIFFERS": ["DELETE FROM bundled WHERE seq = 3"],
    "CLASS_ENTRY_DIFFERS": ["DELETE FROM class_entry WHERE seq = (SELECT max(seq) FROM class_entry)"],
    "HOLD_DIFFERS": ["UPDATE hold SET slot = 2"],
    "HOLD_EXTRA": [
        "INSERT INTO hold SELECT person, 3, 'other', x'00112233445566778899aabbccddeeff' FROM hold"
    ],
    "RESERVATION_MISSING": ["DELETE FROM reservation WHERE rowid = (SELECT max(rowid) FROM reservation)"],
    "RESERVATION_DIFFERS": ["UPDATE reservation SET status_index = 5 WHERE" + A_RESERVATION],
    "RESERVATION_CODE": ["UPDATE reservation SET code_index = x'00' WHERE" + A_RESERVATION],
    "RESERVATION_PERSON": [
        "UPDATE candidate SET person = (SELECT person FROM person WHERE person NOT IN"
        " (SELECT person FROM candidate) LIMIT 1)"
        " WHERE candidate = (SELECT candidate FROM reservation LIMIT 1)"
    ],
    "NUMBER_GAP": ["UPDATE number_series SET last = last + 1"],
    "CREDENTIAL_MISSING": ["DELETE FROM credential WHERE rowid = (SELECT min(rowid) FROM credential)"],
    "CREDENTIAL_BROKEN": [
        "UPDATE credential SET sealed = substr(sealed, 2) WHERE rowid = (SELECT min(rowid) FROM credential)"
    ],
    "CREDENTIAL_EXTRA": [
        "INSERT INTO credential"
        " SELECT x'00112233445566778899aabbccddeeff', person, sealed FROM credential LIMIT 1"
    ],
    "OPENING_MISSING": ["DELETE FROM opening WHERE rowid = (SELECT min(rowid) FROM opening)"],
    "OPENING_BROKEN": ["UPDATE opening SET sealed = x'00' WHERE rowid = (SELECT max(rowid) FROM opening)"],
    "OPENING_EXTRA": ["INSERT INTO opening SELECT statement, 99, person, sealed FROM opening LIMIT 1"],
    "PERSON_DIFFERS": [
        "UPDATE person_document SET document = x'00' WHERE person = (SELECT person FROM candidate LIMIT 1)"
    ],
    "CANDIDATE_MISSING": ["DELETE FROM candidate WHERE candidate NOT IN (SELECT candidate FROM reservation)"],
    "CANDIDATE_PLACE": ["UPDATE candidate SET place = 7 WHERE rowid = (SELECT min(rowid) FROM candidate)"],
    "LEAF_COLUMNS": ["UPDATE ledger_entry SET cti = x'00112233445566778899aabbccddeeff' WHERE seq = 9"],
    "LEAF_HASH": ["UPDATE ledger_entry SET leaf_hash = x'00' WHERE seq = 9"],
    "LOG_AHEAD": ["DELETE FROM ledger_entry WHERE seq = (SELECT max(seq) FROM ledger_entry)"],
    "LEAF_GAP": ["DELETE FROM ledger_entry WHERE seq = 20"],
    "ROOT_DIFFERS": ["DELETE FROM ledger_entry WHERE seq = 20"],
}


@pytest.mark.parametrize("code", ROWS)
def test_a_planted_departure_is_named(full: Desk, code: str) -> None:
    plant(full.stage, *ROWS[code])
    assert code in codes(full.stage)


def test_a_changed_leaf_breaks_chain_root_and_signature(full: Desk) -> None:
    with full.stage.service.database.reading() as connection:
        leaf = connection.execute(sa.select(entry.c.leaf).where(entry.c.seq == 9)).scalar_one()
    changed = leaf[:-1] + bytes([leaf[-1] ^ 1])
    plant(full.stage, f"UPDATE ledger_entry SET leaf = x'{changed.hex()}' WHERE seq = 9")
    found = check(full.stage.service).departures
    assert {"LEAF_HASH", "LEAF_PREV", "ACT_REFUSED", "ROOT_DIFFERS"} <= {one.code for one in found}
    assert {one.where for one in found if one.code == "LEAF_HASH"} == {"seq 9"}


def test_a_rewritten_history_with_a_good_chain_still_has_another_root(stage: Stage) -> None:
    """The insider who rewrites every row cannot rewrite the checkpoint that was published."""
    stage.publish()
    size = stage.size()
    stage.post(dismissal(stage, "evaluator-1"))
    stage.publish()
    plant(stage, f"DELETE FROM ledger_entry WHERE seq = {size}")
    plant(stage, f"DELETE FROM bundled WHERE seq = {size}")
    stage.service.alarms.read_only = None
    assert stage.post(dismissal(stage, "evaluator-2")).status_code == 200
    assert {"ROOT_DIFFERS"} <= set(codes(stage))


def test_a_checkpoint_of_another_key_is_named(stage: Stage) -> None:
    stage.publish()
    path = stage.service.settings.secret_file("checkpoint")
    write_secret(path, "checkpoint", stage.world.new_key("other", EDDSA).pkcs8())
    other = replace(stage.service, secrets=read_secrets(stage.service.settings.secret_file))
    # The bundles as well: they name the key, and carry a checkpoint of it.
    assert [one.code for one in check(other).departures] == ["CHECKPOINT_BROKEN", *["BUNDLE_DIFFERS"] * 4]


def test_an_opening_that_opens_another_value_is_named(full: Desk) -> None:
    """Sealed anew under the right key and place, but with another mark inside."""
    people, database = full.stage.service.people, full.stage.service.database
    with database.reading() as connection:
        row = connection.execute(sa.select(tables.opening).limit(1)).one()
        told = decode_opening(people.opening(connection, row.statement, row.place))
        lie = Opening(told.record_key, {**told.fields, "attended": 1})
    with insider(full.stage.service.settings) as raw:
        raw.run("DELETE FROM opening WHERE statement = :of AND place = :at", of=row.statement, at=row.place)
    with database.transaction() as connection:
        people.store_opening(connection, row.person, lie, statement=row.statement, place=row.place)
    assert codes(full.stage) == ["OPENING_BROKEN"]


def test_without_the_right_key_nothing_personal_opens(full: Desk) -> None:
    secrets = replace(full.stage.service.secrets, kek=os.urandom(32))
    other = replace(full.stage.service, secrets=secrets, people=People(secrets))
    found = {one.code for one in check(other).departures}
    assert {"OPENING_BROKEN", "RESERVATION_BROKEN", "CREDENTIAL_BROKEN"} <= found


@on("sqlite")
def test_fsck_changes_nothing(full: Desk) -> None:
    path = full.stage.service.settings.home / "malan.db"
    before = path.read_bytes()
    check(full.stage.service)
    assert path.read_bytes() == before


@on("sqlite")
def test_a_database_that_cannot_be_read_is_not_called_sound(stage: Stage) -> None:
    stage.service.database.close()
    (stage.service.settings.home / "malan.db").write_bytes(b"not a database at all, " * 100)
    with pytest.raises(Unavailable, match="DATABASE_FAILED"):
        check(stage.service)
