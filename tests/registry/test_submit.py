"""POST /api/statements: what is told stands in the log, once and in order, or leaves nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts.parties import OfficerDismissed
from issuers.acts.words import Duty
from issuers.base64url import from_b64
from ledger.errors import MalanError
from ledger.leaf import leaf_hash
from ledger.receipt import Receipt, open_receipt
from ledger.statement import parse_statement
from ledger.store import read_leaves
from registry.storage.facts import TableView
from registry.storage.tables import fact
from registry.writing.item import Submission
from registry.writing.submit import submit
from tests.registry.stage import Stage, dismissal, is_dismissed, item, know_staff
from tests.world import Person
from tests.world_parts import BODY
from tests.world_steps import appoint

HOUR = 3_600_000


def leaves(stage: Stage) -> list[bytes]:
    with stage.service.database.reading() as connection:
        return read_leaves(connection, 0, stage.size())


def test_the_service_appends_the_very_leaves_a_replay_expects(results: Stage) -> None:
    assert leaves(results) == results.world.leaves


def test_the_facts_in_the_table_are_those_of_the_replay(results: Stage) -> None:
    with results.service.database.reading() as connection:
        view = TableView(connection)
        for (kind, key), expected in results.world.view.facts.items():
            assert view.get(kind, key) == expected
        rows = connection.execute(sa.select(sa.func.count()).select_from(fact)).scalar_one()
    assert rows == len(results.world.view.facts)


def test_a_receipt_promises_the_leaf_and_is_signed_by_the_receipt_key(stage: Stage) -> None:
    answer = stage.post(dismissal(stage)).json()["results"][0]
    receipt = from_b64(answer["receipt"], bytes_max=1000, where="receipt")
    opened = open_receipt(receipt, stage.world.service["receipt"].public)
    digest = leaf_hash(leaves(stage)[-1])
    assert opened == Receipt(stage.world.origin, answer["seq"], digest, answer["time_ms"])
    assert answer["status"] == "appended"


def test_the_same_statement_again_gets_its_first_answer_again(stage: Stage) -> None:
    raw = dismissal(stage)
    first = stage.post(raw).json()["results"][0]
    stage.hands.set(stage.hands.now_ms + HOUR)
    again = stage.post(raw).json()["results"][0]
    assert again == {**first, "status": "known"}
    assert stage.size() == first["seq"] + 1


def test_another_statement_under_a_used_id_is_refused(stage: Stage) -> None:
    first = dismissal(stage)
    other = stage.world.sign(
        "officer-dismissed",
        f"admin-{BODY}",
        f"officer/{stage.world.people['evaluator-2'].staff.hex()}",
        OfficerDismissed("left"),
        cti=_cti_of(first),
    )
    assert stage.post(first).status_code == 200
    answer = stage.post(other)
    assert (answer.status_code, answer.json()["code"]) == (422, "CTI_REUSED")
    assert not is_dismissed(stage, "evaluator-2")


def test_a_statement_twice_in_one_batch_is_appended_once(stage: Stage) -> None:
    raw = dismissal(stage)
    first, second = stage.post_batch([item(raw), item(raw)])
    assert (first["status"], second["status"]) == ("appended", "known")
    assert first["receipt"] == second["receipt"]


def test_many_senders_of_one_statement_make_one_entry(stage: Stage) -> None:
    raw, size = dismissal(stage), stage.size()
    answers: list[Any] = []
    barrier = threading.Barrier(24)

    def send() -> None:
        barrier.wait()
        answers.extend(submit(stage.service, [Submission(raw)]))

    threads = [threading.Thread(target=send) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stage.size() == size + 1
    assert len({(one.seq, one.receipt) for one in answers}) == 1
    assert sum(not one.repeated for one in answers) == 1


def test_a_bad_item_in_the_middle_takes_nothing_with_it(stage: Stage) -> None:
    good, bad = dismissal(stage, "evaluator-1"), stage.world.sign("unheard-of", "root-1", "log", {})
    last = dismissal(stage, "evaluator-2")
    answers = stage.post_batch([item(good), item(bad), item(last)])
    assert [one["status"] for one in answers] == ["appended", "refused", "appended"]
    assert answers[1]["code"] == "ACT_UNKNOWN"
    assert answers[2]["seq"] == answers[0]["seq"] + 1
    assert is_dismissed(stage, "evaluator-1")
    assert is_dismissed(stage, "evaluator-2")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_messy_items_are_each_refused_by_their_own_code(stage: Stage, place: int) -> None:
    raw = dismissal(stage)
    flipped = raw[:-1] + bytes([raw[-1] ^ 1])
    messy = {
        "SIGNATURE_BAD": item(flipped),
        "COSE_TAG": item(b"\x00" + raw),
        "OPENINGS_COUNT": item(raw, [b"\x82\x58\x20" + b"k" * 32 + b"\xa0"]),
        "OPENING_SHAPE": item(raw, [b"\x80"]),
        "ATTACHMENT_UNEXPECTED": item(raw, (), b"credential"),
        "BASE64URL": {"statement": "=="},
        "KEY_UNKNOWN": item(_by_stranger(stage)),
    }
    items = [*messy.values()]
    items.insert(place, item(raw))
    answers = stage.post_batch(items)
    assert answers.pop(place)["status"] == "appended"
    assert [one["code"] for one in answers] == list(messy)
    assert all("seq" not in one for one in answers)


def test_a_key_enrolled_earlier_in_the_batch_speaks_later_in_it(stage: Stage) -> None:
    world, size = stage.world, stage.size()
    before = len(world.said)
    world.people["newcomer"] = world.person("newcomer", BODY)
    know_staff(stage.service, world)
    appoint(world, "newcomer", BODY, Duty.SIGNATORY)
    said = [item(one.raw) for one in world.said[before:]]
    unknown = item(world.sign("certificate-revoked", "newcomer", f"certificate/{'0' * 32}", {"reason": "x"}))
    stage.hands.set(world.now)
    answers = stage.post_batch([*said, unknown])
    assert [one["status"] for one in answers] == ["appended", "appended", "refused"]
    assert answers[2]["code"] == "CERTIFICATE_UNKNOWN", "the signature was accepted, the certificate was not"
    assert stage.size() == size + 2


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), 401, "SIGNATURE_BAD"),
        (lambda raw: raw + b"\x00", 400, "CBOR_NOT_CANONICAL"),
        (lambda raw: b"", 400, "BODY_SHAPE"),
    ],
)
def test_a_bare_statement_is_answered_with_a_problem(
    stage: Stage, change: Any, status: int, code: str
) -> None:
    answer = stage.post(change(dismissal(stage)))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_a_refused_bare_statement_is_a_422(stage: Stage) -> None:
    raw = stage.world.sign("party-withdrawn", "standards", "party/school-qingmu", {"reason": "closed"})
    answer = stage.post(raw)
    assert (answer.status_code, answer.json()["code"]) == (422, "DUTY_MISSING")


def test_a_batch_has_a_limit(stage: Stage) -> None:
    answer = stage.client.post("/api/statements", json={"items": [{"statement": "AA"}] * 1001})
    assert (answer.status_code, answer.json()["code"]) == (400, "BODY_SHAPE")
    assert stage.client.post("/api/statements", json={"items": []}).status_code == 400


def test_writers_in_turn_leave_one_unbroken_chain(stage: Stage) -> None:
    names = ["evaluator-1", "evaluator-2", "evaluator-3", "signatory"]
    raws = [dismissal(stage, name) for name in names]
    errors: list[MalanError] = []

    def send(raw: bytes) -> None:
        (answer,) = submit(stage.service, [Submission(raw)])
        if isinstance(answer, MalanError):
            errors.append(answer)

    threads = [threading.Thread(target=send, args=(raw,)) for raw in raws]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert stage.size() == len(stage.world.leaves) + len(raws)


def _cti_of(raw: bytes) -> bytes:
    return parse_statement(raw).cti


def _by_stranger(stage: Stage) -> bytes:
    known = stage.world.people[f"admin-{BODY}"]
    stranger = Person("stranger", BODY, known.staff, stage.world.new_key("stranger"))
    return stage.world.sign("officer-dismissed", stranger, f"officer/{known.staff.hex()}", {"reason": "left"})
