"""JSON from people and from the service to values of ours, strictly. Pure.

Promises: a dataclass is the schema, as in `issuers.shape`, and JSON spells each value one way: bytes as
lower-case hex, dates and enums as text, numbers as whole numbers. An error names the field, never its value.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeVar

from issuers.shape import from_map
from ledger import cbor
from ledger.errors import Malformed

T = TypeVar("T")

DOCUMENT_BYTES_MAX: Final = 1_048_576


def read_object(data: bytes, *, where: str, bytes_max: int = DOCUMENT_BYTES_MAX) -> dict[str, Any]:
    """The one JSON object in `data`. Raises Malformed JSON_SIZE or JSON_FORM.

    A name given twice, NaN and a fraction are refused: readers disagree about what they mean.
    """
    if len(data) > bytes_max:
        raise Malformed("JSON_SIZE", f"more than {bytes_max} bytes", where=where)
    try:
        value = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_without_repeats,
            parse_float=_refuse,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError) as error:
        place = f"{where}, line {error.lineno}" if isinstance(error, json.JSONDecodeError) else where
        raise Malformed("JSON_FORM", "not the JSON this program writes", where=place) from error
    if not isinstance(value, dict):
        raise Malformed("JSON_FORM", "expected a JSON object", where=where)
    return value


def from_object(kind: Callable[..., T], data: object, *, where: str, lenient: bool = False) -> T:
    """The dataclass in a JSON object; `lenient` passes over members this version does not know.

    Raises Malformed as `issuers.shape.from_map`, and HEX_FORM.
    """
    return from_map(kind, to_cbor_map(kind, data, where=where, lenient=lenient), where=where)


def to_cbor_map(kind: Any, data: object, *, where: str, lenient: bool = False) -> dict[str, cbor.Value]:
    """The object with hex turned into bytes where the dataclass has bytes; the rest is left as it is."""
    if not isinstance(data, Mapping):
        raise Malformed("SHAPE_MAP", "expected an object", where=where)
    hints = typing.get_type_hints(kind, include_extras=True)
    known = {item.name for item in dataclasses.fields(kind)}
    found = {}
    for name, value in data.items():
        if name in known:
            # null means absent, as in most JSON; CBOR leaves such a field out.
            if value is not None:
                found[name] = _convert(hints[name], value, f"{where}.{name}", lenient)
        elif not lenient:
            raise Malformed("SHAPE_UNKNOWN", "a member this version does not know", where=where)
    return found


def to_plain(value: Any) -> Any:
    """A CBOR value as JSON shows it: bytes as hex."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


def from_hex(text: object, *, where: str, size: int | None = None) -> bytes:
    """Bytes from lower-case hex, exactly as `bytes.hex` writes it. Raises Malformed HEX_FORM."""
    try:
        value = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        value = b""
    if not isinstance(text, str) or value.hex() != text or size not in (None, len(value)):
        digits = "an even number of" if size is None else str(2 * size)
        raise Malformed("HEX_FORM", f"expected {digits} lower-case hex digits", where=where)
    return value


def _convert(hint: Any, value: Any, where: str, lenient: bool) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        inner = [item for item in typing.get_args(hint) if item is not type(None)]
        return _convert(inner[0], value, where, lenient)
    if origin is Annotated:
        return _convert(typing.get_args(hint)[0], value, where, lenient)
    if origin is tuple and isinstance(value, list):
        inside = typing.get_args(hint)[0]
        return [_convert(inside, item, f"{where}[{place}]", lenient) for place, item in enumerate(value)]
    if origin is Mapping and typing.get_args(hint)[1] is bytes and isinstance(value, Mapping):
        return {name: from_hex(item, where=f"{where}.{name}") for name, item in value.items()}
    if hint is bytes:
        return from_hex(value, where=where)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return to_cbor_map(hint, value, where=where, lenient=lenient)
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is named twice")
    return found


def _refuse(_: str) -> None:
    raise ValueError("only whole numbers")
