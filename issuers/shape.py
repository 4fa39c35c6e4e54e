"""Frozen dataclasses to CBOR maps and back, strictly. Pure.

A dataclass is the schema: its annotations say types and limits, nothing else may be present, and what is None
is left out. Acts, facts, requests and the bundle all go through here, so there is one place where a map from
outside becomes a value of ours.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from ledger import cbor
from ledger.errors import Malformed

T = TypeVar("T")
Reader = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Size:
    """Number of bytes, code points or items, both ends included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Range:
    """Integer, both ends included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """The whole text matches this ASCII regular expression."""

    regex: str


Id16 = Annotated[bytes, Size(16, 16)]
Hash = Annotated[bytes, Size(32, 32)]
Slug = Annotated[str, Pattern(r"[a-z0-9]+(-[a-z0-9]+)*"), Size(1, 40)]
Title = Annotated[str, Size(1, 120)]
Seconds = Annotated[int, Range(0, 2**40)]
Document = Mapping[str, Any]  # a CBOR map that another reader takes apart


def to_map(value: Any) -> dict[str, cbor.Value]:
    """The CBOR map of a dataclass: field names as keys, None left out, dates as YYYY-MM-DD."""
    return {
        name: item if type(item) in _AS_IT_IS else _plain(item)
        for name in _names(type(value))  # type: ignore[arg-type]  # a class is hashable
        if (item := getattr(value, name)) is not None
    }


def from_map(kind: Callable[..., T], data: object, *, where: str) -> T:
    """The dataclass in `data`.

    Raises Malformed SHAPE_MAP, SHAPE_MISSING, SHAPE_UNKNOWN, SHAPE_TYPE, SHAPE_SIZE, SHAPE_RANGE or
    SHAPE_FORM, naming the field but never its value.
    """
    try:
        return kind(**_read_fields(kind, data))
    except _Misshapen as error:
        raise Malformed(error.code, error.what, where=f"{where}{error.path}") from None


class _Misshapen(Exception):
    """What is wrong, and where below the map that is read: a path is only built once something is wrong."""

    def __init__(self, code: str, what: str, path: str = "") -> None:
        super().__init__(code)
        self.code, self.what, self.path = code, what, path


def _read_fields(kind: Any, data: object) -> dict[str, Any]:
    if type(data) is not dict and not isinstance(data, Mapping):
        raise _Misshapen("SHAPE_MAP", "expected a map")
    fields = _readers(kind)
    if unknown := data.keys() - fields.keys():
        raise _Misshapen("SHAPE_UNKNOWN", f"{len(unknown)} field(s) this version does not know")
    values = {}
    for name, (reader, optional) in fields.items():
        if name in data:
            try:
                values[name] = reader(data[name])
            except _Misshapen as error:
                error.path = f".{name}{error.path}"
                raise
        elif optional is None:
            continue  # the default of the dataclass
        elif optional:
            values[name] = None
        else:
            raise _Misshapen("SHAPE_MISSING", "a required field is missing", f".{name}")
    return values


_AS_IT_IS = frozenset({int, str, bytes, bool})


@lru_cache(maxsize=256)
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(item.name for item in dataclasses.fields(kind))


def _plain(value: Any) -> cbor.Value:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return to_map(value)
    return value  # type: ignore[no-any-return]


@lru_cache(maxsize=256)
def _readers(kind: Any) -> dict[str, tuple[Reader, bool | None]]:
    """By field: how to read it, and what its absence means: None its default, True None, False an error."""
    hints = typing.get_type_hints(kind, include_extras=True)
    found = {}
    for item in dataclasses.fields(kind):
        hint, optional = _without_none(hints[item.name])
        has_default = item.default is not dataclasses.MISSING
        found[item.name] = (_reader(hint), None if has_default else optional)
    return found


def _without_none(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [item for item in typing.get_args(hint) if item is not type(None)]
        if len(inner) == 1:
            return inner[0], True
    return hint, False


def _reader(hint: Any) -> Reader:
    if typing.get_origin(hint) is Annotated:
        base, *limits = typing.get_args(hint)
        if base in (bytes, str, int) and isinstance(limits[0], Size | Range):
            reader, limits = _exact_within(base, limits[0]), limits[1:]
        else:
            reader = _reader(base)
        for limit in limits:
            reader = _limited(reader, limit)
        return reader
    if typing.get_origin(hint) is tuple:
        return _tuple_reader(_reader(typing.get_args(hint)[0]))
    if typing.get_origin(hint) is Mapping:
        return _map_reader(typing.get_args(hint)[1])
    if hint is date:
        return _read_date
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum_reader(hint)
    if dataclasses.is_dataclass(hint):
        return lambda value: hint(**_read_fields(hint, value))  # type: ignore[operator]  # a class
    if hint in (int, str, bytes, bool):
        return _exact_reader(hint)
    raise TypeError(f"no CBOR shape for {hint}")


def _exact_reader(kind: type) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise _Misshapen("SHAPE_TYPE", f"expected {kind.__name__}")
        return value

    return read


def _exact_within(kind: Any, limit: Size | Range) -> Reader:
    """As `_limited(_exact_reader(kind), limit)`, in one call: most values of most acts come here."""
    refuse, low, high = _limited(_exact_reader(kind), limit), limit.low, limit.high

    def read_sized(value: Any) -> Any:
        return value if type(value) is kind and low <= len(value) <= high else refuse(value)

    def read_whole(value: Any) -> Any:
        return value if type(value) is kind and low <= value <= high else refuse(value)

    return read_sized if isinstance(limit, Size) else read_whole


def _tuple_reader(inner: Reader) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise _Misshapen("SHAPE_TYPE", "expected an array")
        found: list[Any] = []
        try:
            for item in value:
                found.append(inner(item))
        except _Misshapen as error:
            error.path = f"[{len(found)}]{error.path}"
            raise
        return tuple(found)

    return read


def _map_reader(inner: Any) -> Reader:
    """`Mapping[str, bytes]` is checked through; any other map is a document for whoever owns its kind."""
    reader = _limited(_exact_reader(bytes), Size(32, 32)) if inner is bytes else None

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping) or not {str}.issuperset(map(type, value)):
            raise _Misshapen("SHAPE_TYPE", "expected a map with text keys")
        if reader is not None:
            items = value.values()
            if {bytes}.issuperset(map(type, items)) and {32}.issuperset(map(len, items)):
                return value
            for key, item in value.items():
                try:
                    reader(item)
                except _Misshapen as error:
                    error.path = f".{key}{error.path}"
                    raise
        return value

    return read


def _enum_reader(kind: type[StrEnum]) -> Reader:
    words = {member.value: member for member in kind}

    def read(value: Any) -> Any:
        if type(value) is not str or value not in words:
            raise _Misshapen("SHAPE_FORM", f"not one of the words of {kind.__name__}")
        return words[value]

    return read


def _read_date(value: Any) -> date:
    try:
        day = date.fromisoformat(value) if type(value) is str else None
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise _Misshapen("SHAPE_FORM", "expected a date YYYY-MM-DD")
    return day


def _limited(reader: Reader, limit: Size | Range | Pattern) -> Reader:
    """`reader`, and then the limit."""
    if isinstance(limit, Pattern):
        return _of_form(reader, re.compile(limit.regex, re.ASCII))
    low, high = limit.low, limit.high
    measure: Callable[[Any], int] = len if isinstance(limit, Size) else int
    code, what = ("SHAPE_SIZE", "size must be") if isinstance(limit, Size) else ("SHAPE_RANGE", "must be")

    def read(value: Any) -> Any:
        result = reader(value)
        if not low <= measure(result) <= high:
            raise _Misshapen(code, f"{what} {low} to {high}")
        return result

    return read


def _of_form(reader: Reader, pattern: re.Pattern[str]) -> Reader:
    def read(value: Any) -> Any:
        result = reader(value)
        if not pattern.fullmatch(result):
            raise _Misshapen("SHAPE_FORM", "has not the required form")
        return result

    return read
