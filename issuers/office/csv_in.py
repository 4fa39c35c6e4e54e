"""Tables as offices export them: bytes in, checked rows out, every refusal named by row and column. Pure.

Promises: a bad row never stops, shifts or swallows the rows around it; no refusal repeats what a cell held;
nothing is guessed about a column. Knows no people and no marks: `roster` and `sheet` do.

The form is RFC 4180 (comma, double quotes, CRLF or LF) in UTF-8 with or without BOM or in GB 18030. Rows are
numbered as a spreadsheet shows them: the header is row 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from issuers.identifiers.names import fold_width
from ledger.errors import MalanError, Malformed

T = TypeVar("T")

BYTES_MAX: Final = 8 * 1024 * 1024
ROWS_MAX: Final = 5_000
CELL_MAX: Final = 1_000
_CELLS_MAX: Final = 100

_SAVE_AS: Final = "Save it as “CSV UTF-8 (comma delimited)”."
_UTF8_BOM: Final = b"\xef\xbb\xbf"
_FOREIGN_STARTS: Final = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\x03\x04": "a spreadsheet workbook",
    b"\xd0\xcf\x11\xe0": "a spreadsheet workbook of the old kind",
}

# Ideographs that GB 18030-2000, the version Python knows, put into the private-use area; the standards of
# 2005 and 2022 give them these places. They occur in names.
_GB18030_2022: Final = {
    0xE81E: 0x9FB4,
    0xE826: 0x9FB5,
    0xE82B: 0x9FB6,
    0xE82C: 0x9FB7,
    0xE832: 0x9FB8,
    0xE843: 0x9FB9,
    0xE854: 0x9FBA,
    0xE864: 0x9FBB,
    0xE816: 0x20087,
    0xE817: 0x20089,
    0xE818: 0x200CC,
    0xE831: 0x215D7,
    0xE83B: 0x2298F,
    0xE855: 0x241FE,
}

_IGNORED: Final = frozenset({"序号", "备注", "no", "no.", "remark", "remarks"})
_OUTER: Final = " \t\u3000\u00a0"
_PLAIN_CELL: Final = re.compile(r'[^,"\n]*')
_CLOSING_QUOTE: Final = re.compile(r'"(?!")')


@dataclass(frozen=True, slots=True)
class RowError:
    """One refusal or warning. `column` is our own title of the column, or empty for the whole row."""

    row: int
    column: str
    code: str
    what: str
    fix: str = ""

    @classmethod
    def of(cls, error: MalanError, row: int, column: str) -> RowError:
        """The same complaint, placed."""
        what = f"{error.what} ({error.where})" if error.where else error.what
        return cls(row, column, error.code, what, error.fix)

    def __str__(self) -> str:
        place = f"row {self.row}" + (f", column {self.column}" if self.column else "")
        return f"{place}: {self.code}: {self.what}." + (f" {self.fix}" if self.fix else "")


@dataclass(frozen=True, slots=True)
class Column:
    """A column a table must have: our key for it, its title, and other titles offices give it."""

    key: str
    title: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the right shape; `cells` by column key, outer spaces dropped. The cells are not in `repr`."""

    number: int
    cells: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Table:
    """All rows that can be read, and a complaint for each one that cannot."""

    rows: tuple[Row, ...]
    errors: tuple[RowError, ...]


class CellReader:
    """Reads the cells of one row with one function each, and keeps the complaints of all of them."""

    def __init__(self, row: Row, columns: Sequence[Column]) -> None:
        self.row = row
        self.errors: list[RowError] = []
        self._titles = {column.key: column.title for column in columns}

    def take(self, key: str, read: Callable[[str], T]) -> T | None:
        """What `read` makes of the cell; None, and a complaint, where it raises."""
        try:
            return read(self.row.cells[key])
        except MalanError as error:
            self.refuse(key, error)
            return None

    def refuse(self, key: str, error: MalanError) -> None:
        """Adds a complaint about a cell."""
        self.errors.append(RowError.of(error, self.row.number, self._titles[key]))


def read_table(data: bytes, columns: Sequence[Column], *, rows_max: int = ROWS_MAX) -> Table:
    """The rows of a table that must have exactly `columns`, in any order.

    Columns headed 序号 or 备注 are passed over, rows without any text too. A header that lacks, repeats or
    adds a column gives complaints at row 1 and no rows.
    Codes of complaints: COLUMN_MISSING, COLUMN_DUPLICATE, COLUMN_UNKNOWN; ROW_QUOTES, ROW_CELLS; CELL_NUL,
    CELL_CONTROL, CELL_ENCODING, CELL_TOO_LONG.
    Raises Malformed about the file as a whole: TABLE_TOO_LARGE, TABLE_TOO_LONG, TABLE_NOT_CSV,
    TABLE_ENCODING, TABLE_EMPTY.
    """
    records = _records(_decode(data))
    header = next(records, None)
    if header is None:
        raise Malformed("TABLE_EMPTY", "the table has no rows at all")
    titles = _without_empty_end(header[1] or [])
    places, errors = _header(titles, columns)
    if errors:
        return Table((), tuple(errors))
    rows: list[Row] = []
    for number, cells in records:
        if number > rows_max + 1:
            raise Malformed("TABLE_TOO_LONG", f"more than {rows_max} rows", fix="Split the table.")
        if cells is None:
            what = "quotation marks are not closed, stand inside a cell, or enclose too much"
            errors.append(RowError(number, "", "ROW_QUOTES", what, _SAVE_AS))
        elif any(cells):
            complaint = _shape(number, cells, len(titles)) or _contents(number, cells, places)
            if complaint is not None:
                errors.append(complaint)
            else:
                rows.append(Row(number, {column.key: cells[place] for place, column in places.items()}))
    return Table(tuple(rows), tuple(errors))


