"""What the service answers, as values of ours. Pure.

Promises: nothing is taken from an answer that has not its type and size; texts meant for a person lose every
control character, so a service cannot write to somebody's terminal. Members this version does not know are
passed over. Knows no HTTP: `issuers.sign.client` does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final, TypeVar

from issuers.acts.words import CertificateKind, StatusIndex, StatusList, Version
from issuers.base64url import from_b64
from issuers.credential import LAST_FOUR
from issuers.json_in import from_object
from issuers.shape import Hash, Id16, Pattern, Range, Size, Slug
from issuers.sign.parcel import Answer, Fate
from ledger.errors import BadSignature, MalanError, Malformed, Refused, Unavailable

T = TypeVar("T")

RECEIPT_BYTES_MAX: Final = 1_024
TICKET_BYTES_MAX: Final = 64
TEXT_MAX: Final = 300
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,63}", re.ASCII)
_CLASSES: Final[Mapping[int, type[MalanError]]] = {400: Malformed, 401: BadSignature, 413: Malformed}
_Line = Annotated[str, Size(1, 200)]


@dataclass(frozen=True, slots=True)
class PreparedItem:
    """What the service holds for one passed candidate: ids, number, code and a place in a status list."""

    candidate: Id16
    certificate: Id16
    number: Annotated[str, Pattern(r"[CJ][0-9]{21}[0-9A-Z]")] = field(repr=False)
    code: Annotated[str, Pattern(r"[0-9]{16}")] = field(repr=False)
    status_list: StatusList
    status_index: StatusIndex
    name: Annotated[str, Size(1, 50)] = field(repr=False)
    id_last4: Annotated[str, Size(0, 4)] | None = field(default=None, repr=False)

    @property
    def shown_last4(self) -> str | None:
        """As a credential says it; None where the number of the document ends otherwise."""
        told = self.id_last4
        return told if told and LAST_FOUR.fullmatch(told) else None


@dataclass(frozen=True, slots=True)
class Prepared:
    """The answer to a `certificates` request; `evaluation` the hash of the act that confirmed the result."""

    class_id: Id16
    evaluation: Hash
    batch: Id16
    expires_ms: Annotated[int, Range(0, 2**53)]
    host: _Line
    standard: Slug
    kind: CertificateKind
    stage: Annotated[int, Range(1, 4)]
    project: Slug
    course: _Line
    course_en: Annotated[str, Size(0, 200)]
    hours: Annotated[int, Range(1, 9_999)]
    institution_name: _Line
    body_name: _Line
    items: Annotated[tuple[PreparedItem, ...], Size(0, 200)]


@dataclass(frozen=True, slots=True)
class PreparedVersion:
    """What the next version of a certificate keeps: `former` is the credential in force; `prints_id` whether
    that prints the last four of the ID."""

    version: Version
    former: Hash
    issued_on: date
    prints_id: bool
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class PreparedClaim:
    """What an intake officer signs: the ids and nullifiers the service computed for this person."""

    claim: Id16
    certificate: Id16
    project: Slug
    policy: Slug
    district: Slug
    project_nullifier: Hash
    slot_nullifier: Hash
    outcome: _Line
    amount_fen: Annotated[int, Range(0, 10_000_000)]
    unconfirmed: bool = False


def read_answers(document: Mapping[str, Any], *, count: int) -> list[Answer]:
    """One answer for each of `count` statements, in their order. Raises Unavailable ANSWER_SHAPE."""
    results = document.get("results")
    if not isinstance(results, list) or len(results) != count:
        raise bad_answer("results")
    return [_answer(item, f"results[{place}]") for place, item in enumerate(results)]


def read_prepared(document: Mapping[str, Any]) -> Prepared:
    """Raises Unavailable ANSWER_SHAPE."""
    members = {("class_id" if name == "class" else name): value for name, value in document.items()}
    return _typed(Prepared, members, "prepared")


def read_prepared_version(document: Mapping[str, Any]) -> tuple[Prepared, PreparedVersion]:
    """The answer about one certificate. Raises Unavailable ANSWER_SHAPE."""
    prepared, told = read_prepared(document), document.get("version")
    if len(prepared.items) != 1 or not isinstance(told, Mapping):
        raise bad_answer("version")
    return prepared, _typed(PreparedVersion, told, "version")


def read_prepared_claim(document: Mapping[str, Any]) -> PreparedClaim:
    """Raises Unavailable ANSWER_SHAPE."""
    return _typed(PreparedClaim, document, "claim")


def read_ticket(document: Mapping[str, Any]) -> str:
    """What a browser signs in with, base64url. Raises Unavailable ANSWER_SHAPE."""
    ticket = document.get("ticket")
    try:
        from_b64(ticket, bytes_max=TICKET_BYTES_MAX, where="ticket")
    except Malformed as error:
        raise bad_answer("ticket") from error
    assert isinstance(ticket, str)  # `from_b64` takes nothing else
    return ticket


def read_problem(status: int, document: Mapping[str, Any]) -> MalanError:
    """The error a problem document (RFC 9457) tells, or what its HTTP status says without one."""
    details = document.get("detail")
    nested = details if isinstance(details, Mapping) else {}

    def text(*names: str) -> str:
        for source in (document, nested):
            for name in names:
                if isinstance(source.get(name), str):
                    return plain_line(source[name])
        return ""

    code = document.get("code")
    known = code if isinstance(code, str) and _CODE.fullmatch(code) else f"HTTP_{status}"
    what = text("what", "title") or "the service refused without a reason"
    kind = Unavailable if status >= 500 or status in (408, 429) else _CLASSES.get(status, Refused)
    return kind(known, what, where=text("where"), fix=text("fix"))


def plain_line(text: str) -> str:
    """At most 300 characters of a text on one line, without control or format characters."""
    kept = (character for character in text[:TEXT_MAX] if not unicodedata.category(character).startswith("C"))
    return "".join(kept)


def bad_answer(where: str) -> Unavailable:
    """The error of an answer that has not the form of the contract."""
    return Unavailable(
        "ANSWER_SHAPE",
        "the service answered in a form this program does not know",
        where=where,
        fix="Check the address of the service and the versions on both sides.",
    )


def _answer(value: Any, where: str) -> Answer:
    match value:
        case {
            "status": "appended" | "known" as fate,
            "seq": int(seq),
            "time_ms": int(time_ms),
            "receipt": raw,
        }:
            if type(seq) is not int or type(time_ms) is not int or seq < 0 or time_ms < 0:
                raise bad_answer(where)
            try:
                receipt = from_b64(raw, bytes_max=RECEIPT_BYTES_MAX, where=where)
            except Malformed as error:
                raise bad_answer(f"{where}.receipt") from error
            return Answer(Fate(fate), seq, time_ms, receipt)
        case {"status": "refused", "code": str(code)} if _CODE.fullmatch(code):
            texts = (value.get(name) for name in ("what", "where", "fix"))
            lines = [plain_line(text) if isinstance(text, str) else "" for text in texts]
            return Answer(Fate.REFUSED, -1, 0, b"", code, *lines)
    raise bad_answer(where)


def _typed(kind: type[T], members: Mapping[str, Any], where: str) -> T:
    try:
        return from_object(kind, members, where=where, lenient=True)
    except Malformed as error:
        raise bad_answer(error.where) from error
