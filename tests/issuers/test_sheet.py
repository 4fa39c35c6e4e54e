"""Score sheets: integer tenths, one row a candidate, nothing guessed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuers.office.roster import read_roster
from issuers.office.sheet import Sheet, read_mark, read_sheet
from issuers.standard import DEFAULT_COMPONENTS, DEFAULT_STANDARD, Component, evaluate
from ledger.errors import Malformed
from tests.issuers.office_data import office_file

HEADER = "姓名,证件号码,理论成绩,创业计划书,答辩"


def read(*rows: str, header: str = HEADER) -> Sheet:
    return read_sheet("\n".join([header, *rows]).encode(), components=DEFAULT_COMPONENTS)


def codes(sheet: Sheet) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.code) for error in sheet.errors]


@pytest.mark.parametrize(
    ("text", "tenths"), [("85", 850), ("85.5", 855), ("0", 0), ("0.1", 1), ("100", 1000), ("８５．５", 855)]
)
def test_a_mark_is_kept_in_tenths(text: str, tenths: int) -> None:
    assert read_mark(text, max_tenths=1000) == tenths


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "MARK_EMPTY"),
        ("100.1", "MARK_RANGE"),
        ("101", "MARK_RANGE"),
        ("-1", "MARK_FORM"),
        ("85.55", "MARK_FORM"),
        ("085", "MARK_FORM"),
        ("85.", "MARK_FORM"),
        (".5", "MARK_FORM"),
        ("8e1", "MARK_FORM"),
        ("85,5", "MARK_FORM"),
        ("nan", "MARK_FORM"),
        ("缺考", "MARK_FORM"),
        ("٨٥", "MARK_FORM"),
    ],
)
def test_what_is_no_mark_is_refused(text: str, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_mark(text, max_tenths=1000)
    assert caught.value.code == code


@given(st.integers(0, 1000))
def test_every_tenth_comes_back_exactly(tenths: int) -> None:
    assert read_mark(f"{tenths // 10}.{tenths % 10}", max_tenths=1000) == tenths


def test_a_row_is_read_whole_and_by_title_or_key() -> None:
    for header in (
        HEADER,
        "name,id_number,theory,plan,defence",
        "姓名,身份证号,Theory,Business plan,Defence",
    ):
        sheet = read("于晓桂,310109197009190005,73,75.5,77", header=header)
        assert not sheet.errors
        assert sheet.rows[0].number == "310109197009190005"
        assert sheet.rows[0].marks == {"theory": 730, "plan": 755, "defence": 770}


def test_bad_cells_are_named_and_the_next_row_is_taken() -> None:
    sheet = read(",310109197009190006,x,101,", "李轩,340104200103010005,72,68,68")
    assert codes(sheet) == [
        (2, "姓名", "NAME_EMPTY"),
        (2, "证件号码", "ID_CHECK_DIGIT"),
        (2, "理论成绩", "MARK_FORM"),
        (2, "创业计划书", "MARK_RANGE"),
        (2, "答辩", "MARK_EMPTY"),
    ]
    assert [row.row for row in sheet.rows] == [3]


def test_a_candidate_has_one_row() -> None:
    sheet = read("李轩,340104200103010005,72,68,68", "李轩,３40104200103010005,90,90,90")
    assert codes(sheet) == [(3, "证件号码", "ID_DUPLICATE")]
    assert sheet.rows[0].marks["theory"] == 720


def test_a_sheet_without_a_component_or_with_a_foreign_one_is_not_read() -> None:
    assert codes(read("李轩,340104200103010005,72,68", header="姓名,证件号码,理论成绩,创业计划书")) == [
        (1, "答辩", "COLUMN_MISSING")
    ]
    assert codes(read(header=f"{HEADER},总分")) == [(1, "", "COLUMN_UNKNOWN")]


def test_the_limit_is_that_of_the_component() -> None:
    small = (Component("viva", "口试", "Viva", 1000, 255, 100),)
    sheet = read_sheet(
        "姓名,证件号码,口试\n李轩,E00000001,25.5\n张,E00000002,25.6".encode(), components=small
    )
    assert sheet.rows[0].marks == {"viva": 255}
    assert "25.5" in sheet.errors[0].what


def test_marks_and_numbers_are_not_in_a_repr() -> None:
    shown = repr(read("李轩,340104200103010005,72.5,68,68"))
    assert "李" not in shown
    assert "340104" not in shown
    assert "725" not in shown


def test_the_sample_class_is_evaluated_with_its_one_diverging_candidate() -> None:
    """The sixth candidate (row 7 with the header) has 75 and 33 for the plan: 42 apart, more than 30."""
    roster = read_roster(office_file("roster.csv"), today=date(2026, 11, 23), hours=DEFAULT_STANDARD.hours)
    sheets = {
        staff: {row.number: row.marks for row in sheet.rows}
        for staff in (1, 2)
        for sheet in [read_sheet(office_file(f"sheet-evaluator-{staff}.csv"), components=DEFAULT_COMPONENTS)]
        if not sheet.errors
    }
    attended = {entry.id.number: entry.attended for entry in roster.entries}
    results = evaluate(DEFAULT_STANDARD, sheets, attended)
    rows = {entry.row: results[entry.id.number] for entry in roster.entries}
    assert {row: result.reasons for row, result in rows.items() if not result.passed} == {
        7: ("THIRD_MARK_NEEDED",),
        8: ("COMPONENT_BELOW_PASS",),
        15: ("ATTENDANCE_SHORT",),
        16: ("ATTENDANCE_SHORT",),
        17: ("ATTENDANCE_SHORT",),
        21: ("ATTENDANCE_SHORT",),
    }
    assert rows[7].averages == {"theory": 710, "plan": None, "defence": 750}
    assert rows[7].total_tenths is None
    assert (rows[2].averages["theory"], rows[2].total_tenths) == (815, 829)
    third = {roster.entries[5].id.number: {"theory": 720, "plan": 690, "defence": 740}}
    settled = evaluate(DEFAULT_STANDARD, {**sheets, 3: third}, attended)[roster.entries[5].id.number]
    assert (settled.passed, settled.averages["plan"]) == (False, 590)
    assert settled.reasons == ("COMPONENT_BELOW_PASS",)
    kinder = {roster.entries[5].id.number: {"theory": 720, "plan": 750, "defence": 740}}
    passed = evaluate(DEFAULT_STANDARD, {**sheets, 3: kinder}, attended)[roster.entries[5].id.number]
    assert (passed.passed, passed.averages["plan"]) == (True, 610)
