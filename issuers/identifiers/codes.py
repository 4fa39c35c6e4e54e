"""Codes with check characters: organisations, e-certificate identifiers, bank accounts, masks. Pure.

Promises what each standard lets one promise and no more: a failing check refuses where no genuine code can
fail, and only warns where genuine ones do (early social credit codes, some accounts). The numbers that the
registry itself assigns are in `numbers` and can be imported from here too, like the districts.

Sources: GB 32100-2015, GB/T 36904-2018, ISO 7064 (MOD 37,36), ISO/IEC 7812-1 annex B (Luhn).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from stdnum import luhn
from stdnum.cn import uscc
from stdnum.iso7064 import mod_37_36

from issuers.identifiers.districts import CITY_CODE, DISTRICTS, District, check_district
from issuers.identifiers.names import fold_width
from issuers.identifiers.numbers import (
    CODES,
    CertificateNumber,
    check_code,
    group_code,
    make_code,
    make_number,
    pack_number,
    parse_number,
    read_code,
    unpack_number,
)
from ledger.errors import Malformed

__all__ = [
    "CITY_CODE",
    "CODES",
    "DISTRICTS",
    "Account",
    "CertificateNumber",
    "District",
    "Identifier",
    "Uscc",
    "check_account",
    "check_code",
    "check_district",
    "check_identifier",
    "check_uscc",
    "group_code",
    "make_code",
    "make_identifier",
    "make_number",
    "mask_number",
    "pack_number",
    "parse_number",
    "read_code",
    "unpack_number",
]

_SPACES: Final = re.compile(r"[\s\u00a0-]")
_USCC: Final = re.compile(r"[1-9A-HJ-NPQRTUWXY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_OID: Final = "1.2.156.3005.2"
_TYPE_CODE: Final = re.compile(r"[0-9A-Z]{18}[0-9]{3}")
_PART: Final = re.compile(r"[0-9A-Z]{1,40}")
_VERSION_MAX: Final = 999


@dataclass(frozen=True, slots=True)
class Uscc:
    """A social credit code; `warning` is None, USCC_CHECK or USCC_OLD_NUMBER."""

    code: str
    warning: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """The four parts of an e-certificate identifier.

    `type_code`: credit code of the authority and three digits; `issuer`: usually a credit code, but region
    codes occur; `serial`: the issuer's own; `version`: 1 to 999, one more with each change.
    """

    type_code: str
    issuer: str
    serial: str
    version: int


@dataclass(frozen=True, slots=True)
class Account:
    """A bank account number; `warning` is None or ACCOUNT_CHECK. The number is kept out of `repr`."""

    number: str = field(repr=False)
    warning: str | None


def check_uscc(text: str) -> Uscc:
    """The social credit code in `text`, spaces gone and letters upper case.

    A wrong check character only warns: codes of the first pilots fail and are valid in law, so the register
    decides. The 15 digits of an individual business not yet renumbered are taken with a warning as well.
    Raises Malformed USCC_FORM for what is no code at all.
    """
    code = _folded(text)
    if re.fullmatch(r"[0-9]{15}", code):
        return Uscc(code, "USCC_OLD_NUMBER")
    if not _USCC.fullmatch(code):
        raise Malformed("USCC_FORM", "a social credit code has 18 digits and letters, never I, O, S, V or Z")
    return Uscc(code, None if code[-1] == uscc.calc_check_digit(code[:-1]) else "USCC_CHECK")


def make_identifier(parts: Identifier) -> str:
    """The identifier of GB/T 36904: OID, type code, issuer, serial, version, check character, with dots.

    Raises Malformed IDENTIFIER_FORM. A type code is assigned by the authority; without one, nothing may be
    called an identifier of this standard.
    """
    if not 1 <= parts.version <= _VERSION_MAX:
        raise Malformed("IDENTIFIER_FORM", "the version is 1 to 999", where="version")
    for name, value, form in (
        ("type_code", parts.type_code, _TYPE_CODE),
        ("issuer", parts.issuer, _PART),
        ("serial", parts.serial, _PART),
    ):
        if not form.fullmatch(value):
            raise Malformed("IDENTIFIER_FORM", "a part has not its form", where=name)
    body = (parts.type_code, parts.issuer, parts.serial, f"{parts.version:03d}")
    return ".".join((_OID, *body, mod_37_36.calc_check_digit("".join(body))))


def check_identifier(text: str) -> Identifier:
    """The parts of an identifier, exactly as `make_identifier` writes it.

    Raises Malformed IDENTIFIER_FORM, IDENTIFIER_CHECK.
    """
    prefix, found, rest = text.partition(f"{_OID}.")
    parts = rest.split(".")
    if prefix or not found or len(parts) != 5 or not re.fullmatch(r"[0-9]{3}", parts[3], re.ASCII):
        raise Malformed("IDENTIFIER_FORM", f"an identifier is {_OID} and five parts with dots between")
    identifier = Identifier(type_code=parts[0], issuer=parts[1], serial=parts[2], version=int(parts[3]))
    if make_identifier(identifier) != text:
        raise Malformed("IDENTIFIER_CHECK", "the check character of the identifier is wrong")
    return identifier


def check_account(text: str) -> Account:
    """A bank account number, spaces gone. Not every genuine account passes Luhn, so that only warns.

    What guards a payment is that the bank's holder name is the applicant's. Raises Malformed ACCOUNT_FORM.
    """
    number = _folded(text)
    if not re.fullmatch(r"[0-9]{8,32}", number):
        raise Malformed("ACCOUNT_FORM", "an account number has 8 to 32 digits")
    return Account(number, None if luhn.is_valid(number) else "ACCOUNT_CHECK")


def mask_number(number: str) -> str:
    """Four asterisks and the last four characters, whatever the length; short ones wholly masked."""
    return f"****{number[-4:]}" if len(number) >= 8 else "****"


def _folded(text: str) -> str:
    folded = _SPACES.sub("", fold_width(text)) if len(text) <= 100 else ""
    return folded.upper() if folded.isascii() else ""
