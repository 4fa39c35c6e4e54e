"""Bodies of requests: JSON read strictly, and the shapes the API knows. Pure but for reading the stream.

Plain frameworks accept duplicate keys, NaN, half characters, numbers of any size and any depth (assurance 0,
finding 6). Here each of these is a 400 with a code.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from issuers.base64url import from_b64
from ledger import cbor
from ledger.errors import Malformed
from registry.certificates.several import ITEMS_MAX as VERIFY_MAX
from registry.writing.item import OPENING_BYTES_MAX, Submission
from registry.writing.submit import ITEMS_MAX

SMALL: Final = 512 * 1024  # one statement with its openings, in base64url
LARGE: Final = 8 * 2**20  # a thousand certificates need 2 MiB
SECONDS_MAX: Final = 60
ATTACHMENT_BYTES_MAX: Final = 4_096
_DIGITS_MAX: Final = 17
_DEPTH_MAX: Final = 16
_NO_TEXT: Final = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")  # half a character, or NUL, as an escape
_CONTENT_TYPE: Final = re.compile(r"application/json(?: *; *charset=\"?utf-8\"?)?", re.ASCII | re.IGNORECASE)

M = TypeVar("M", bound=BaseModel)
Text = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    """No conversions, no members we do not know."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class StatementItem(Strict):
    """A signed statement, an opening for each of its entries, the credential of a certificate (base64url)."""

    statement: Text
    openings: Annotated[list[Text], Field(max_length=200)] = []
    attachment: Text | None = None


class StatementBatch(Strict):
    """Up to 1,000 statements; their order is their order in the log."""

    items: Annotated[list[StatementItem], Field(min_length=1, max_length=ITEMS_MAX)]


class SignedRequest(Strict):
    """A signed request (base64url of COSE_Sign1, see `issuers/request.py`)."""

    request: Text


class CounterFacts(Strict):
    """What is said of the applicant's organisation, from one source as of one day; days are YYYY-MM-DD."""

    organisation: Text
    uscc: str
    in_shanghai: bool
    founded_on: Text
    role: Text
    role_from: Text
    source: Text
    as_of: Text
    role_to: Text | None = None


class CounterApplication(Strict):
    """An application, from a counter whose officer is signed in."""

    qr: Text
    id_type: Text
    id_number: Text
    channel: Text
    facts: CounterFacts


class QrText(Strict):
    """The whole text of a QR code."""

    qr: Annotated[str, Field(min_length=1, max_length=4_096)]


class TypedCode(Strict):
    """The 16 digits that stand on a certificate."""

    code: Annotated[str, Field(min_length=1, max_length=40)]


_TEXT_OR_CODE: Final[list[Any]] = [QrText.model_json_schema(), TypedCode.model_json_schema()]


class VerifyBatch(Strict):
    """Up to 100 QR texts and codes; an item without its form is refused alone."""

    items: Annotated[
        list[Any],
        Field(min_length=1, max_length=VERIFY_MAX, json_schema_extra={"items": {"anyOf": _TEXT_OR_CODE}}),
    ]


def body_reader(bytes_max: int) -> Callable[[Request], Awaitable[bytes]]:
    """A dependency that reads the body up to a limit. Raises Malformed BODY_SIZE, BODY_SLOW, BODY_TYPE."""

    async def read(request: Request) -> bytes:
        kind = request.headers.get("content-type", "")
        if not _CONTENT_TYPE.fullmatch(kind) or "content-encoding" in request.headers:
            raise Malformed("BODY_TYPE", "the body is application/json in UTF-8, not compressed")
        return await read_body(request, bytes_max)

    return read


async def read_body(request: Request, bytes_max: int) -> bytes:
    """The bytes of a body. Raises Malformed BODY_SIZE, BODY_SLOW."""
    try:
        async with asyncio.timeout(SECONDS_MAX):
            return await _up_to(bytes_max, request)
    except TimeoutError as error:
        raise Malformed("BODY_SLOW", f"a body arrives within {SECONDS_MAX} seconds") from error


