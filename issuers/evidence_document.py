"""The document that carries the evidence of a class: its statements and openings, as JSON. Pure.

    {"v":1,"class":hex,"statements":[{"seq":n,"time_ms":n,"statement":base64url,"openings":[base64url,...]},...]}

Statements stand in log order, openings in the order of the entries; an empty one says that its person was
erased, and no openings at all mean that the reader may not see them. Promises the form only;
`issuers.evidence` opens what is in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from issuers.base64url import from_b64, to_b64
from issuers.json_in import from_hex, read_object
from ledger.errors import Malformed
from ledger.leaf import STATEMENT_BYTES_MAX

DOCUMENT_BYTES_MAX: Final = 64 * 2**20  # 200 trainees, 20 sheets and 200 certificates need 5 MiB
STATEMENTS_MAX: Final = 1_000
OPENINGS_MAX: Final = 200  # the entries an act may have
OPENING_BYTES_MAX: Final = 4_096
_INT_MAX: Final = 2**53  # what every JSON reader keeps exact


@dataclass(frozen=True, slots=True)
class EvidenceStatement:
    """A statement in its place, `time_ms` the leaf's; `openings[i]` opens entry i of the act, or is empty."""

    seq: int
    time_ms: int
    statement: bytes
    openings: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What somebody may see of a class, in log order. `class_id` has 16 bytes."""

    class_id: bytes
    statements: tuple[EvidenceStatement, ...]


def to_json(evidence: Evidence) -> bytes:
    """The document, UTF-8."""
    statements = [
        {
            "seq": item.seq,
            "time_ms": item.time_ms,
            "statement": to_b64(item.statement),
            "openings": [to_b64(opening) for opening in item.openings],
        }
        for item in evidence.statements
    ]
    document = {"v": 1, "class": evidence.class_id.hex(), "statements": statements}
    return json.dumps(document, separators=(",", ":")).encode()


def from_json(data: bytes) -> Evidence:
    """The evidence in a document, well-formed but not yet opened or checked against a log.

    Raises Malformed JSON_SIZE, JSON_FORM, HEX_FORM, BASE64URL, EVIDENCE_SHAPE, EVIDENCE_ORDER
    or EVIDENCE_SPELLING.
    """
    match read_object(data, where="evidence", bytes_max=DOCUMENT_BYTES_MAX):
        case {"v": 1 as version, "class": str(name), "statements": list(items), **rest} if not rest:
            class_id = from_hex(name, where="class", size=16)
        case _:
            raise _bad_shape("document")
    if type(version) is not int or len(items) > STATEMENTS_MAX:
        raise _bad_shape("v" if type(version) is not int else "statements")
    statements = tuple(_statement_of(item, f"statements[{place}]") for place, item in enumerate(items))
    places = [item.seq for item in statements]
    if places != sorted(set(places)):
        raise Malformed("EVIDENCE_ORDER", "statements stand in log order, each once", where="statements")
    evidence = Evidence(class_id, statements)
    if to_json(evidence) != data.rstrip(b"\n"):  # a shell's redirect ends the file with a line feed
        raise Malformed("EVIDENCE_SPELLING", "the document is not spelled as this program writes it")
    return evidence


def _statement_of(value: object, where: str) -> EvidenceStatement:
    match value:
        case {"seq": seq, "time_ms": time_ms, "statement": statement, "openings": list(openings), **rest}:
            if rest or len(openings) > OPENINGS_MAX:
                raise _bad_shape(where)
        case _:
            raise _bad_shape(where)
    for number in (seq, time_ms):
        if type(number) is not int or not 0 <= number <= _INT_MAX:
            raise _bad_shape(where)
    raw = from_b64(statement, bytes_max=STATEMENT_BYTES_MAX, where=f"{where}.statement")
    opened = [from_b64(one, bytes_max=OPENING_BYTES_MAX, where=f"{where}.openings") for one in openings]
    return EvidenceStatement(seq, time_ms, raw, tuple(opened))


def _bad_shape(where: str) -> Malformed:
    return Malformed("EVIDENCE_SHAPE", "the document has not the form of evidence", where=where)
