"""The roster: every row of the messy sample fares as its README says."""

from __future__ import annotations

from datetime import date

import pytest

from issuers.identifiers.identity import IdType
from issuers.identifiers.organisations import ROLE_LABELS, OrganisationRole, parse_organisation_role
from issuers.office.csv_out import escape_cell
from issuers.office.roster import Roster, read_date, read_roster
from ledger.errors import Malformed
from tests.issuers.office_data import office_file

TODAY = date(2026, 11, 23)
HEADER = "姓名,证件类型,证件号码,所在企业,统一社会信用代码,身份,企业成立日期,出勤课时"
GOOD = ["沈明", "居民身份证", "310104198802290004", "申城青禾信息科技有限公司"]
GOOD += ["91310101BJ1XG6128A", "负责人", "2025-03-04", "40"]
NAME, ID_TYPE, NUMBER, ORGANISATION, USCC, ROLE, FOUNDED, HOURS = range(8)


def read(*rows: list[str]) -> Roster:
    return read_roster("\n".join([HEADER, *map(",".join, rows)]).encode(), today=TODAY, hours=40)


def changed(*changes: tuple[int, str]) -> list[str]:
    row = list(GOOD)
    for place, value in changes:
        row[place] = value
    return row


def codes(roster: Roster) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.code) for error in roster.errors]


MESSY_REFUSED = {
    3: ("证件号码", "ID_CHECK_DIGIT"),
    4: ("证件号码", "ID_BIRTH_IMPOSSIBLE"),
    7: ("证件号码", "ID_DUPLICATE"),
    9: ("姓名", "NAME_HIDDEN"),
    11: ("姓名", "NAME_EMPTY"),
    12: ("姓名", "NAME_TOO_LONG"),
    15: ("证件号码", "ID_BIRTH_FUTURE"),
    16: ("姓名", "NAME_PRIVATE_USE"),
    17: ("出勤课时", "HOURS_RANGE"),
    18: ("姓名", "CELL_NUL"),
}


def test_every_row_of_the_messy_roster_fares_as_written() -> None:
    roster = read_roster(office_file("roster-messy.csv"), today=TODAY, hours=40)
    assert {error.row: (error.column, error.code) for error in roster.errors} == MESSY_REFUSED
    assert len(roster.errors) == len(MESSY_REFUSED)
    assert [entry.row for entry in roster.entries] == [2, 5, 6, 8, 10, 13, 14, 19]
    entries = {entry.row: entry for entry in roster.entries}
    assert entries[5].id.number == "31010419850119000X"
    assert entries[6].id.number == "31010519790707000X"
    assert entries[6].name.shown == "全角数"
    assert entries[8].organisation == '=HYPERLINK("http://x.example","点我")'
    assert escape_cell(entries[8].organisation).startswith("'=")
    assert (entries[10].name.shown, entries[10].name.folded) == ("阿依古丽•买买提", "阿依古丽·买买提")
    assert entries[13].id.number[:17] == "31011319650304000"
    assert [(warning.row, warning.code) for warning in roster.warnings] == [(14, "USCC_CHECK")]
    limit = next(error for error in roster.errors if error.row == 12)
    assert "50" in limit.what


def test_no_complaint_repeats_a_value() -> None:
    data = office_file("roster-messy.csv")
    values = {cell for line in data.decode("utf-8-sig").split("\r\n")[1:] for cell in line.split(",") if cell}
    roster = read_roster(data, today=TODAY, hours=40)
    said = "\n".join(map(str, [*roster.errors, *roster.warnings]))
    assert not [value for value in values if len(value) > 3 and value in said]


def test_both_encodings_of_the_clean_roster_give_the_same_thirty_people() -> None:
    roster = read_roster(office_file("roster.csv"), today=TODAY, hours=40)
    assert roster == read_roster(office_file("roster.gb18030.csv"), today=TODAY, hours=40)
    assert len(roster.entries) == 30
    assert not roster.errors
    assert not roster.warnings


def test_a_clean_row_is_read_whole() -> None:
    entry = read(GOOD).entries[0]
    assert (entry.row, entry.name.shown, entry.id.type) == (2, "沈明", IdType.RESIDENT_ID)
    assert (entry.role, entry.founded_on) == (OrganisationRole.PERSON_IN_CHARGE, date(2025, 3, 4))
    assert (entry.attended, entry.uscc.code) == (40, "91310101BJ1XG6128A")