async def _up_to(bytes_max: int, request: Request) -> bytes:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > bytes_max:
            raise Malformed(
                "BODY_SIZE", f"a body here has at most {bytes_max} bytes", fix="Send less at once."
            )
    return bytes(data)


SmallBody = Annotated[bytes, Depends(body_reader(SMALL))]
LargeBody = Annotated[bytes, Depends(body_reader(LARGE))]


def strict_json(data: bytes) -> Any:
    """The JSON value of a body.

    Raises Malformed JSON_FORM, JSON_REPEATED, JSON_NUMBER, JSON_DEPTH or JSON_TEXT.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_constant=_not_a_number,
            parse_float=_not_a_number,
            parse_int=_whole_number,
        )
    except RecursionError as error:
        raise Malformed("JSON_DEPTH", f"nested deeper than {_DEPTH_MAX}") from error
    except ValueError as error:
        raise Malformed("JSON_FORM", "the body is not JSON in UTF-8") from error
    _check_depth(value, _DEPTH_MAX, texts=_NO_TEXT.search(data) is not None)
    return value


def read_model(model: type[M], data: bytes) -> M:
    """The body as a value. Raises Malformed BODY_SHAPE, naming the member, and of the JSON."""
    return to_model(model, strict_json(data))


def to_model(model: type[M], value: Any) -> M:
    """As `read_model`, for parsed JSON."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        # The names of members are ours; a member we do not know is not repeated.
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        known = first["type"] != "extra_forbidden"
        where = ".".join(str(part) for part in (first["loc"] if known else first["loc"][:-1]))
        what = (
            "a member of the body has not its form"
            if known
            else "the body has a member this API does not know"
        )
        raise Malformed("BODY_SHAPE", what, where=where) from None


def to_submission(item: StatementItem) -> Submission:
    """The bytes of an item. Raises Malformed BASE64URL."""
    attachment = None
    if item.attachment is not None:
        attachment = from_b64(item.attachment, bytes_max=ATTACHMENT_BYTES_MAX, where="attachment")
    return Submission(
        from_b64(item.statement, bytes_max=cbor.BYTES_MAX, where="statement"),
        tuple(
            from_b64(one, bytes_max=OPENING_BYTES_MAX, where=f"openings[{place}]")
            for place, one in enumerate(item.openings)
        ),
        attachment,
    )


def read_signed_request(data: bytes) -> bytes:
    """The COSE bytes of a signed request. Raises as `read_model`, Malformed BASE64URL."""
    return to_signed_request(strict_json(data))


def to_signed_request(value: Any) -> bytes:
    """As `read_signed_request`, for parsed JSON."""
    return from_b64(to_model(SignedRequest, value).request, bytes_max=cbor.BYTES_MAX, where="request")


def described(*models: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a body; the handler reads it itself."""
    schemas = [model.model_json_schema(ref_template="#/components/schemas/{model}") for model in models]
    for schema in schemas:
        schema.pop("$defs", None)
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("JSON_REPEATED", "a member is named twice")
    return found


def _not_a_number(_: str) -> None:
    raise Malformed("JSON_NUMBER", "numbers are whole")


def _whole_number(text: str) -> int:
    if len(text) > _DIGITS_MAX:
        raise Malformed("JSON_NUMBER", "a number is too large")
    return int(text)


def _check_depth(value: Any, depth: int, *, texts: bool) -> None:
    if isinstance(value, str):
        if texts and any("\ud800" <= character <= "\udfff" or character == "\0" for character in value):
            raise Malformed("JSON_TEXT", "a text holds half of a character, or a NUL")
        return
    if not isinstance(value, dict | list):
        return
    if depth == 0:
        raise Malformed("JSON_DEPTH", f"nested deeper than {_DEPTH_MAX}")
    inside = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    for item in inside:
        _check_depth(item, depth - 1, texts=texts)
