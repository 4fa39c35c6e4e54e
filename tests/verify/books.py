"""The auditor's books with the judge asleep: what they say of a forged log."""

from __future__ import annotations

from typing import Any

import pytest

from issuers.authority import judge
from issuers.authority.view import MemoryView
from ledger.errors import MalanError
from ledger.statement import Statement
from tests.verify.logs import codes, forge, look, said_in
from tests.world import World
from verify.audit import replay, rules

HOUR_MS = 3_600_000
# Every code the books have: nothing else may be said where only they are awake.
BOOKS = {
    "EVALUATION_TWICE",
    "SHEET_NOT_LOGGED",
    "SHEET_LEFT_ASIDE",
    "EVALUATORS_TOO_FEW",
    "EVALUATOR_ANSWERS",
    "CERTIFICATE_UNFOUNDED",
    "NUMBER_TWICE",
    "CREDENTIAL_TWICE",
    "CERTIFICATE_CAME_BACK",
    "STATUS_SLOT_TWICE",
    "NULLIFIER_TWICE",
    "NUMBER_OUTSTANDING",
}


def no_judge(view: MemoryView, statement: Statement, **place: Any) -> Any:
    """Lets everything pass; the facts it can make are made."""
    try:
        return judge.admit(view, statement, **place)
    except MalanError:
        return []


def told(world: World, monkeypatch: pytest.MonkeyPatch, *more: bytes, at: int | None = None) -> list[str]:
    """What the books say with the judge asleep, after checking that nothing is said with both asleep."""
    forged = forge(world, [*said_in(world), *((world.now, raw) for raw in more)])
    monkeypatch.setattr(replay, "admit", no_judge)
    asked = {} if at is None else {"at_ms": at}
    found = codes(look(forged, **asked))
    with monkeypatch.context() as blind:
        blind.setattr(rules.Rules, "take", lambda *_, **__: None)
        blind.setattr(rules.Rules, "close", lambda *_, **__: None)
        assert codes(look(forged, **asked)) == []
    assert set(found) <= BOOKS
    return found


def signed(world: World, kind: str, act: object, *, signer: str = "signatory", subject: str = "") -> bytes:
    """An act of the signatory unless told otherwise, about a certificate nobody has unless told of what."""
    return world.sign(kind, signer, subject or f"certificate/{world.draw(16).hex()}", act)
