"""Identity documents: which there are, how a number is written, and whether it can exist at all. Pure.

Promises: one document has one normal form, so that two spellings cannot pass for two people; a number whose
check digit or birth date is impossible is refused. A passing number does not prove a person, and no rule here
looks at county codes: abolished ones stay on genuine cards for life.

Sources: GB 11643-1999 (18 digits, MOD 11-2, birth date); 港澳台居民居住证申领发放办法 (81, 82, 83); the 2023
machine-reading rules of the foreign permanent resident card (18 digits, first digit 9) and its older form of
three letters and twelve digits (ICAO 9303 check digit, weights 7-3-1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from stdnum.cn import ric
from stdnum.exceptions import InvalidComponent

from issuers.identifiers.names import fold_width
from ledger.errors import Malformed


class IdType(StrEnum):
    """The kinds of identity document."""

    RESIDENT_ID = "resident_id"
    HMT_RESIDENCE = "hmt_residence"
    FOREIGN_PERMANENT = "foreign_permanent"
    HMT_PASS = "hmt_pass"  # noqa: S105  # a travel permit, no password
    TAIWAN_PASS = "taiwan_pass"  # noqa: S105
    PASSPORT = "passport"


ID_LABELS: Final[Mapping[IdType, str]] = {
    IdType.RESIDENT_ID: "居民身份证",
    IdType.HMT_RESIDENCE: "港澳台居民居住证",
    IdType.FOREIGN_PERMANENT: "外国人永久居留身份证",
    IdType.HMT_PASS: "港澳居民来往内地通行证",
    IdType.TAIWAN_PASS: "台湾居民来往大陆通行证",
    IdType.PASSPORT: "护照",
}
"""The label a form shows for each kind."""

_ALIASES: Final[Mapping[str, IdType]] = {
    **{label: kind for kind, label in ID_LABELS.items()},
    **{kind.value: kind for kind in IdType},
    "身份证": IdType.RESIDENT_ID,
    "中华人民共和国居民身份证": IdType.RESIDENT_ID,
    "港澳居民居住证": IdType.HMT_RESIDENCE,
    "台湾居民居住证": IdType.HMT_RESIDENCE,
    "外国人永久居留证": IdType.FOREIGN_PERMANENT,
    "通行证": IdType.HMT_PASS,
    "回乡证": IdType.HMT_PASS,
    "台胞证": IdType.TAIWAN_PASS,
}

# Cards were first issued in 1984; nobody born before this year ever held one.
_BIRTH_YEAR_MIN: Final = 1850
_TEXT_MAX: Final = 64
_SPACES: Final = re.compile(r"[\s\u00a0\u2000-\u200a\u202f]")
_EIGHTEEN: Final = re.compile(r"[0-9]{17}[0-9X]")
_FIFTEEN: Final = re.compile(r"[1-8][0-9]{14}")
_HMT_PREFIXES: Final = ("810000", "820000", "830000")
# The last two digits of the long form count the issues of one permit: the holder keeps the other eight.
_HMT_PASS: Final = re.compile(r"([HM][0-9]{8})(?:[0-9]{2})?")
_HMT_PASS_LONG: Final = re.compile(r"[HM][0-9]{10}")


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A document in normal form: ASCII, upper case, no spaces. The number is kept out of `repr`."""

    type: IdType
    number: str = field(repr=False)


def parse_id_type(text: str) -> IdType:
    """The kind named by a Chinese label or by the word of the enum. Raises Malformed ID_TYPE."""
    kind = _ALIASES.get(_SPACES.sub("", text))
    if kind is None:
        raise Malformed(
            "ID_TYPE", "not a known kind of document", fix=f"One of: {', '.join(ID_LABELS.values())}."
        )
    return kind


def normalise(id_type: IdType, text: str, *, today: date) -> IdNumber:
    """The number of a document in normal form.

    Full-width characters become ASCII, spaces go, letters become upper case; a resident number of 15 digits
    becomes the 18 digits its holder was given in 1999, a travel permit of H or M and 10 digits loses the two
    that count its issues. `today` is the Shanghai date.
    Raises Malformed ID_EMPTY, ID_FORM, ID_TYPE_MISMATCH (the number of another kind of document),
    ID_CHECK_DIGIT, ID_BIRTH_IMPOSSIBLE, ID_BIRTH_FUTURE.
    """
    return IdNumber(id_type, _RULES[id_type](_folded(text), today))


def untyped_number(text: str) -> str:
    """The normal form of a number whose kind is not told, as in a score sheet; equals `IdNumber.number`.

    Raises Malformed ID_EMPTY, ID_FORM, ID_CHECK_DIGIT.
    """
    number = _folded(text)
    if _FIFTEEN.fullmatch(number):
        return _eighteen_of(number)
    if _HMT_PASS_LONG.fullmatch(number):
        return number[:9]
    if not re.fullmatch(r"[A-Z0-9]{5,20}", number):
        raise _form("5 to 20 letters and digits")
    if _EIGHTEEN.fullmatch(number):
        _need_check_digit(number)
    return number


def last_four(number: IdNumber) -> str:
    """The last four characters, the only part of a number that is ever shown or printed."""
    return number.number[-4:]


def birth_date(number: IdNumber) -> date | None:
    """The birth date inside the number; None where it has none or, on old foreign cards, no century."""
    return _birth_of(number.number) if _EIGHTEEN.fullmatch(number.number) else None


def _folded(text: str) -> str:
    if len(text) > _TEXT_MAX:
        raise _form(f"at most {_TEXT_MAX} characters")
    folded = _SPACES.sub("", fold_width(text))
    if not folded:
        raise Malformed("ID_EMPTY", "the document number is empty")
    if not folded.isascii():  # before upper(), which would turn a dotless i or a long s into ASCII
        raise _form("only letters and digits")
    return folded.upper()


