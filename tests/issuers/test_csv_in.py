"""Tables from offices: every bad row is named, and none harms another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuers.office.csv_in import BYTES_MAX, CELL_MAX, Column, Row, RowError, Table, read_table
from issuers.office.csv_out import escape_cell, write_table
from ledger.errors import Malformed

COLUMNS = (Column("name", "姓名", ("学员姓名",)), Column("place", "地点"))
HEADER = "姓名,地点\r\n"


def read(text: str) -> Table:
    return read_table(text.encode(), COLUMNS)


def cells(table: Table) -> list[tuple[int, str, str]]:
    return [(row.number, row.cells["name"], row.cells["place"]) for row in table.rows]


def codes(table: Table) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.code) for error in table.errors]


def refusal(data: bytes) -> str:
    with pytest.raises(Malformed) as caught:
        read_table(data, COLUMNS)
    return caught.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_every_usual_encoding_and_ending_gives_the_same_rows(encoding: str, ending: str) -> None:
    text = "姓名,地点\r\n𠮷田惠,徐汇\r\n䶮志强,黄浦".replace("\r\n", ending)
    table = read_table(text.encode(encoding), COLUMNS)
    assert cells(table) == [(2, "𠮷田惠", "徐汇"), (3, "䶮志强", "黄浦")]
    assert not table.errors


@pytest.mark.parametrize(
    ("code", "character"), [("fe59", "\u9fb4"), ("fea0", "\u9fbb"), ("fe51", "\U00020087")]
)
def test_ideographs_of_the_newer_gb_18030_do_not_become_private_use(code: str, character: str) -> None:
    data = "姓名,地点\n张{},徐汇".encode("gb18030").replace(b"{}", bytes.fromhex(code))
    assert read_table(data, COLUMNS).rows[0].cells["name"] == f"张{character}"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("姓名,地点".encode("utf-16"), "TABLE_NOT_CSV"),
        (b"PK\x03\x04rest", "TABLE_NOT_CSV"),
        (b"\xd0\xcf\x11\xe0rest", "TABLE_NOT_CSV"),
        (b"", "TABLE_EMPTY"),
        (b"\xef\xbb\xbf", "TABLE_EMPTY"),
        (HEADER.encode() + b"\xff\xff,x\r\n", "TABLE_ENCODING"),
        (b"x" * (BYTES_MAX + 1), "TABLE_TOO_LARGE"),
        (HEADER.encode() + b"a,b\r\n" * 5001, "TABLE_TOO_LONG"),
    ],
)
def test_a_file_that_is_no_table_is_refused_as_a_whole(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_the_longest_table_is_taken() -> None:
    assert len(read_table(HEADER.encode() + b"a,b\r\n" * 5000, COLUMNS).rows) == 5000


def test_a_broken_byte_in_a_file_that_says_utf_8_refuses_its_cell_only() -> None:
    table = read_table("\ufeff姓名,地点\n".encode() + b"\xff,x\n" + "沈明,徐汇\n".encode(), COLUMNS)
    assert codes(table) == [(2, "姓名", "CELL_ENCODING")]
    assert cells(table) == [(3, "沈明", "徐汇")]


def test_headings_are_known_by_title_alias_and_key_in_any_order() -> None:
    for header in ("地点,学员姓名", "place,name", " 地 点 ,*姓名*", "序号,地点,备注,姓名"):
        width = header.count(",") + 1
        row = ["x"] * width
        table = read(f"{header}\n{','.join(row)}\n")
        assert not table.errors, header
        assert cells(table) == [(2, "x", "x")]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("姓名", [(1, "地点", "COLUMN_MISSING")]),
        ("姓名,地点,学员姓名", [(1, "姓名", "COLUMN_DUPLICATE")]),
        ("姓名,地点,电话", [(1, "", "COLUMN_UNKNOWN")]),
        ("姓名,,地点", [(1, "", "COLUMN_UNKNOWN")]),
        ("电话", [(1, "", "COLUMN_UNKNOWN"), (1, "姓名", "COLUMN_MISSING"), (1, "地点", "COLUMN_MISSING")]),
    ],
)
def test_a_wrong_header_gives_all_complaints_and_no_rows(
    header: str, expected: list[tuple[int, str, str]]
) -> None:
    table = read(f"{header}\na,b,c\n")
    assert codes(table) == expected
    assert not table.rows
    assert "电话" not in "".join(map(str, table.errors))


def test_quotes_hold_commas_quotes_and_formulas() -> None:
    table = read(HEADER + '"沈,明","=HYPERLINK(""x"",""点"")"\r\n')
    assert cells(table) == [(2, "沈,明", '=HYPERLINK("x","点")')]


def test_a_line_break_in_quotes_is_one_row_and_is_refused_alone() -> None:
    table = read(HEADER + '"沈\r\n明",徐汇\r\n李轩,黄浦\r\n')
    assert codes(table) == [(2, "姓名", "CELL_CONTROL")]
    assert "2 lines" in table.errors[0].what
    assert cells(table) == [(3, "李轩", "黄浦")]


@pytest.mark.parametrize("bad", ['"沈明,徐汇', '沈"明,徐汇', '"沈"明,徐汇', '沈明,"徐汇" '])
def test_a_stray_quote_costs_its_own_row_only(bad: str) -> None:
    table = read(f'{HEADER}前一,徐汇\r\n{bad}\r\n后一,黄浦\r\n"后二",黄浦\r\n')
    assert codes(table) == [(3, "", "ROW_QUOTES")]
    assert cells(table) == [(2, "前一", "徐汇"), (4, "后一", "黄浦"), (5, "后二", "黄浦")]


def test_two_stray_quotes_far_apart_do_not_swallow_the_people_between() -> None:
    people = "".join(f"甲{number},徐汇\n" for number in range(400))
    table = read(f'{HEADER}"沈明,徐汇\n{people}李轩,徐汇"\n后一,黄浦\n')
    assert codes(table) == [(2, "", "ROW_QUOTES"), (403, "", "ROW_QUOTES")]
    assert len(table.rows) == 401


def test_many_stray_quotes_each_cost_their_own_row() -> None:
    table = read(HEADER + '"x\n' * 4000 + "沈明,徐汇\n")
    assert len(table.errors) == 4000
    assert cells(table) == [(4002, "沈明", "徐汇")]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("沈\0明,徐汇", "姓名", "CELL_NUL"),
        ("沈明,徐\0", "地点", "CELL_NUL"),
        ("沈\x07明,徐汇", "姓名", "CELL_CONTROL"),
        ("沈\r明,徐汇", "姓名", "CELL_CONTROL"),
        ("长" * (CELL_MAX + 1) + ",徐汇", "姓名", "CELL_TOO_LONG"),
        ("沈明", "", "ROW_CELLS"),
        ("沈,明,徐汇", "", "ROW_CELLS"),
        ("," * 200 + "x", "", "ROW_QUOTES"),
    ],
)
def test_a_bad_row_is_named_and_the_rows_around_it_are_taken(row: str, column: str, code: str) -> None:
    table = read(f"{HEADER}前一,徐汇\n{row}\n后一,黄浦\n")
    assert codes(table) == [(3, column, code)]
    assert cells(table) == [(2, "前一", "徐汇"), (4, "后一", "黄浦")]
    assert "明" not in str(table.errors[0])


def test_empty_rows_are_passed_over_and_counted() -> None:
    table = read(f"{HEADER}\r\n,\r\n 沈明\t,徐汇,,\r\n\r\n")
    assert cells(table) == [(4, "沈明", "徐汇")]
    assert not table.errors


def test_a_complaint_reads_as_place_code_and_advice() -> None:
    error = RowError.of(Malformed("X_CODE", "something", where="character 2", fix="Mend it."), 5, "姓名")
    assert str(error) == "row 5, column 姓名: X_CODE: something (character 2). Mend it."


def test_cells_are_not_in_a_repr() -> None:
    assert "沈" not in repr(Row(2, {"name": "沈明"}))


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " =", "\u3000+"]
)
def test_a_cell_that_a_spreadsheet_would_run_is_disarmed(start: str) -> None:
    assert escape_cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("text", ["", "沈明", "1=1", "'x", "310104198802290004", "a@b"])
def test_other_cells_are_left_alone(text: str) -> None:
    assert escape_cell(text) == text


def test_an_exported_table_quotes_what_the_form_asks_for() -> None:
    data = write_table(("姓名", "地点"), [("沈,明", '徐"汇'), ("=1", "x")])
    assert data == '\ufeff姓名,地点\r\n"沈,明","徐""汇"\r\n\'=1,x\r\n'.encode()


PRINTABLE = st.text(
    st.characters(blacklist_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=20
)


@given(st.lists(st.tuples(PRINTABLE, PRINTABLE), max_size=8))
def test_what_is_written_is_read_back(rows: list[tuple[str, str]]) -> None:
    table = read_table(write_table(("姓名", "地点"), rows), COLUMNS)
    assert not table.errors
    assert [(name, place) for _, name, place in cells(table)] == [
        (escape_cell(name), escape_cell(place)) for name, place in rows
    ]


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader_and_good_rows_before_them_survive(noise: bytes) -> None:
    try:
        table = read_table("\ufeff姓名,地点\n沈明,徐汇\n".encode() + noise, COLUMNS)
    except Malformed:
        pytest.fail("a file that says it is UTF-8 is refused by cells, not as a whole")
    assert cells(table)[0] == (2, "沈明", "徐汇")
