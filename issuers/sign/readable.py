"""Statements as a person reads them, and acts as a person writes them: JSON on both sides. Pure.

Promises: what is shown is decoded from the very bytes to be signed, not from what was typed; a body typed as
JSON is read under the shape of its kind, bytes as hex, days as YYYY-MM-DD, and nothing else passes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from issuers.acts import KINDS
from issuers.acts.words import COMMITTED
from issuers.authority.case import SHANGHAI
from issuers.enrolment import open_enrolment
from issuers.json_in import to_cbor_map
from issuers.shape import from_map, to_map
from ledger import cbor
from ledger.errors import MalanError, Malformed
from ledger.statement import Statement

# Where a command of its own signs the act, together with the openings that travel beside it.
_COMMANDS = {
    "roster": "roster",
    "sheet": "evaluate",
    "certificate-issued": "issue",
    "number-voided": "void",
    "claim-submitted": "claim",
    "genesis": "genesis",
    "approve": "approve",
}


def act_body(kind: str, document: Mapping[str, Any]) -> dict[str, cbor.Value]:
    """The body of an act of version 1 typed as JSON.

    Raises Malformed ACT_UNKNOWN, ACT_COMMAND (an act with openings has a command of its own), HEX_FORM, or of
    its shape.
    """
    shape = KINDS.get((kind, 1))
    if shape is None:
        known = ", ".join(sorted(name for name, _ in KINDS if name not in _COMMANDS))
        raise Malformed("ACT_UNKNOWN", "there is no act of this kind", fix=f"One of: {known}.")
    if kind in COMMITTED or kind in _COMMANDS:
        fix = f"Use malan-sign {_COMMANDS[kind]}."
        raise Malformed("ACT_COMMAND", "this act has a command of its own", where=kind, fix=fix)
    return to_map(from_map(shape, to_cbor_map(shape, document, where=kind), where=kind))


def readable(statement: Statement) -> dict[str, Any]:
    """Who says what of whom, when: values as JSON, enrolments opened, every text safe for a terminal."""
    body = {name: _shown(name, value) for name, value in statement.body.items()}
    return {
        "kind": f"{statement.kind} v{statement.version}",
        "party": statement.issuer,
        "subject": statement.subject,
        "log": statement.audience,
        "said at": shanghai_time(statement.issued_at),
        "key": statement.kid.hex(),
        "body": body,
        "hash": statement.hash.hex(),
    }


def shanghai_time(seconds: int) -> str:
    """Seconds since 1970 as a Shanghai time, to the second."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(SHANGHAI).isoformat(sep=" ")


def plain_text(text: str) -> str:
    """The text with every control and format character written out, so that it cannot steer a terminal."""
    return "".join(
        f"\\u{ord(character):04x}" if unicodedata.category(character).startswith("C") else character
        for character in text
    )


def _shown(name: str, value: cbor.Value) -> Any:
    if name == "enrolment" and isinstance(value, bytes):
        return _enrolment(value)
    if name == "entries" and isinstance(value, list):
        return f"{len(value)} commitment(s)"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, Mapping):
        return {plain_text(str(key)): _shown(str(key), item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(name, item) for item in value]
    return value


def _enrolment(raw: bytes) -> Any:
    try:
        key, claims = open_enrolment(raw)
    except MalanError as error:
        return f"not an enrolment ({error.code})"
    return {"key": key.kid.hex(), "for": f"{claims.iss} {claims.sub}", "made at": shanghai_time(claims.iat)}
