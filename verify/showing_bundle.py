"""A bundle, its acts, its lists and its checkpoint as readable JSON: what stands in the bytes. Pure.

As `showing`: nothing is verified.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from issuers.bundle import BYTES_MAX, Bundle
from issuers.bundled_acts import BundledAct
from issuers.carried import TRUST
from issuers.shape import from_map
from issuers.status import BYTES as STATUS_BYTES
from ledger import cbor
from ledger.checkpoint import parse_checkpoint
from ledger.cose import Sign1, parse_sign1
from ledger.errors import Malformed
from ledger.note import encode_base64, parse_note
from ledger.statement import Statement, parse_statement
from verify.times import instant

Document: TypeAlias = dict[str, Any]

_VALUES: Final = ("valid", "revoked", "suspended", "superseded")


def show_bundle(message: Sign1) -> Document:
    """A bundle of either form. Raises as `issuers.shape.from_map`."""
    bundle = from_map(Bundle, cbor.decode(message.payload, bytes_max=BYTES_MAX), where="bundle")
    return {
        "type": "bundle" if message.content_type == TRUST.content_type else "signers' bundle",
        "origin": bundle.origin,
        "genesis": bundle.genesis.hex(),
        "size": bundle.size,
        "made_at": instant(bundle.made_at),
        "hosts": list(bundle.hosts),
        "log_vkey": bundle.log_vkey,
        "policy": bundle.policy.split("\n"),
        "checkpoint": show_checkpoint(bundle.checkpoint),
        "acts": show_acts(bundle.acts),
        "bodies": [{"code": one.code, "acts": one.acts.hex()} for one in bundle.bodies or ()],
        "lists": [
            {"number": item.number, **show_status_list(parse_sign1(item.token))} for item in bundle.lists
        ],
    }


def show_acts(acts: Iterable[BundledAct]) -> list[Document]:
    """Place, time and a line about each."""
    return [
        {"seq": act.seq, "time": millis(act.time_ms), **_brief(parse_statement(act.statement))}
        for act in acts
    ]


def show_status_list(message: Sign1) -> Document:
    """How many places of the list have each value. Raises Malformed STATUS_SHAPE."""
    match cbor.decode(message.payload):
        case {2: str(uri), 6: int(at), 65533: dict(inner), 65534: int(ttl), -70002: [number, size]}:
            packed = inner.get("lst")
        case _:
            raise Malformed("STATUS_SHAPE", "not a status list of this project")
    return {
        "type": "status list",
        "uri": uri,
        "list": number,
        "size": size,
        "issued_at": instant(at),
        "ttl": ttl,
        "places": _places(packed if isinstance(packed, bytes) else b""),
    }


def show_checkpoint(data: bytes) -> Document:
    """The note of a checkpoint. Raises what its readers raise."""
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    lines = [{"name": line.name, "key_id": line.key_id.hex()} for line in note.signatures]
    return {
        "type": "checkpoint",
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": encode_base64(checkpoint.root),
        "signatures": lines,
    }


def millis(time_ms: int) -> str:
    """An instant of the log."""
    return instant(time_ms // 1000)


def _brief(statement: Statement) -> Document:
    return {
        "kind": statement.kind,
        "issuer": statement.issuer,
        "subject": statement.subject,
        "kid": statement.kid.hex(),
        "hash": statement.hash.hex(),
    }


def _places(packed: bytes) -> Document:
    """How many places have each value; at most the bytes of a list are inflated."""
    try:
        bits = zlib.decompressobj().decompress(packed, STATUS_BYTES)
    except zlib.error as error:
        raise Malformed("STATUS_SHAPE", "the list does not inflate") from error
    found = dict.fromkeys(_VALUES, 0)
    for byte, count in Counter(bits).items():
        for place in range(4):
            found[_VALUES[byte >> 2 * place & 3]] += count
    return found