def _decode(data: bytes) -> str:
    if len(data) > BYTES_MAX:
        raise Malformed("TABLE_TOO_LARGE", f"the file is larger than {BYTES_MAX // 2**20} MiB")
    for start, what in _FOREIGN_STARTS.items():
        if data.startswith(start):
            raise Malformed("TABLE_NOT_CSV", f"the file is {what}, not CSV", fix=_SAVE_AS)
    if data.startswith(_UTF8_BOM):
        # The file says what it is, so a broken byte is the fault of one cell, not of the file.
        return data[len(_UTF8_BOM) :].decode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        raise Malformed(
            "TABLE_ENCODING", "the file is neither UTF-8 nor GB 18030", where=f"line {line}", fix=_SAVE_AS
        ) from None
    return text.removeprefix("\ufeff").translate(_GB18030_2022)


def _records(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """Row number and cells, None for a row whose quotes are wrong.

    After such a row reading goes on at the next line, not after the next quotation mark somewhere below: one
    stray mark must not swallow the people that follow.
    """
    position, number = 0, 0
    while position < len(text):
        number += 1
        cells, end = _record(text, position)
        if cells is None:
            newline = text.find("\n", position)
            end = len(text) if newline < 0 else newline + 1
        yield number, cells
        position = end


def _record(text: str, position: int) -> tuple[list[str] | None, int]:
    cells: list[str] = []
    while len(cells) < _CELLS_MAX:
        cell, position = _cell(text, position)
        if cell is None:
            return None, position
        cells.append(cell.strip(_OUTER))
        if text.startswith(",", position):
            position += 1
            continue
        for ending in ("\r\n", "\n"):
            if text.startswith(ending, position):
                return cells, position + len(ending)
        return (cells, position) if position == len(text) else (None, position)
    return None, position


def _cell(text: str, position: int) -> tuple[str | None, int]:
    if not text.startswith('"', position):
        match = _PLAIN_CELL.match(text, position)
        assert match is not None  # the pattern matches the empty text
        cell, end = match.group(), match.end()
        if cell.endswith("\r") and text.startswith("\n", end):
            return cell[:-1], end - 1
        return cell, end
    start = scan = position + 1
    limit = start + 2 * CELL_MAX + 2
    while (quote := text.find('"', scan, limit)) >= 0:
        if _CLOSING_QUOTE.match(text, quote):
            return text[start:quote].replace('""', '"'), quote + 1
        scan = quote + 2
    return None, position


def _header(cells: list[str], columns: Sequence[Column]) -> tuple[dict[int, Column], list[RowError]]:
    by_title = {_title(title): column for column in columns for title in (column.title, *column.aliases)}
    by_title |= {_title(column.key): column for column in columns}
    places: dict[int, Column] = {}
    errors = []
    for place, cell in enumerate(cells):
        title = _title(cell)
        column = by_title.get(title)
        if column is None and title not in _IGNORED:
            what = f"the heading of column {place + 1} is not known"
            fix = "Remove the column or correct its heading."
            errors.append(RowError(1, "", "COLUMN_UNKNOWN", what, fix))
        elif column is not None and column in places.values():
            errors.append(RowError(1, column.title, "COLUMN_DUPLICATE", "two columns have this heading"))
        elif column is not None:
            places[place] = column
    for column in columns:
        if column not in places.values():
            fix = "Add it; columns are separated by commas."
            errors.append(RowError(1, column.title, "COLUMN_MISSING", "the table lacks this column", fix))
    return places, errors


def _without_empty_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def _title(text: str) -> str:
    return re.sub(r"[\s_*]", "", fold_width(text)).casefold()


def _shape(number: int, cells: list[str], width: int) -> RowError | None:
    """A row may be longer than the header only by empty cells: a stray comma shifts every cell after it."""
    if len(cells) < width:
        what = f"the row has fewer than {width} cells"
    elif any(cells[width:]):
        what = f"the row has more than {width} cells"
    else:
        return None
    return RowError(number, "", "ROW_CELLS", what, "Put a cell that holds a comma in quotation marks.")


def _contents(number: int, cells: list[str], places: Mapping[int, Column]) -> RowError | None:
    for place, column in places.items():
        cell = cells[place]
        code, what = "", ""
        if "\0" in cell:
            code, what = "CELL_NUL", "the cell holds a NUL character"
        elif any("\ud800" <= character <= "\udfff" for character in cell):
            code, what = "CELL_ENCODING", "the cell holds bytes that are no text"
        elif "\n" in cell:
            lines = cell.count("\n") + 1
            code, what = "CELL_CONTROL", f"line breaks, or a stray quotation mark, join {lines} lines"
        elif any(character < " " or character == "\x7f" for character in cell):
            code, what = "CELL_CONTROL", "the cell holds a tab or other control character"
        elif len(cell) > CELL_MAX:
            code, what = "CELL_TOO_LONG", f"the cell is longer than {CELL_MAX} characters"
        if code:
            return RowError(number, column.title, code, what, "Type the cell anew.")
    return None
