"""Roster, sheet and result at the desk, against a service that judges: rows named, nothing said twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from issuers.evidence import open_roster, open_sheet, the_roster
from issuers.office.csv_out import write_table
from issuers.sign.desk.classes import (
    confirm_class,
    fetch_evidence,
    lay_sheet,
    read_class_roster,
    review_class,
    seal_roster,
    sign_sheet,
)
from issuers.sign.outbox import ItemState
from issuers.standard import MARKS_MISSING
from ledger.errors import MalanError, Unavailable
from tests.issuers.desks import desk_of
from tests.issuers.fake_service import FakeService
from tests.issuers.office_data import office_file
from tests.world import World
from tests.world_parts import STANDARD, moment


@pytest.fixture
def fake() -> FakeService:
    """A class whose teaching is over; nobody is on its roster yet."""
    return FakeService(World.founded().with_standard().with_class())


@pytest.fixture
def sealed(fake: FakeService, tmp_path: Path) -> FakeService:
    """The same with the clean roster sealed, a day later."""
    with desk_of(fake, "registrar", tmp_path) as desk:
        read = read_class_roster(desk, fake.world.class_id, office_file("roster.csv"))
        assert not read.errors
        seal_roster(desk, fake.world.class_id, read.entries)
    fake.world.now = moment(12, 14)
    return fake


def code_of(caught: pytest.ExceptionInfo[MalanError]) -> str:
    return caught.value.code


def test_the_messy_roster_loses_its_bad_rows_and_keeps_the_rows_around_them(
    fake: FakeService, tmp_path: Path
) -> None:
    with desk_of(fake, "registrar", tmp_path) as desk:
        read = read_class_roster(desk, fake.world.class_id, office_file("roster-messy.csv"))
        sent = seal_roster(desk, fake.world.class_id, read.entries)
    assert sorted({error.row for error in read.errors}) == [3, 4, 7, 9, 11, 12, 15, 16, 17, 18]
    assert [entry.row for entry in read.entries] == [2, 5, 6, 8, 10, 13, 14, 19]
    assert all(error.column for error in read.errors)
    assert {error.row for error in read.warnings} == {14}
    trainees = open_roster(the_roster(fake.world.evidence()))
    assert len(trainees) == 8 and not sent.earlier
    assert sorted(one.id_number for one in trainees.values()) == sorted(e.id.number for e in read.entries)


def test_no_complaint_repeats_what_a_cell_held(fake: FakeService, tmp_path: Path) -> None:
    with desk_of(fake, "registrar", tmp_path) as desk:
        read = read_class_roster(desk, fake.world.class_id, office_file("roster-messy.csv"))
    told = "\n".join(str(error) for error in read.errors)
    assert told
    for held in ("310104199005170001", "19900230", "错一位", "名反转", "太勤奋", "203101"):
        assert held not in told


def test_a_roster_whose_answer_was_lost_is_sent_again_and_not_signed_again(
    fake: FakeService, tmp_path: Path
) -> None:
    fake.fail_next("/api/statements", when="after", times=4)
    with desk_of(fake, "registrar", tmp_path) as desk:
        read = read_class_roster(desk, fake.world.class_id, office_file("roster.csv"))
        with pytest.raises(Unavailable) as caught:
            seal_roster(desk, fake.world.class_id, read.entries)
        assert code_of(caught) == "SERVICE_UNREACHABLE"
        assert [item.state for item in desk.outbox.waiting()] == [ItemState.READY]
    with desk_of(fake, "registrar", tmp_path) as desk:
        sent = seal_roster(desk, fake.world.class_id, read.entries)
        assert sent.earlier and not desk.outbox.waiting()
    assert len({raw for call in fake.sent for raw in call}) == 1
    assert [item.kind for item in fake.world.said].count("roster") == 1


def test_a_sheet_is_matched_by_document_and_name(sealed: FakeService, tmp_path: Path) -> None:
    class_id = sealed.world.class_id
    with desk_of(sealed, "evaluator-1", tmp_path) as desk:
        sheet = lay_sheet(desk, class_id, office_file("sheet-evaluator-1.csv"))
        assert not sheet.errors and not sheet.missing
        sign_sheet(desk, class_id, sheet)
    evidence = sealed.world.evidence()
    marks = open_sheet(evidence.statements[-1], STANDARD.components)
    by_name = {one.name: marks[candidate] for candidate, one in open_roster(the_roster(evidence)).items()}
    assert by_name["崔雅"] == {"theory": 730, "plan": 790, "defence": 740}


def _sheet(rows: list[tuple[str, ...]]) -> bytes:
    return write_table(("姓名", "证件号码", "理论成绩", "创业计划书", "答辩"), rows)


def test_rows_of_strangers_and_other_names_are_named_by_row_and_the_rest_is_taken(
    sealed: FakeService, tmp_path: Path
) -> None:
    data = _sheet(
        [
            ("崔雅", "310104198102180007", "73", "79", "74"),
            ("陌生人", "310104198802290004", "70", "70", "70"),
            ("别名", "310105197509040008", "70", "70", "70"),
            ("贾栋平", "310106196910070002", "81", "", "82"),
        ]
    )
    with desk_of(sealed, "evaluator-1", tmp_path) as desk:
        sheet = lay_sheet(desk, sealed.world.class_id, data)
    assert [(error.row, error.code) for error in sheet.errors] == [
        (3, "ID_NOT_ON_ROSTER"),
        (4, "NAME_DIFFERS"),
        (5, "MARK_EMPTY"),
    ]
    assert [error.column for error in sheet.errors] == ["证件号码", "姓名", "创业计划书"]
    assert len(sheet.marks) == 1
    assert len(sheet.missing) == len(open_roster(the_roster(sealed.world.evidence()))) - 1


def _score(fake: FakeService, folder: Path, *names: str) -> None:
    for number, name in enumerate(names, start=1):
        with desk_of(fake, name, folder) as desk:
            data = office_file(f"sheet-evaluator-{number}.csv")
            sign_sheet(desk, fake.world.class_id, lay_sheet(desk, fake.world.class_id, data))


def test_diverging_marks_stop_the_confirmation_until_a_third_sheet(
    sealed: FakeService, tmp_path: Path
) -> None:
    class_id = sealed.world.class_id
    _score(sealed, tmp_path, "evaluator-1", "evaluator-2")
    with desk_of(sealed, "signatory", tmp_path) as desk:
        review = review_class(desk, class_id)
        with pytest.raises(MalanError) as caught:
            confirm_class(desk, review)
        assert code_of(caught) == "THIRD_MARK_NEEDED"
        (diverging,) = review.outcome.with_reason("THIRD_MARK_NEEDED")
        assert caught.value.where == diverging.hex()
        assert not desk.outbox.items(f"class/{class_id.hex()}")
        trainee = review.trainees[diverging]
    third = _sheet([(trainee.name, trainee.id_number, "60", "60", "60")])
    with desk_of(sealed, "evaluator-3", tmp_path) as desk:
        sign_sheet(desk, class_id, lay_sheet(desk, class_id, third))
    with desk_of(sealed, "signatory", tmp_path) as desk:
        review = review_class(desk, class_id)
        confirm_class(desk, review)
        assert confirm_class(desk, review).earlier
    assert sealed.world.said[-1].kind == "evaluation-confirmed"


def test_somebody_scored_by_one_evaluator_only_stops_the_confirmation(
    sealed: FakeService, tmp_path: Path
) -> None:
    class_id = sealed.world.class_id
    whole = _sheet(
        [("崔雅", "310104198102180007", "73", "79", "74"), ("贾栋平", "310106196910070002", "81", "75", "82")]
    )
    part = _sheet([("崔雅", "310104198102180007", "73", "79", "74")])
    for name, data in (("evaluator-1", whole), ("evaluator-2", part)):
        with desk_of(sealed, name, tmp_path) as desk:
            sign_sheet(desk, class_id, lay_sheet(desk, class_id, data))
    with desk_of(sealed, "signatory", tmp_path) as desk:
        review = review_class(desk, class_id)
        with pytest.raises(MalanError) as caught:
            confirm_class(desk, review)
    assert code_of(caught) == MARKS_MISSING
    assert caught.value.what.startswith("1 candidate")


def _with_sheets() -> World:
    return World.founded().with_standard().with_class().with_results()


def test_evidence_whose_openings_do_not_open_is_refused_and_named(tmp_path: Path) -> None:
    fake = FakeService(_with_sheets())
    honest = fake.world.evidence()

    def swapped() -> Any:
        items = [
            replace(item, openings=item.openings[1:] + item.openings[:1]) if item.openings else item
            for item in honest.statements
        ]
        return replace(honest, statements=tuple(items))

    with desk_of(fake, "signatory", tmp_path) as desk:
        review_class(desk, fake.world.class_id)  # negative control: the honest evidence is taken
        fake.evidence = swapped  # type: ignore[method-assign]
        with pytest.raises(MalanError) as caught:
            review_class(desk, fake.world.class_id)
    assert code_of(caught) == "OPENING_MISMATCH"
    assert fake.world.class_id.hex() in caught.value.where and "entry 0" in caught.value.where


def test_a_sheet_that_no_enrolled_evaluator_signed_is_refused(tmp_path: Path) -> None:
    fake = FakeService(_with_sheets())
    honest = fake.world.evidence()
    liar = fake.world.person("nobody", "body-shenlan")
    fake.world.people["nobody"] = liar

    def forged() -> Any:
        items = []
        for item in honest.statements:
            said = fake.world.said[item.seq]
            if said.kind == "sheet":
                raw = fake.world.sign("sheet", "nobody", said.subject, dict(said.body))
                item = replace(item, statement=raw)
            items.append(item)
        return replace(honest, statements=tuple(items))

    fake.evidence = forged  # type: ignore[method-assign]
    with desk_of(fake, "signatory", tmp_path) as desk, pytest.raises(MalanError) as caught:
        review_class(desk, fake.world.class_id)
    assert code_of(caught) == "KEY_UNKNOWN"


def test_evidence_of_another_class_is_not_taken(tmp_path: Path) -> None:
    fake = FakeService(_with_sheets())
    with desk_of(fake, "signatory", tmp_path) as desk, pytest.raises(MalanError) as caught:
        fetch_evidence(desk, b"\x01" * 16)
    assert code_of(caught) == "EVIDENCE_OTHER"


def test_a_sheet_said_by_the_same_person_twice_is_seen(tmp_path: Path) -> None:
    fake = FakeService(World.founded().with_standard().with_class().with_results())
    honest = fake.world.evidence()
    sheets = [item for item in honest.statements if fake.world.said[item.seq].kind == "sheet"]
    again = fake.world.sign(
        "sheet", "evaluator-1", f"class/{honest.class_id.hex()}", dict(fake.world.said[sheets[1].seq].body)
    )

    def doubled() -> Any:
        items = [
            replace(item, statement=again) if item.seq == sheets[1].seq else item
            for item in honest.statements
        ]
        return replace(honest, statements=tuple(items))

    fake.evidence = doubled  # type: ignore[method-assign]
    with desk_of(fake, "signatory", tmp_path) as desk, pytest.raises(MalanError) as caught:
        review_class(desk, fake.world.class_id)
    assert code_of(caught) == "SHEET_SIGNER_TWICE"
