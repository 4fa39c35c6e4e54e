"""Door: an entry of the log as a supervisor reads it: what, where, when, by whom, under which duty.

Promises nothing that is not in the entry itself or in the log's facts about its signer; no personal data:
an act is shown by kind, place, party and staff id.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from issuers.acts.words import Duty
from issuers.authority.party_facts import Key, Officer, Party, officer_key
from issuers.authority.table import TABLE
from ledger.leaf import Leaf, parse_leaf
from ledger.statement import Statement, parse_statement
from ledger.store import find_by_hash, read_leaves
from registry.storage.facts import TableView
from registry.storage.places import leaves_about
from verify.audit.labels import ACTS


@dataclass(frozen=True, slots=True)
class Said:
    """A statement in its place."""

    leaf: Leaf
    statement: Statement


def read_said(data: bytes) -> Said:
    """The entry in leaf bytes."""
    leaf = parse_leaf(data)
    return Said(leaf, parse_statement(leaf.statement))


def said_at(connection: sa.Connection, seq: int) -> Said:
    """The entry at a place. Raises ProofFailed STORE_GAP."""
    return read_said(read_leaves(connection, seq, seq + 1)[0])


def said_as(connection: sa.Connection, statement: bytes) -> Said | None:
    """The entry of the statement with this hash."""
    data = find_by_hash(connection, statement)
    return None if data is None else read_said(data)


def said_about(connection: sa.Connection, subject: str) -> list[Said]:
    """What was said about a subject that is no class, in order."""
    return [read_said(data) for data in leaves_about(connection, subject)]


def shown(connection: sa.Connection, view: TableView, said: Said, *, published: int) -> dict[str, object]:
    """One entry. `proof` is where its leaf and proof are served, None until it is published."""
    statement, leaf = said.statement, said.leaf
    approvals = said_about(connection, f"statement/{statement.hash.hex()}") if _needs_two(statement) else []
    return {
        "kind": statement.kind,
        "zh": ACTS.get(statement.kind, statement.kind),
        "seq": leaf.seq,
        "time_ms": leaf.time_ms,
        "said_by": speaker(view, statement),
        "approved_by": [{"seq": one.leaf.seq, **speaker(view, one.statement)} for one in approvals],
        "statement": statement.hash.hex(),
        "proof": f"/log/proof/{leaf.seq}" if leaf.seq < published else None,
    }


def speaker(view: TableView, statement: Statement) -> dict[str, object]:
    """Party, staff id and duty of whoever signed; the duty is one that appointment and rules share."""
    party, key = view.get(Party, statement.issuer), view.get(Key, statement.kid.hex())
    staff = None if key is None else key.staff
    duty = None if party is None or staff is None else _duty(view, party, staff, statement.kind)
    return {
        "party": statement.issuer,
        "zh": statement.issuer if party is None else party.name,
        "en": statement.issuer if party is None else party.name_en,
        "staff": None if staff is None else staff.hex(),
        "duty": None if duty is None else duty.value,
    }


def party_shown(view: TableView, party: str) -> dict[str, object]:
    """A party by id and names."""
    known = view.get(Party, party)
    return {
        "id": party,
        "zh": party if known is None else known.name,
        "en": party if known is None else known.name_en,
    }


def _duty(view: TableView, party: Party, staff: bytes, kind: str) -> Duty | None:
    rows = [row.duty for row in TABLE.get(kind, ()) if party.role in row.roles]
    if len(rows) == 1:
        return rows[0]
    officer = view.get(Officer, officer_key(party.id, staff))
    return next((duty for duty in rows if officer is not None and duty in officer.duties), None)


def _needs_two(statement: Statement) -> bool:
    return any(row.approval for row in TABLE.get(statement.kind, ()))
