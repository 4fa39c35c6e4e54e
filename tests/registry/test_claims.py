"""A claim stands with its hold, and nobody is ever paid twice."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts.certificates import ClaimDecided, ClaimWithdrawn
from issuers.acts.words import Outcome
from issuers.authority.class_facts import PolicyFact
from issuers.shape import to_map
from ledger.errors import Refused
from registry.storage import tables
from registry.storage.facts import decode, encode
from registry.storage.tables import fact, hold, read_audit
from registry.subsidy import holds
from tests.ground import Ground
from tests.insider import insider
from tests.registry.desk import Desk, findings
from tests.registry.stage import item
from tests.world_parts import AMOUNT_FEN
from verify.subsidy.policy import POLICY_DEMO

DISTRICT = "district-310104"


def test_a_claim_stands_with_its_hold(desk: Desk) -> None:
    prepared = desk.prepared()
    answer = desk.submit(desk.claim(prepared))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["state"], told["claim"]) == ("appended", "submitted", prepared.claim.hex())
    assert desk.stage.count(hold) == 1
    state = desk.stage.client.get(f"/api/subsidy/claims/{prepared.claim.hex()}").json()
    assert (state["state"], state["district"], state["project"]) == ("submitted", DISTRICT, "001")


def test_the_same_claim_again_is_known(desk: Desk) -> None:
    told = desk.claim(desk.prepared())
    first, again = desk.submit(told).json(), desk.submit(told).json()
    assert again == {**first, "status": "known"}
    assert desk.stage.count(hold) == 1


def test_a_second_claim_of_one_person_is_a_409(desk: Desk) -> None:
    first, second = desk.prepared(), desk.prepared()
    assert desk.submit(desk.claim(first)).status_code == 200
    answer = desk.submit(desk.claim(second))
    assert (answer.status_code, answer.json()["code"]) == (409, "ALREADY_CLAIMED")
    assert desk.prepare(desk.body()).json()["code"] == "ALREADY_CLAIMED"
    assert findings(desk.check(desk.body()))["R9"] == ("FAIL", "PROJECT_USED")


def test_a_claim_opened_to_somebody_else_is_refused(desk: Desk) -> None:
    answer = desk.submit(desk.claim(desk.prepared(), opened=1))
    assert (answer.status_code, answer.json()["code"]) == (422, "CLAIM_UNFOUNDED")
    assert desk.stage.count(hold) == 0


@pytest.mark.parametrize("field", ["project_nullifier", "slot_nullifier"])
def test_a_made_up_nullifier_is_refused(desk: Desk, field: str) -> None:
    prepared = replace(desk.prepared(), **{field: b"n" * 32})
    answer = desk.submit(desk.claim(prepared))
    assert (answer.status_code, answer.json()["code"]) == (422, "CLAIM_UNFOUNDED")


def test_a_guess_leaves_the_name_of_who_guessed(desk: Desk) -> None:
    """The claim is not in the log, so the read audit is the only place that remembers it."""
    prepared = desk.prepared()
    assert guesses(desk) == []
    desk.submit(desk.claim(prepared, opened=1))
    desk.submit(desk.claim(replace(prepared, slot_nullifier=b"n" * 32)))
    officer = desk.stage.world.people["intake-310101"]
    one = (officer.party, officer.staff.hex(), f"certificate/{prepared.certificate.hex()}")
    assert guesses(desk) == [one, one]
    assert desk.submit(desk.claim(prepared)).status_code == 200
    assert guesses(desk) == [one, one]


def guesses(desk: Desk) -> list[tuple[str, str, str]]:
    columns = (read_audit.c.party, read_audit.c.reader, read_audit.c.object)
    with desk.stage.service.database.reading() as connection:
        query = sa.select(*columns).where(read_audit.c.purpose == "claim-refused")
        return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def test_a_policy_that_pays_nothing_for_the_certificate_is_no_ground_for_a_claim(desk: Desk) -> None:
    prepared = desk.prepared()
    stored, change = sa.select(fact.c.key, fact.c.record), sa.update(fact)
    only = fact.c.kind == PolicyFact.__name__
    with desk.stage.service.database.transaction() as connection:
        (row,) = connection.execute(stored.where(only)).all()
        known = decode(PolicyFact, row.record)
        rules = tuple(replace(one, subsidised=False) for one in POLICY_DEMO.stage_rules)
        poor = replace(known, document={**known.document, "stage_rules": [to_map(one) for one in rules]})
        connection.execute(change.where(only).values(record=encode(poor)))
    answer = desk.submit(desk.claim(prepared))
    assert (answer.status_code, answer.json()["code"]) == (422, "POLICY_OTHER")
    assert desk.stage.count(hold) == 0


def test_a_rejection_that_releases_lets_the_person_claim_again(desk: Desk) -> None:
    prepared = desk.prepared()
    desk.submit(desk.claim(prepared))
    act = ClaimDecided(Outcome.REJECTED, ("PAPERS_MISSING",), 0, release=True)
    answer = desk.say("claim-decided", "reviewer-310104", prepared.claim, act)
    assert answer.json()["state"] == "rejected"
    assert desk.stage.count(hold) == 0
    assert desk.submit(desk.claim(desk.prepared())).status_code == 200


def test_a_rejection_on_substance_keeps_the_hold(desk: Desk) -> None:
    prepared = desk.prepared()
    desk.submit(desk.claim(prepared))
    act = ClaimDecided(Outcome.REJECTED, ("FALSE_PAPERS",), 0, release=False)
    desk.say("claim-decided", "reviewer-310104", prepared.claim, act)
    assert desk.stage.count(hold) == 1


def test_an_approval_keeps_the_hold_and_states_the_amount(desk: Desk) -> None:
    prepared = desk.prepared()
    desk.submit(desk.claim(prepared))
    act = ClaimDecided(Outcome.APPROVED, (), AMOUNT_FEN, release=False)
    assert desk.say("claim-decided", "reviewer-310104", prepared.claim, act).json()["state"] == "approved"
    state = desk.stage.client.get(f"/api/subsidy/claims/{prepared.claim.hex()}").json()
    assert (state["outcome"], state["amount_fen"]) == ("approved", AMOUNT_FEN)
    assert desk.stage.count(hold) == 1


def test_a_withdrawal_frees_the_hold(desk: Desk) -> None:
    prepared = desk.prepared()
    desk.submit(desk.claim(prepared))
    answer = desk.say("claim-withdrawn", "intake-310101", prepared.claim, ClaimWithdrawn("changed-mind"))
    assert answer.json()["state"] == "withdrawn"
    assert desk.stage.count(hold) == 0


def test_only_acts_of_a_claim_come_to_the_claims_address(desk: Desk) -> None:
    raw = desk.stage.world.sign("party-withdrawn", "root-1", "party/school-qingmu", {"reason": "closed"})
    assert desk.submit(item(raw)).json()["code"] == "CLAIM_KIND"


def test_a_claim_nobody_made_is_a_404(desk: Desk) -> None:
    assert desk.stage.client.get(f"/api/subsidy/claims/{'0' * 32}").status_code == 404
    assert desk.stage.client.get("/api/subsidy/claims/nonsense").status_code == 400


def test_racing_counters_get_one_claim_through(desk: Desk) -> None:
    told = [desk.claim(desk.prepared()) for _ in range(6)]
    answers: list[int] = []
    barrier = threading.Barrier(len(told))

    def race(one: Mapping[str, Any]) -> None:
        barrier.wait()
        answers.append(desk.submit(one).status_code)

    threads = [threading.Thread(target=race, args=(one,)) for one in told]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409, 409, 409, 409, 409]
    assert desk.stage.count(hold) == 1


def test_the_constraint_holds_where_a_look_before_would_not(desk: Desk, ground: Ground) -> None:
    """Two writers that both looked first; without the constraints (the control) both would be paid."""
    database, person = desk.stage.service.database, b"p" * 16
    with database.transaction() as connection:
        connection.execute(sa.insert(tables.person).values(person=person))
    looked = sa.table("looked", *(sa.column(one.name) for one in tables.hold.columns))
    with insider(desk.stage.service.settings) as raw:
        raw.run("CREATE TABLE looked AS SELECT * FROM hold")
        if ground.kind == "postgresql":
            raw.run("GRANT SELECT, INSERT ON looked TO malan")
    for table, paid in (("looked", 2), ("hold", 1)):
        with database.reading() as one, database.reading() as other:
            query = sa.text(f"SELECT count(*) FROM {table} WHERE person = :p")  # our own names
            free = [connection.execute(query, {"p": person}).scalar_one() == 0 for connection in (one, other)]
        assert free == [True, True]
        for number in range(2):
            row = (person, 1 + number, "001", bytes([number]) * 16)
            try:
                with database.transaction() as connection:
                    if table == "hold":
                        holds.take(connection, person=person, project="001", slot=row[1], claim=row[3])
                    else:
                        connection.execute(sa.insert(looked).values(row))
            except Refused as error:
                assert error.code == "ALREADY_CLAIMED"
        with database.reading() as connection:
            assert connection.execute(query, {"p": person}).scalar_one() == paid


def test_three_slots_and_no_fourth(desk: Desk) -> None:
    with desk.stage.service.database.transaction() as connection:
        connection.execute(sa.insert(tables.person).values(person=b"p" * 16))
        for slot in holds.SLOTS:
            holds.take(connection, person=b"p" * 16, project=f"00{slot}", slot=slot, claim=bytes([slot]) * 16)
    for slot in (0, 1, 4):
        with pytest.raises(Refused), desk.stage.service.database.transaction() as connection:
            holds.take(connection, person=b"p" * 16, project="009", slot=slot, claim=b"9" * 16)
