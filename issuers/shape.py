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
Reader = Callable[[Any, str], Any]


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
Kid = Annotated[bytes, Size(8, 8)]
Slug = Annotated[str, Pattern(r"[a-z0-9]+(-[a-z0-9]+)*"), Size(1, 40)]
Title = Annotated[str, Size(1, 120)]
Seconds = Annotated[int, Range(0, 2**40)]
Document = Mapping[str, Any]  # a CBOR map that another reader takes apart


def to_map(value: Any) -> dict[str, cbor.Value]:
    """The CBOR map of a dataclass: field names as keys, None left out, dates as YYYY-MM-DD."""
    names = (item.name for item in dataclasses.fields(value))
    return {name: _plain(item) for name in names if (item := getattr(value, name)) is not None}


def from_map(kind: Callable[..., T], data: object, *, where: str) -> T:
    """The dataclass in `data`.

    Raises Malformed SHAPE_MAP, SHAPE_MISSING, SHAPE_UNKNOWN, SHAPE_TYPE, SHAPE_SIZE, SHAPE_RANGE or
    SHAPE_FORM, naming the field but never its value.
    """
    if not isinstance(data, Mapping):
        raise Malformed("SHAPE_MAP", "expected a map", where=where)
    fields = _readers(kind)
    if unknown := data.keys() - fields.keys():
        raise Malformed("SHAPE_UNKNOWN", f"{len(unknown)} field(s) this version does not know", where=where)
    values = {}
    for name, (reader, optional) in fields.items():
        if name in data:
            values[name] = reader(data[name], f"{where}.{name}")
        elif optional is None:
            continue  # the default of the dataclass
        elif optional:
            values[name] = None
        else:
            raise Malformed("SHAPE_MISSING", "a required field is missing", where=f"{where}.{name}")
    return kind(**values)


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
        return lambda value, where: from_map(hint, value, where=where)  # type: ignore[arg-type]  # a class
    if hint in (int, str, bytes, bool):
        return _exact_reader(hint)
    raise TypeError(f"no CBOR shape for {hint}")


def _exact_reader(kind: type) -> Reader:
    def read(value: Any, where: str) -> Any:
        if type(value) is not kind:
            raise Malformed("SHAPE_TYPE", f"expected {kind.__name__}", where=where)
        return value

    return read


def _tuple_reader(inner: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, list | tuple):
            raise Malformed("SHAPE_TYPE", "expected an array", where=where)
        return tuple(inner(item, f"{where}[{place}]") for place, item in enumerate(value))

    return read


def _map_reader(inner: Any) -> Reader:
    """`Mapping[str, bytes]` is checked through; any other map is a document for whoever owns its kind."""
    reader = _limited(_exact_reader(bytes), Size(32, 32)) if inner is bytes else None

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, Mapping) or not all(type(key) is str for key in value):
            raise Malformed("SHAPE_TYPE", "expected a map with text keys", where=where)
        if reader is not None:
            for key, item in value.items():
                reader(item, f"{where}.{key}")
        return value

    return read


def _enum_reader(kind: type[StrEnum]) -> Reader:
    def read(value: Any, where: str) -> Any:
        if type(value) is not str or value not in kind.__members__.values():
            raise Malformed("SHAPE_FORM", f"not one of the words of {kind.__name__}", where=where)
        return kind(value)

    return read


def _read_date(value: Any, where: str) -> date:
    try:
        day = date.fromisoformat(value) if type(value) is str else None
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise Malformed("SHAPE_FORM", "expected a date YYYY-MM-DD", where=where)
    return day


def _limited(reader: Reader, limit: Size | Range | Pattern) -> Reader:
    pattern = re.compile(limit.regex, re.ASCII) if isinstance(limit, Pattern) else None

    def read(value: Any, where: str) -> Any:
        result = reader(value, where)
        match limit:
            case Size(low, high) if not low <= len(result) <= high:
                raise Malformed("SHAPE_SIZE", f"size must be {low} to {high}", where=where)
            case Range(low, high) if not low <= result <= high:
                raise Malformed("SHAPE_RANGE", f"must be {low} to {high}", where=where)
            case Pattern() if pattern is not None and not pattern.fullmatch(result):
                raise Malformed("SHAPE_FORM", "has not the required form", where=where)
        return result

    return read
