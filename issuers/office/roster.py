"""The roster of a class as an institution exports it: bytes in, trainees out. Pure.

Promises: every row is either taken whole or refused with all its reasons, and one person is taken once. What
the register says about an organisation is not known here, so doubts about it only warn. Row 1 is the header.

Columns: 姓名, 证件类型, 证件号码, 所在企业, 统一社会信用代码, 身份, 企业成立日期, 出勤课时.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Final

from issuers.identifiers.codes import Uscc, check_uscc
from issuers.identifiers.identity import IdNumber, normalise, parse_id_type
from issuers.identifiers.names import Name, check_name, check_text, fold_width
from issuers.identifiers.organisations import OrganisationRole, parse_organisation_role
from issuers.office.csv_in import CellReader, Column, RowError, read_table
from ledger.errors import Malformed

ORGANISATION_MAX: Final = 100

COLUMNS: Final = (
    Column("name", "姓名", ("学员姓名",)),
    Column("id_type", "证件类型", ("证件种类",)),
    Column("id_number", "证件号码", ("证件号", "身份证号", "身份证号码")),
    Column("organisation", "所在企业", ("企业名称", "单位名称", "所在单位", "创业组织")),
    Column("uscc", "统一社会信用代码", ("信用代码", "社会信用代码")),
    Column("role", "身份", ("在企业中的身份", "职务")),
    Column("founded_on", "企业成立日期", ("成立日期", "注册日期")),
    Column("attended", "出勤课时", ("出勤学时", "attended hours", "hours")),
)
"""The columns of a roster; keys are the committed fields of the act `roster`."""

_DATE: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日)"
)

_WARNINGS: Final = {
    "USCC_CHECK": ("the check character is wrong; genuine codes of the first pilots fail too", "uscc"),
    "USCC_OLD_NUMBER": ("this is a registration number of the old kind", "uscc"),
    "FOUNDED_FUTURE": ("the organisation is founded after today", "founded_on"),
}
_CONFIRM: Final = "Confirm it in the register."


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """One trainee. `row` as in the file; `attended` lesson hours; personal fields are not in `repr`."""

    row: int
    name: Name
    id: IdNumber
    organisation: str = field(repr=False)
    uscc: Uscc = field(repr=False)
    role: OrganisationRole
    founded_on: date
    attended: int


@dataclass(frozen=True, slots=True)
class Roster:
    """The trainees taken, in the order of the file; refused rows; doubts about rows that were taken."""

    entries: tuple[RosterEntry, ...]
    errors: tuple[RowError, ...]
    warnings: tuple[RowError, ...]


def read_roster(data: bytes, *, today: date, hours: int) -> Roster:
    """The trainees in a roster; `today` is the Shanghai date, `hours` the lesson hours of the class.

    Complaints carry the codes of `csv_in`, `identifiers.names` and `identifiers.identity`, and ROLE_UNKNOWN,
    USCC_FORM, DATE_FORM, HOURS_FORM, HOURS_RANGE, ID_DUPLICATE; warnings USCC_CHECK, USCC_OLD_NUMBER,
    FOUNDED_FUTURE. Raises Malformed as `read_table` does, about the file as a whole.
    """
    table = read_table(data, COLUMNS)
    errors = list(table.errors)
    warnings: list[RowError] = []
    taken: dict[IdNumber, RosterEntry] = {}
    for row in table.rows:
        reader = CellReader(row, COLUMNS)
        entry = _entry(reader, today=today, hours=hours)
        if entry is not None and (earlier := taken.get(entry.id)) is not None:
            reader.refuse("id_number", duplicate_of(earlier.row))
        elif entry is not None:
            taken[entry.id] = entry
            warnings += _warnings(entry, today)
        errors += reader.errors
    return Roster(tuple(taken.values()), tuple(sorted(errors, key=_row_of)), tuple(warnings))


def read_date(text: str) -> date:
    """A day as 2025-03-04, 2025/3/4 or 2025年3月4日: year first, so it can mean one day only.

    Raises Malformed DATE_FORM.
    """
    match = _DATE.fullmatch(fold_width(text))
    if match is not None:
        year, month, day = (int(part) for part in match.groups() if part is not None)
        try:
            return date(year, month, day)
        except ValueError:
            pass
    raise Malformed("DATE_FORM", "not a day of the calendar", fix="Write it as 2025-03-04.")


def _entry(reader: CellReader, *, today: date, hours: int) -> RosterEntry | None:
    name = reader.take("name", check_name)
    id_type = reader.take("id_type", parse_id_type)
    number = None
    if id_type is not None:
        number = reader.take("id_number", partial(normalise, id_type, today=today))
    organisation = reader.take("organisation", lambda text: check_text(text, ORGANISATION_MAX))
    uscc = reader.take("uscc", check_uscc)
    role = reader.take("role", parse_organisation_role)
    founded_on = reader.take("founded_on", read_date)
    attended = reader.take("attended", partial(_read_hours, most=hours))
    if (
        name is None
        or number is None
        or organisation is None
        or uscc is None
        or role is None
        or founded_on is None
        or attended is None
    ):
        return None
    return RosterEntry(
        row=reader.row.number,
        name=name,
        id=number,
        organisation=organisation,
        uscc=uscc,
        role=role,
        founded_on=founded_on,
        attended=attended,
    )


def _read_hours(text: str, *, most: int) -> int:
    folded = fold_width(text)
    if not re.fullmatch(r"0|[1-9][0-9]{0,5}", folded, re.ASCII):
        raise Malformed("HOURS_FORM", "not a whole number of lesson hours")
    if int(folded) > most:
        raise Malformed("HOURS_RANGE", f"more lesson hours than the class has ({most})")
    return int(folded)


def _warnings(entry: RosterEntry, today: date) -> list[RowError]:
    codes = [entry.uscc.warning] if entry.uscc.warning else []
    if entry.founded_on > today:
        codes.append("FOUNDED_FUTURE")
    titles = {column.key: column.title for column in COLUMNS}
    found = []
    for code in codes:
        what, key = _WARNINGS[code]
        found.append(RowError(entry.row, titles[key], code, what, _CONFIRM))
    return found


def duplicate_of(earlier_row: int) -> Malformed:
    """The complaint about a document that an earlier row has."""
    return Malformed(
        "ID_DUPLICATE", f"row {earlier_row} has the same document", fix="Keep one row for each person."
    )


def _row_of(error: RowError) -> int:
    return error.row
