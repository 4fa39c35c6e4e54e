"""A score sheet as an evaluator exports it: bytes in, marks out. Pure.

Promises: a row is taken whole or refused with all its reasons, and one candidate has one row. Marks are whole
points or have one decimal and are kept in tenths of a point, so no mark is ever a binary fraction. Row 1 is
the header. Columns: 姓名, 证件号码 and one for each component, headed by its title or key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from issuers.identifiers.identity import untyped_number
from issuers.identifiers.names import Name, check_name, fold_width
from issuers.office.csv_in import CellReader, Column, RowError, read_table
from issuers.office.roster import duplicate_of
from issuers.standard import TENTHS, Component
from ledger.errors import Malformed

_NAME: Final = Column("name", "姓名", ("学员姓名",))
_NUMBER: Final = Column("id_number", "证件号码", ("证件号", "身份证号", "身份证号码"))
_MARK: Final = re.compile(r"(0|[1-9][0-9]{0,3})(?:\.([0-9]))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One candidate's marks in tenths by component key; `number` equals the roster's `id.number`."""

    row: int
    name: Name
    number: str = field(repr=False)
    marks: Mapping[str, int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows taken, in the order of the file, and a complaint for each thing wrong with the others."""

    rows: tuple[SheetRow, ...]
    errors: tuple[RowError, ...]


def read_sheet(data: bytes, *, components: Sequence[Component]) -> Sheet:
    """The marks in a sheet under a standard's components.

    Complaints carry the codes of `csv_in`, `identifiers.names` and `identifiers.identity`, and MARK_EMPTY,
    MARK_FORM, MARK_RANGE, ID_DUPLICATE. Raises Malformed as `read_table` does, about the file as a whole.
    """
    marked = [Column(part.key, part.title, (part.title_en,)) for part in components]
    columns = (_NAME, _NUMBER, *marked)
    table = read_table(data, columns)
    errors = list(table.errors)
    taken: dict[str, SheetRow] = {}
    for row in table.rows:
        reader = CellReader(row, columns)
        entry = _entry(reader, components)
        if entry is not None and (earlier := taken.get(entry.number)) is not None:
            reader.refuse(_NUMBER.key, duplicate_of(earlier.row))
        elif entry is not None:
            taken[entry.number] = entry
        errors += reader.errors
    return Sheet(tuple(taken.values()), tuple(sorted(errors, key=lambda error: error.row)))


def read_mark(text: str, *, max_tenths: int) -> int:
    """A mark in tenths: 85 is 850, 85.5 is 855. Raises Malformed MARK_EMPTY, MARK_FORM, MARK_RANGE."""
    if not text:
        fix = "Leave the row of an absent candidate out of the sheet."
        raise Malformed("MARK_EMPTY", "the mark is empty", fix=fix)
    match = _MARK.fullmatch(fold_width(text))
    if match is None:
        raise Malformed("MARK_FORM", "a mark is a number with at most one decimal")
    tenths = int(match[1]) * TENTHS + int(match[2] or 0)
    if tenths > max_tenths:
        whole, rest = divmod(max_tenths, TENTHS)
        limit = f"{whole}.{rest}" if rest else str(whole)
        raise Malformed("MARK_RANGE", f"a mark of this component is 0 to {limit}")
    return tenths


def _entry(reader: CellReader, components: Sequence[Component]) -> SheetRow | None:
    name = reader.take(_NAME.key, check_name)
    number = reader.take(_NUMBER.key, untyped_number)
    marks = {}
    for part in components:
        mark = reader.take(part.key, partial(read_mark, max_tenths=part.max_tenths))
        if mark is not None:
            marks[part.key] = mark
    if name is None or number is None or len(marks) < len(components):
        return None
    return SheetRow(reader.row.number, name, number, marks)
