"""Witnesses of a stage: appointed by two officers of the city, and lines as they would sign them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import httpx

from issuers.acts.parties import WitnessSet
from ledger.checkpoint import Cosigner, cosign
from ledger.note import Note, parse_note
from ledger.statement import parse_statement
from tests.registry.stage import Stage
from tests.world_stages import witness_set

TEXT = {"content-type": "text/plain; charset=utf-8"}


def appoint(stage: Stage, urls: Mapping[int, str] | None = None, **chosen: int) -> None:
    """Two officers of the city appoint witnesses, now, some with an address; published."""
    world = stage.world
    world.now = stage.hands.now_ms
    act: WitnessSet = witness_set(world, **chosen)
    named = (replace(one, url=(urls or {}).get(place)) for place, one in enumerate(act.witnesses))
    act = replace(act, witnesses=tuple(named))
    statement = world.sign("witness-set", "root-1", "log", act)
    answer = stage.post(statement)
    assert answer.status_code == 200, answer.text
    subject = f"statement/{parse_statement(statement).hash.hex()}"
    assert stage.post(world.sign("approve", "root-2", subject, {})).status_code == 200
    stage.publish()


def cosigned(stage: Stage, signers: Sequence[Cosigner], *, note: bytes | None = None) -> bytes:
    """The published checkpoint with lines of these alone."""
    text = parse_note(note or stage.service.log.checkpoint()).text
    time = stage.hands.now_ms // 1000
    return Note(text, tuple(cosign(text, one, time=time) for one in signers)).render()


def bring(stage: Stage, note: bytes) -> httpx.Response:
    return stage.client.post("/api/cosignatures", content=note, headers=TEXT)
