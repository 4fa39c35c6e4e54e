"""The numbers the registry assigns: the certificate number and the sixteen-digit code. Pure.

Promises: one number has one spelling, one mistyped character never gives another valid one, and nothing here
invents a number: sequence and randomness come from the caller.

Sources: domain C7 (23 characters, check ISO 7064 MOD 37,36); design 13 (code, check ISO 7064 MOD 11,10).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from stdnum.iso7064 import mod_11_10, mod_37_36

from issuers.acts.words import CertificateKind
from issuers.identifiers.districts import CITY_CODE, DISTRICTS
from issuers.identifiers.names import fold_width
from ledger.errors import Malformed

CODES: Final = 10**15
"""How many codes there are; a random one is drawn below this."""

_PACKED_BYTES: Final = 10
_NUMBER: Final = re.compile(r"([CJ])([0-9]{6})([0-9]{2})([0-9])([0-9]{3})([0-9]{3})([0-9]{6})([0-9A-Z])")
_CODE: Final = re.compile(r"[0-9]{16}")
_BETWEEN_GROUPS: Final = re.compile(r"[\s\u00a0\u2010-\u2015\u2212-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateNumber:
    """What a certificate number says.

    `district`: GB/T 2260 code, or 310000 for the city centre; `year2`: last two digits of the year of issue;
    `stage`: 1 to 4 (notice 二); `project3`, `issuer3`: three-digit codes of project and body, 0 to 999;
    `sequence6`: 1 to 999,999, without gaps for each issuer and year. Raises Malformed NUMBER_FIELD.
    """

    kind: CertificateKind
    district: str
    year2: int
    stage: int
    project3: int
    issuer3: int
    sequence6: int

    def __post_init__(self) -> None:
        if self.district not in DISTRICTS and self.district != CITY_CODE:
            raise Malformed("NUMBER_FIELD", "not a district of Shanghai", where="district")
        for name, value, low, high in (
            ("year2", self.year2, 0, 99),
            ("stage", self.stage, 1, 4),
            ("project3", self.project3, 0, 999),
            ("issuer3", self.issuer3, 0, 999),
            ("sequence6", self.sequence6, 1, 999_999),
        ):
            if not low <= value <= high:
                raise Malformed("NUMBER_FIELD", f"must be {low} to {high}", where=name)

    @property
    def digits(self) -> str:
        """The 21 digits between the letter and the check character."""
        return (
            f"{self.district}{self.year2:02d}{self.stage}{self.project3:03d}{self.issuer3:03d}"
            f"{self.sequence6:06d}"
        )


def make_number(number: CertificateNumber) -> str:
    """The 23 characters: C or J, 21 digits, check character."""
    body = f"{number.kind.value}{number.digits}"
    return body + mod_37_36.calc_check_digit(body)


@lru_cache(maxsize=256)  # one check asks for the number of one certificate again and again
def parse_number(text: str) -> CertificateNumber:
    """What a number says, exactly as `make_number` writes it.

    Raises Malformed NUMBER_FORM, NUMBER_CHECK, NUMBER_FIELD.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise Malformed("NUMBER_FORM", "a certificate number is C or J, 21 digits and a check character")
    if not mod_37_36.is_valid(text):
        raise Malformed("NUMBER_CHECK", "the check character is wrong", fix="Read the number again.")
    kind, district, *counts = match.groups()[:-1]
    year2, stage, project3, issuer3, sequence6 = map(int, counts)
    return CertificateNumber(
        kind=CertificateKind(kind),
        district=district,
        year2=year2,
        stage=stage,
        project3=project3,
        issuer3=issuer3,
        sequence6=sequence6,
    )


def pack_number(number: CertificateNumber) -> bytes:
    """Ten bytes: the letter in ASCII, then the 21 digits as a big-endian number. No check character."""
    return number.kind.value.encode() + int(number.digits).to_bytes(_PACKED_BYTES - 1, "big")


def unpack_number(data: bytes) -> CertificateNumber:
    """The number in ten bytes, and only in bytes `pack_number` writes. Raises Malformed NUMBER_PACKED."""
    digits = f"{int.from_bytes(data[1:], 'big'):021d}"
    if len(data) != _PACKED_BYTES or data[:1] not in (b"C", b"J"):
        raise Malformed("NUMBER_PACKED", "not ten bytes of a certificate number")
    body = f"{data[:1].decode()}{digits}"
    try:
        return parse_number(body + mod_37_36.calc_check_digit(body))
    except Malformed as error:
        raise Malformed("NUMBER_PACKED", error.what, where=error.where) from error


def make_code(random15: int) -> str:
    """The 16-digit code of a random number below `CODES`: 15 digits and a check digit. Raises CODE_RANGE."""
    if not 0 <= random15 < CODES:
        raise Malformed("CODE_RANGE", "the random part has at most 15 digits")
    body = f"{random15:015d}"
    return body + mod_11_10.calc_check_digit(body)


def check_code(code: str | int) -> str:
    """The code as 16 digits, from exactly that text or from its number. Raises CODE_FORM, CODE_CHECK."""
    text = f"{code:016d}" if isinstance(code, int) else code
    if not _CODE.fullmatch(text):
        raise Malformed("CODE_FORM", "a code has exactly 16 digits")
    if not mod_11_10.is_valid(text):
        raise Malformed("CODE_CHECK", "the check digit of the code is wrong", fix="Type the code again.")
    return text


def read_code(typed: str) -> str:
    """The code a person typed: groups, spaces, hyphens and full-width digits allowed. Raises as above."""
    return check_code(_BETWEEN_GROUPS.sub("", fold_width(typed)) if len(typed) <= 64 else "")


def group_code(code: str) -> str:
    """The code as it is printed: 1234-5678-9012-3456. Raises as `check_code`."""
    digits = check_code(code)
    return "-".join(digits[start : start + 4] for start in range(0, 16, 4))