@pytest.mark.parametrize(
    ("place", "value", "column", "code"),
    [
        (ID_TYPE, "驾驶证", "证件类型", "ID_TYPE"),
        (NUMBER, "", "证件号码", "ID_EMPTY"),
        (ORGANISATION, "", "所在企业", "TEXT_EMPTY"),
        (ORGANISATION, "司" * 101, "所在企业", "TEXT_TOO_LONG"),
        (ORGANISATION, "申城\u202e有限公司", "所在企业", "TEXT_HIDDEN"),
        (USCC, "91310101", "统一社会信用代码", "USCC_FORM"),
        (ROLE, "员工", "身份", "ROLE_UNKNOWN"),
        (FOUNDED, "2025-02-29", "企业成立日期", "DATE_FORM"),
        (FOUNDED, "04/03/2025", "企业成立日期", "DATE_FORM"),
        (HOURS, "41", "出勤课时", "HOURS_RANGE"),
        (HOURS, "-1", "出勤课时", "HOURS_FORM"),
        (HOURS, "040", "出勤课时", "HOURS_FORM"),
        (HOURS, "4e1", "出勤课时", "HOURS_FORM"),
        (HOURS, "38.5", "出勤课时", "HOURS_FORM"),
        (HOURS, "٤٠", "出勤课时", "HOURS_FORM"),
        (HOURS, "", "出勤课时", "HOURS_FORM"),
    ],
)
def test_a_bad_cell_is_named_and_the_next_row_is_taken(
    place: int, value: str, column: str, code: str
) -> None:
    roster = read(changed((place, value)), changed((NUMBER, "310105197509040008")))
    assert codes(roster) == [(2, column, code)]
    assert [entry.row for entry in roster.entries] == [3]


def test_all_bad_cells_of_a_row_are_named_at_once() -> None:
    roster = read(changed((NAME, ""), (ROLE, "员工"), (HOURS, "x")))
    assert [code for _, _, code in codes(roster)] == ["NAME_EMPTY", "ROLE_UNKNOWN", "HOURS_FORM"]


def test_one_person_under_two_spellings_is_taken_once() -> None:
    fifteen = changed((NUMBER, "310113650304000"))
    eighteen = changed((NAME, "别名"), (NUMBER, read(fifteen).entries[0].id.number))
    roster = read(fifteen, eighteen)
    assert codes(roster) == [(3, "证件号码", "ID_DUPLICATE")]
    assert "row 2" in roster.errors[0].what


def test_a_refused_row_does_not_block_its_corrected_copy() -> None:
    roster = read(changed((HOURS, "99")), GOOD)
    assert codes(roster) == [(2, "出勤课时", "HOURS_RANGE")]
    assert [entry.row for entry in roster.entries] == [3]


def test_the_limits_of_attendance_are_taken() -> None:
    roster = read(changed((HOURS, "0")), changed((NUMBER, "310105197509040008"), (HOURS, "４０")))
    assert [entry.attended for entry in roster.entries] == [0, 40]


def test_doubts_about_an_organisation_warn_and_do_not_refuse() -> None:
    roster = read(changed((USCC, "310101600000001"), (FOUNDED, "2027-01-01")))
    assert len(roster.entries) == 1
    assert [(warning.column, warning.code) for warning in roster.warnings] == [
        ("统一社会信用代码", "USCC_OLD_NUMBER"),
        ("企业成立日期", "FOUNDED_FUTURE"),
    ]


@pytest.mark.parametrize(
    "text", ["2025-03-04", "2025/3/4", "2025年3月4日", "２０２５／０３／０４", "2025-3-4"]
)
def test_a_day_is_read_in_the_ways_offices_write_it(text: str) -> None:
    assert read_date(text) == date(2025, 3, 4)


@pytest.mark.parametrize("text", ["", "2025-03", "2025-03/04", "25-3-4", "0000-01-01", "45720", "2025-13-01"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="DATE_FORM"):
        read_date(text)


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("法定代表人", OrganisationRole.LEGAL_REPRESENTATIVE),
        ("法定代表人（负责人）", OrganisationRole.LEGAL_REPRESENTATIVE),
        ("经营者", OrganisationRole.PERSON_IN_CHARGE),
        ("投资人", OrganisationRole.PERSON_IN_CHARGE),
        ("执行事务合伙人", OrganisationRole.PERSON_IN_CHARGE),
        ("股东", OrganisationRole.PARTNER),
        *((label, role) for role, label in ROLE_LABELS.items()),
    ],
)
def test_the_words_of_other_kinds_of_organisation_mean_a_role_of_the_notice(
    word: str, role: OrganisationRole
) -> None:
    assert parse_organisation_role(word) is role


def test_personal_data_is_not_in_a_repr() -> None:
    shown = repr(read(GOOD))
    assert not [cell for cell in GOOD[:5] if cell in shown and cell != "居民身份证"]
