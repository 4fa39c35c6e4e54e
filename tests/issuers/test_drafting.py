"""What is drafted is what the judge admits, and nothing else can be drafted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

import pytest

from issuers.acts import read_act
from issuers.acts.certificates import CertificateIssued
from issuers.acts.classes import EvaluationConfirmed, Roster
from issuers.authority.case import shanghai_date
from issuers.credential import parse_credential
from issuers.evidence import open_roster, the_roster
from issuers.identifiers.names import check_name
from issuers.office.roster import RosterEntry, read_roster
from issuers.office.sheet import SheetRow
from issuers.qr import parse_text
from issuers.sign.answers import Prepared, PreparedItem, read_prepared
from issuers.sign.drafting import (
    Outcome,
    Speaker,
    commit_people,
    compute_outcome,
    confirm_parcel,
    match_sheet,
    need_final,
    roster_parcel,
)
from issuers.sign.drafting_certificates import certify, check_prepared, void_parcel
from issuers.standard import MARKS_MISSING, THIRD_MARK_NEEDED, Result
from ledger.commitment import Opening, check_opening, decode_opening
from ledger.errors import MalanError
from ledger.statement import parse_statement
from tests.issuers.fake_service import FakeService
from tests.issuers.office_data import office_file
from tests.world import World
from tests.world_parts import HOST, STANDARD, moment, seeded

NOW = moment(13, 10)


@lru_cache(maxsize=1)
def _world() -> World:
    world = World.founded().with_standard().with_class().with_results()
    world.now = NOW
    return world


@pytest.fixture
def world() -> World:
    return _world().copy()


def speaker(world: World, name: str) -> Speaker:
    who = world.people[name]
    return Speaker(who.signer, who.party, world.origin)


def prepared(world: World) -> Prepared:
    """What the service answers about the class."""
    return read_prepared(FakeService(world)._prepare({"batch": b"b" * 16}))


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        call()
    return caught.value.code


def test_entries_stand_in_the_order_of_the_first_digest_and_openings_with_them() -> None:
    openings = [
        Opening(seeded(f"key {place}", 32), {"candidate": seeded(f"candidate {place}", 16), "theory": place})
        for place in range(40)
    ]
    entries, ordered = commit_people("sheet", openings)
    firsts = [entry["candidate"] for entry in entries]
    assert firsts == sorted(firsts)
    for entry, raw in zip(entries, ordered, strict=True):
        check_opening(decode_opening(raw), entry)
    order = [decode_opening(raw).fields["theory"] for raw in ordered]
    assert sorted(order) == list(range(40)) and order != sorted(order)  # the place tells nothing


def _entries() -> tuple[RosterEntry, ...]:
    read = read_roster(office_file("roster.csv"), today=parse_day(), hours=40)
    assert not read.errors
    return read.entries


def parse_day() -> date:
    return shanghai_date(moment(11, 17))


def roster_of(world: World, entries: tuple[RosterEntry, ...]) -> Any:
    return roster_parcel(
        speaker(world, "registrar"),
        world.class_id,
        entries,
        candidates=[seeded(f"candidate {n}", 16) for n in range(len(entries))],
        record_keys=[seeded(f"key {n}", 32) for n in range(len(entries))],
        now_ms=moment(11, 17),
        fresh=seeded("fresh", 10),
    )


def test_a_roster_shows_nothing_of_anybody_in_its_signed_bytes() -> None:
    world = World.founded().with_standard().with_class()
    entries = _entries()
    parcel = roster_of(world, entries)
    act = read_act(parse_statement(parcel.statement))
    assert isinstance(act, Roster) and len(act.entries) == len(parcel.openings) == len(entries)
    for entry in entries:
        assert entry.id.number.encode() not in parcel.statement
        assert entry.name.shown.encode() not in parcel.statement
    world.hear(parcel.statement, openings=[decode_opening(raw) for raw in parcel.openings])
    trainees = open_roster(the_roster(world.evidence()))
    assert {one.id_number for one in trainees.values()} == {entry.id.number for entry in entries}


def test_a_roster_of_nobody_or_of_too_many_is_refused() -> None:
    world = World.founded().with_standard().with_class()
    one = _entries()[0]
    assert code_of(lambda: roster_of(world, ())) == "ROSTER_EMPTY"
    assert code_of(lambda: roster_of(world, (one,) * 201)) == "ROSTER_TOO_LONG"
    # An entry of the log has a limit in bytes too; the message says what to do.
    assert code_of(lambda: roster_of(world, (one,) * 190)) == "STATEMENT_SIZE"
    assert roster_of(world, (one,) * 160)


def test_a_row_with_the_number_of_two_documents_is_ambiguous(world: World) -> None:
    trainees = open_roster(the_roster(world.evidence()))
    first = next(iter(trainees.values()))
    other = replace(first, candidate=b"\x09" * 16)
    row = SheetRow(2, check_name(first.name), first.id_number, {"theory": 1})
    assert match_sheet([row], {first.candidate: first}).marks == {first.candidate: {"theory": 1}}
    both = match_sheet([row], {first.candidate: first, other.candidate: other})
    assert [error.code for error in both.errors] == ["ID_AMBIGUOUS"] and not both.marks


def test_a_separator_written_otherwise_is_the_same_name(world: World) -> None:
    trainees = open_roster(the_roster(world.evidence()))
    person = next(one for one in trainees.values() if "·" in one.name)
    row = SheetRow(2, check_name(person.name.replace("·", "•")), person.id_number, {"theory": 1})
    assert not match_sheet([row], trainees).errors


def test_the_result_that_is_confirmed_is_the_one_the_judge_takes() -> None:
    world = World.founded().with_standard().with_class().with_results()
    evidence = world.evidence()
    parcel = confirm_parcel(
        speaker(world, "signatory"), evidence, STANDARD, now_ms=NOW, fresh=seeded("fresh", 10)
    )
    act = read_act(parse_statement(parcel.statement))
    said = read_act(next(item for item in world.said if item.kind == "evaluation-confirmed"))
    assert isinstance(act, EvaluationConfirmed) and isinstance(said, EvaluationConfirmed)
    assert replace(act, passed=()) == replace(said, passed=())
    assert sorted(act.passed) == sorted(said.passed) and list(act.passed) == sorted(act.passed)


def test_too_few_sheets_are_not_confirmed(world: World) -> None:
    standard = replace(STANDARD, evaluators_min=3)
    call = lambda: confirm_parcel(  # noqa: E731
        speaker(world, "signatory"), world.evidence(), standard, now_ms=NOW, fresh=seeded("f", 10)
    )
    assert code_of(call) == "SHEETS_TOO_FEW"


def _outcome(results: Mapping[bytes, Result], scored: tuple[bytes, ...]) -> Outcome:
    return Outcome(results, (), frozenset(scored))


def test_an_absent_candidate_is_no_obstacle_but_a_diverging_or_half_scored_one_is() -> None:
    absent, partly, diverging = b"a" * 16, b"p" * 16, b"d" * 16
    missing = Result(False, None, {"theory": None}, (MARKS_MISSING,))
    third = Result(False, None, {"theory": None}, (THIRD_MARK_NEEDED,))
    need_final(_outcome({absent: missing}, ()))
    assert code_of(lambda: need_final(_outcome({partly: missing}, (partly,)))) == MARKS_MISSING
    assert code_of(lambda: need_final(_outcome({diverging: third}, (diverging,)))) == THIRD_MARK_NEEDED


def test_the_outcome_names_everybody_of_the_roster(world: World) -> None:
    outcome = compute_outcome(world.evidence(), STANDARD)
    assert outcome.results.keys() == {one.candidate for one in world.trainees}
    assert set(outcome.passed) == {one.candidate for one in world.trainees if one.passes}


def _certified(world: World, told: Prepared, item: PreparedItem, now_ms: int = NOW) -> Any:
    return certify(
        speaker(world, "signatory"),
        told,
        item,
        record_key=seeded("record", 32),
        now_ms=now_ms,
        fresh=seeded("fresh", 10),
    )


def test_credential_qr_and_act_say_the_same(world: World) -> None:
    told = prepared(world)
    made = _certified(world, told, told.items[0])
    claims = parse_credential(made.credential).claims
    item = told.items[0]
    assert (claims.number, claims.code, claims.name) == (item.number, item.code, item.name)
    assert claims.last_four == item.id_last4 and claims.course == STANDARD.title
    text = parse_text(made.qr, hosts=frozenset({HOST}))
    assert text.credential == made.credential and text.code == item.code
    act = read_act(parse_statement(made.parcel.statement))
    assert isinstance(act, CertificateIssued) and act.issued_on == made.issued_on
    assert (
        item.number.encode() not in made.parcel.statement and item.name.encode() not in made.parcel.statement
    )
    world.hear(made.parcel.statement, at=NOW, openings=[decode_opening(o) for o in made.parcel.openings])


def test_the_day_is_that_of_shanghai(world: World) -> None:
    told = prepared(world)
    assert _certified(world, told, told.items[0], moment(13, 23, 59)).issued_on.day == 13
    assert _certified(world, told, told.items[0], moment(14, 0, 0)).issued_on.day == 14


def test_a_document_without_four_digits_at_its_end_leaves_them_out(world: World) -> None:
    told = prepared(world)
    item = replace(told.items[0], id_last4="12A4")
    assert parse_credential(_certified(world, told, item).credential).claims.last_four is None


def test_an_answer_about_another_class_or_result_is_not_believed(world: World) -> None:
    told = prepared(world)
    evidence = world.evidence()
    assert check_prepared(told, evidence) == {}
    other = replace(told, class_id=b"\x01" * 16)
    assert code_of(lambda: check_prepared(other, evidence)) == "CLASS_OTHER"
    unseen = replace(told, evaluation=b"\x01" * 32)
    assert code_of(lambda: check_prepared(unseen, evidence)) == "EVALUATION_UNSEEN"


def test_a_voided_number_is_taken_by_the_judge_and_shares_the_key_of_issuing(world: World) -> None:
    told = prepared(world)
    item = told.items[0]
    parcel = void_parcel(
        speaker(world, "signatory"),
        world.class_id,
        item,
        "holder-declined",
        record_key=seeded("record", 32),
        now_ms=NOW,
        fresh=seeded("void", 10),
    )
    assert parcel.key == _certified(world, told, item).parcel.key
    world.hear(parcel.statement, at=NOW, openings=[decode_opening(raw) for raw in parcel.openings])
