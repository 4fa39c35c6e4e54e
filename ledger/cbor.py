"""The one strict codec of the project: deterministic CBOR (RFC 8949 section 4.2.1), a small subset. Pure.

Allowed: integers of 64 bits, byte strings, text (UTF-8), arrays, maps with integer or text keys, true,
false, null. Never: floats, tags, indefinite lengths, duplicate keys, undefined. Every value has exactly one
encoding: `decode` re-encodes what it read and compares the bytes, so two readers cannot disagree about a
signed byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias

import cbor2

from ledger.errors import Malformed

Value: TypeAlias = (
    "int | bytes | str | bool | Sequence[Value] | Mapping[int, Value] | Mapping[str, Value] | None"
)

BYTES_MAX = 65_535  # a tlog-tiles entry carries a 16-bit length; no signed thing is larger than an entry
DEPTH_MAX = 8  # the deepest act has five levels
INT_MIN, INT_MAX = -(2**63), 2**63 - 1  # fits a database integer and a JavaScript BigInt64

# Tags for which cbor2 has a decoder of its own; some build dates or compile regular expressions.
_BUILT_IN_TAGS = (*range(6), 16, 18, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000)
_BUILT_IN_TAGS += (55799,)


def encode(value: Value) -> bytes:
    """The only encoding of `value`.

    Raises Malformed CBOR_TYPE, CBOR_RANGE, CBOR_DEPTH, CBOR_KEYS or CBOR_TEXT for what the subset excludes.
    """
    return cbor2.dumps(_ordered(value, DEPTH_MAX))


def byte_string(data: bytes) -> bytes:
    """As `encode(data)`, for the parts of a frame whose every byte is known (RFC 8949 section 3)."""
    size = len(data)
    if size < 24:
        return bytes((0x40 | size,)) + data
    if size < 2**8:
        return bytes((0x58, size)) + data
    if size < 2**16:
        return b"\x59" + size.to_bytes(2, "big") + data
    return b"\x5a" + size.to_bytes(4, "big") + data


def array_head(size: int) -> bytes:
    """What stands before so many encoded items in `encode` of their list (RFC 8949 section 3)."""
    if size < 24:
        return bytes((0x80 | size,))
    if size < 2**8:
        return bytes((0x98, size))
    if size < 2**16:
        return b"\x99" + size.to_bytes(2, "big")
    return b"\x9a" + size.to_bytes(4, "big")


def decode(data: bytes, *, bytes_max: int = BYTES_MAX) -> Value:
    """The value of `data`, refusing every byte string that `encode` would not have written.

    Raises Malformed CBOR_SIZE, CBOR_INVALID, CBOR_NOT_CANONICAL, and what `encode` raises.
    """
    if len(data) > bytes_max:
        raise Malformed("CBOR_SIZE", f"more than {bytes_max} bytes")
    try:
        value: Value = cbor2.loads(
            data,
            tag_hook=_refuse_tag,
            semantic_decoders=_NO_TAGS,
            max_depth=DEPTH_MAX + 1,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    except Malformed:
        raise
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Malformed("CBOR_INVALID", "not CBOR of the allowed kinds") from error
    # Where every map stands in order already, writing the value as it is writes what `encode` would.
    if (cbor2.dumps(value) if _is_ordered(value, DEPTH_MAX) else encode(value)) != data:
        raise Malformed("CBOR_NOT_CANONICAL", "not the one deterministic encoding of its value")
    return value


def decode_map(data: bytes, *, where: str) -> Mapping[str, Value]:
    """As `decode`, for a map with text keys. Raises also CBOR_NOT_A_MAP."""
    value = decode(data)
    if not isinstance(value, dict) or not all(type(key) is str for key in value):
        raise Malformed("CBOR_NOT_A_MAP", "expected a map with text keys", where=where)
    return value


def _refuse_tag(*_: object) -> NoReturn:
    raise Malformed("CBOR_TYPE", "tags are not allowed here")


_NO_TAGS: dict[int, Any] = dict.fromkeys(_BUILT_IN_TAGS, _refuse_tag)


def _key_order(key: int | str) -> tuple[int, int, bytes]:
    """Sorts as the encoded bytes do: unsigned, negative, text; by size, then by content (section 4.2.1)."""
    if type(key) is int:
        return (0, key, b"") if key >= 0 else (1, -1 - key, b"")
    if type(key) is str:
        try:
            raw = key.encode()
        except UnicodeEncodeError as error:
            raise Malformed("CBOR_TEXT", "a map key holds a lone surrogate") from error
        return (3, len(raw), raw)
    raise Malformed("CBOR_KEYS", "map keys are integers or text")


_PLAIN = frozenset({bytes, bool, type(None)})  # whatever their value is, it may stand here


def _ordered(value: Value, depth: int) -> Value:
    """`value` with every map in key order, after checking types, ranges and depth."""
    kind = type(value)
    if kind is str:
        try:
            value.isascii() or value.encode()  # type: ignore[union-attr]  # `kind` narrows it, mypy cannot see
        except UnicodeEncodeError as error:
            raise Malformed("CBOR_TEXT", "text holds a lone surrogate") from error
        return value
    if kind in _PLAIN:
        return value
    if kind is int:
        if not INT_MIN <= value <= INT_MAX:  # type: ignore[operator]
            raise Malformed("CBOR_RANGE", "an integer needs more than 64 bits")
        return value
    if depth == 0:
        raise Malformed("CBOR_DEPTH", f"nested deeper than {DEPTH_MAX}")
    if isinstance(value, list | tuple):
        return [item if type(item) in _PLAIN else _ordered(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {
            key: item if type(item := value[key]) in _PLAIN else _ordered(item, depth - 1)
            for key in _in_order(value)
        }
    raise Malformed("CBOR_TYPE", f"{kind.__name__} cannot be encoded")


def _is_ordered(value: Any, depth: int) -> bool:
    """Whether `_ordered` would give back what `cbor2` decoded as it is; False also where that is not plain.

    Looks at the kinds of a container's items all at once, which is why it exists beside `_ordered`.
    """
    kind = type(value)
    if kind is dict:
        keys, items = set(map(type, value)), value.values()
        if keys == _TEXT:
            few = len("".join(value)) <= _REMEMBERED
            if not (_text_in_order(tuple(value)) if few else list(value) == _in_order(value)):
                return False
        elif keys == _WHOLE:
            if not 0 <= min(value) <= max(value) <= INT_MAX or list(value) != sorted(value):
                return False
        elif keys:
            return False
    elif kind is list:
        items = value
    else:
        return kind in _DECODED or (kind is int and INT_MIN <= value <= INT_MAX)
    if depth == 0 or _DECODED.issuperset(map(type, items)):
        return depth > 0
    for item in items:
        kind = type(item)
        if kind is int:
            if not INT_MIN <= item <= INT_MAX:
                return False
        elif kind not in _DECODED and not _is_ordered(item, depth - 1):
            return False
    return True


_REMEMBERED = 256  # characters; longer sets of keys are nobody's acts, and would fill the memory


@lru_cache(maxsize=1_024)  # the maps of acts have few sets of keys
def _text_in_order(keys: tuple[str, ...]) -> bool:
    return list(keys) == sorted(keys, key=_key_order)


def _in_order(keys: Mapping[Any, Value]) -> list[Any]:
    """The keys as `_key_order` sorts them; the two common kinds without a call for each key."""
    kinds = set(map(type, keys))
    if kinds == _TEXT and "".join(keys).isascii():
        ordered = sorted(keys)
        ordered.sort(key=len)  # stable: of one length they stay in the order of their bytes
        return ordered
    if kinds == _WHOLE and min(keys) >= 0:
        return sorted(keys)
    return sorted(keys, key=_key_order)


_TEXT, _WHOLE = {str}, {int}
_DECODED = _PLAIN | _TEXT  # `cbor2` gives no text that is not UTF-8
