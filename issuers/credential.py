"""The credential: the signed bytes a holder carries in the QR. Pure. Bytes in `SPEC.md`.

COSE_Sign1 {1: alg, 3: 65010, 4: kid} over {6: iat, ?4: exp, 7: number in 10 bytes, -70001: [name, course,
hours, status list, status index, code, ?last four of the ID], ?-70003: [version, day of first issue]}. No
birth date, no ID number, no tag of one: a 20-bit tag was shown to identify people (design 13). The issuer is
whoever enrolled the key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

from issuers.acts.words import VERSION_MAX
from issuers.identifiers.names import check_name, check_text
from issuers.identifiers.numbers import check_code, make_number, pack_number, parse_number, unpack_number
from ledger import cbor
from ledger.cose import Sign1, check_sign1, parse_sign1, sign1
from ledger.errors import Malformed
from ledger.keys import PublicKey, Signer

CONTENT_FORMAT = 65010  # CoAP content formats 65000 and up are for experiments: three bytes instead of forty
PRIVATE_CLAIM = -70001  # CWT claim keys below -65536 are private use
VERSION_CLAIM = -70003
EPOCH = date(1970, 1, 1)
DAY_MAX = 65_535  # in 2149; dates end in 9999, times do not
_DAY_SECONDS, _SHANGHAI_SECONDS = 86_400, 8 * 3600
BYTES_MAX = 348  # QR version 15 at level M with a 58-character address
COURSE_MAX = 60
HOURS_MAX = 2000
LAST_FOUR = re.compile(r"[0-9]{3}[0-9X]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Credential:
    """Times in seconds since 1970; `number` the 23 characters, `code` the 16 digits as printed.

    A version after the first carries its number and the Shanghai date of first issue, on which rights hang.
    """

    issued_at: int
    number: str
    code: str
    name: str
    course: str
    hours: int
    status_list: int
    status_index: int
    expires_at: int | None = None
    last_four: str | None = None
    version: int = 1
    first_issued_on: date | None = None


@dataclass(frozen=True, slots=True)
class SignedCredential:
    """A well-formed credential; nothing in `claims` may be shown before `check_credential`."""

    claims: Credential
    message: Sign1


def sign_credential(credential: Credential, signer: Signer) -> bytes:
    """The bytes of the QR. Raises Malformed as `parse_credential` does: what cannot be read is not signed."""
    private: list[cbor.Value] = [credential.name, credential.course, credential.hours]
    private += [credential.status_list, credential.status_index, int(credential.code)]
    if credential.last_four is not None:
        private.append(credential.last_four)
    claims: dict[int, cbor.Value] = {
        6: credential.issued_at,
        7: pack_number(parse_number(credential.number)),
        PRIVATE_CLAIM: private,
    }
    if credential.expires_at is not None:
        claims[4] = credential.expires_at
    if credential.first_issued_on is not None:
        claims[VERSION_CLAIM] = [credential.version, (credential.first_issued_on - EPOCH).days]
    raw = sign1(signer, content_type=CONTENT_FORMAT, payload=cbor.encode(claims))
    if parse_credential(raw).claims != credential:
        raise Malformed("CREDENTIAL_SHAPE", "the credential does not read back as it was written")
    return raw


def parse_credential(raw: bytes) -> SignedCredential:
    """Raises Malformed CREDENTIAL_SIZE, _KIND or _SHAPE, or what COSE, the codec, names and codes raise."""
    if len(raw) > BYTES_MAX:
        raise Malformed("CREDENTIAL_SIZE", f"a credential has at most {BYTES_MAX} bytes")
    message = parse_sign1(raw)
    if message.content_type != CONTENT_FORMAT or message.claims is not None:
        raise Malformed("CREDENTIAL_KIND", "not a credential of a version this program knows")
    match cbor.decode(message.payload):
        case {6: int(issued_at), 7: bytes(number), -70001: list(private), **rest}:
            other = dict(rest)
            if None in other.values():
                raise Malformed("CREDENTIAL_SHAPE", "a claim without a value is left out, never null")
            expires_at, version = other.pop(4, None), other.pop(VERSION_CLAIM, None)
        case _:
            raise Malformed("CREDENTIAL_SHAPE", "a credential has iat, number and its private claim")
    if other or type(issued_at) is not int or not (expires_at is None or type(expires_at) is int):
        raise Malformed("CREDENTIAL_SHAPE", "a claim of unknown key or type")
    times = (issued_at, issued_at if expires_at is None else expires_at)
    if not all(0 <= seconds < 2**40 for seconds in times):
        raise Malformed("CREDENTIAL_SHAPE", "a time out of range")
    text = make_number(unpack_number(number))
    claims = _private(private, issued_at, text, expires_at)
    if version is not None:
        number_of, first = _version(version, issued_at)
        claims = replace(claims, version=number_of, first_issued_on=first)
    return SignedCredential(claims, message)


def check_credential(signed: SignedCredential, key: PublicKey) -> None:
    """Raises BadSignature, or Malformed COSE_KEY when the credential names another key or algorithm."""
    check_sign1(signed.message, key)


def last_day_before(second: int | None) -> date | None:
    """The last Shanghai day on which a certificate is good that ends at `second`: what paper prints."""
    if second is None:
        return None
    return EPOCH + timedelta(days=(second - 1 + _SHANGHAI_SECONDS) // _DAY_SECONDS)


def first_second_after(day: date | None) -> int | None:
    """When a certificate ends that is good through a Shanghai day; past the calendar -1, which none says."""
    if day is None:
        return None
    if day >= date.max:
        return -1
    return ((day - EPOCH).days + 1) * _DAY_SECONDS - _SHANGHAI_SECONDS


def _private(value: list[object], issued_at: int, number: str, expires_at: int | None) -> Credential:
    match value:
        case [str(name), str(course), int(hours), int(status_list), int(index), int(code), *last]:
            pass
        case _:
            raise Malformed("CREDENTIAL_SHAPE", "the private claim has another shape")
    whole = all(type(item) is int for item in (hours, status_list, index, code))
    if not whole or not (0 < hours <= HOURS_MAX and 0 <= status_list < 10_000 and 0 <= index < 2**20):
        raise Malformed("CREDENTIAL_SHAPE", "a number out of range")
    if not 0 <= code < 10**16:
        raise Malformed("CREDENTIAL_SHAPE", "the code has 16 digits")
    last_four = _last_four(last)
    if check_name(name).shown != name or check_text(course, COURSE_MAX) != course:
        raise Malformed("CREDENTIAL_SHAPE", "name or course is not in the form it is shown in")
    return Credential(
        issued_at=issued_at,
        number=number,
        code=check_code(f"{code:016d}"),
        name=name,
        course=course,
        hours=hours,
        status_list=status_list,
        status_index=index,
        expires_at=expires_at,
        last_four=last_four,
    )


def _version(value: object, issued_at: int) -> tuple[int, date]:
    """Number and day of first issue, which is not after the day this version was signed."""
    match value:
        case [int(number), int(days)] if type(number) is int and type(days) is int:
            latest = min(DAY_MAX, (issued_at + _SHANGHAI_SECONDS) // _DAY_SECONDS)
            if 2 <= number <= VERSION_MAX and 0 <= days <= latest:
                return number, EPOCH + timedelta(days=days)
    raise Malformed("CREDENTIAL_SHAPE", "a version is its number and the day of first issue")


def _last_four(value: list[object]) -> str | None:
    match value:
        case []:
            return None
        case [str(text)] if (
            len(text) == 4 and text[:3].isdigit() and text.isascii() and text[3] in "0123456789X"
        ):
            return text
    raise Malformed("CREDENTIAL_SHAPE", "the last four of the ID have another shape")