def _resident(number: str, today: date) -> str:
    if _FIFTEEN.fullmatch(number):
        number = _eighteen_of(number)
    if not _EIGHTEEN.fullmatch(number):
        raise _form("18 digits, the last may be X; old ones 15 digits")
    if number.startswith(_HMT_PREFIXES):
        raise _mismatch(IdType.HMT_RESIDENCE)
    if number.startswith("9"):
        raise _mismatch(IdType.FOREIGN_PERMANENT)
    if number.startswith("0"):
        raise _form("the first digit is 1 to 8")
    return _checked_eighteen(number, today)


def _hmt_residence(number: str, today: date) -> str:
    if not _EIGHTEEN.fullmatch(number):
        raise _form("18 digits, the last may be X")
    if not number.startswith(_HMT_PREFIXES):
        raise Malformed(
            "ID_TYPE_MISMATCH",
            "a number of this kind begins with 810000, 820000 or 830000",
            fix=f"Choose {ID_LABELS[IdType.RESIDENT_ID]} if the card is one.",
        )
    return _checked_eighteen(number, today)


def _foreign_permanent(number: str, today: date) -> str:
    if re.fullmatch(r"[A-Z]{3}[0-9]{12}", number):
        return _old_foreign(number, today)
    if not _EIGHTEEN.fullmatch(number):
        raise _form("18 digits beginning with 9; old cards three letters and twelve digits")
    if not number.startswith("9"):
        raise Malformed(
            "ID_TYPE_MISMATCH",
            "a number of this kind begins with 9",
            fix=f"Choose {ID_LABELS[IdType.RESIDENT_ID]} if the card is one.",
        )
    return _checked_eighteen(number, today)


def _old_foreign(number: str, today: date) -> str:
    weighted = sum(int(char, 36) * (7, 3, 1)[place % 3] for place, char in enumerate(number[:14]))
    if weighted % 10 != int(number[14]):
        raise _wrong_check_digit()
    born = [day for century in (19, 20) if (day := _day_of(f"{century}{number[7:13]}")) is not None]
    if not born:
        raise _impossible_birth()
    if min(born) > today:
        raise _future_birth()
    return number


def _hmt_pass(number: str, _today: date) -> str:
    permit = _HMT_PASS.fullmatch(number)
    if permit is None:
        raise _form("H or M and 8 digits, on old permits 10")
    return permit[1]


def _taiwan_pass(number: str, _today: date) -> str:
    if not re.fullmatch(r"[0-9]{8}", number):
        raise _form("8 digits")
    return number


def _passport(number: str, _today: date) -> str:
    # A resident entered as a passport would be a second person, with limits of their own. No passport number
    # has 11 characters or 15 (ICAO 9303: 9), so the other two forms need no further proof.
    if _EIGHTEEN.fullmatch(number) and number[-1] == ric.calc_check_digit(number):
        raise _mismatch(IdType.RESIDENT_ID)
    if _FIFTEEN.fullmatch(number):
        raise _mismatch(IdType.RESIDENT_ID)
    if _HMT_PASS_LONG.fullmatch(number):
        raise _mismatch(IdType.HMT_PASS)
    if not re.fullmatch(r"[A-Z0-9]{5,20}", number):
        raise _form("5 to 20 letters and digits")
    return number


_RULES: Final[Mapping[IdType, Callable[[str, date], str]]] = {
    IdType.RESIDENT_ID: _resident,
    IdType.HMT_RESIDENCE: _hmt_residence,
    IdType.FOREIGN_PERMANENT: _foreign_permanent,
    IdType.HMT_PASS: _hmt_pass,
    IdType.TAIWAN_PASS: _taiwan_pass,
    IdType.PASSPORT: _passport,
}


def _eighteen_of(fifteen: str) -> str:
    """GB 11643-1999: 19 after the sixth digit, then the check digit."""
    body = f"{fifteen[:6]}19{fifteen[6:]}"
    return body + ric.calc_check_digit(f"{body}0")


def _checked_eighteen(number: str, today: date) -> str:
    _need_check_digit(number)
    born = _birth_of(number)
    if born is None or born.year < _BIRTH_YEAR_MIN:
        raise _impossible_birth()
    if born > today:
        raise _future_birth()
    return number


def _need_check_digit(number: str) -> None:
    if number[-1] != ric.calc_check_digit(number):
        raise _wrong_check_digit()


def _birth_of(eighteen: str) -> date | None:
    try:
        return ric.get_birth_date(eighteen)
    except InvalidComponent:
        return None


def _day_of(eight_digits: str) -> date | None:
    try:
        return date(int(eight_digits[:4]), int(eight_digits[4:6]), int(eight_digits[6:]))
    except ValueError:
        return None


def _form(rule: str) -> Malformed:
    return Malformed("ID_FORM", f"the document number has not the form of its kind: {rule}")


def _mismatch(kind: IdType) -> Malformed:
    return Malformed(
        "ID_TYPE_MISMATCH", "this is the number of another kind of document", fix=f"Choose {ID_LABELS[kind]}."
    )


def _wrong_check_digit() -> Malformed:
    return Malformed(
        "ID_CHECK_DIGIT", "the check digit of the document number is wrong", fix="Read the card again."
    )


def _impossible_birth() -> Malformed:
    return Malformed("ID_BIRTH_IMPOSSIBLE", "the birth date in the document number does not exist")


def _future_birth() -> Malformed:
    return Malformed("ID_BIRTH_FUTURE", "the birth date in the document number lies in the future")
