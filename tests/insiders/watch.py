"""Who notices? Everybody looks with the product's own tools; each alarm is put down to the detector it is of.

The operator's side: `malan fsck` and the boot gate. Outside it: `malan-verify audit` by a district with its
kept checkpoint and the evidence of the class, `malan-sign receipts check --log` by the body, and
`malan-verify witness pull --mirror`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from functools import lru_cache
from typing import Any

import pytest
import sqlalchemy as sa

from issuers import bundle, evidence
from issuers.authority import judge
from issuers.sign.desk import receipts
from ledger.errors import MalanError
from registry.fsck import published, rows, sealed
from registry.fsck.run import check
from registry.persons.evidence import export_for_operator
from registry.published.boot_gate import check_not_ahead
from registry.storage.database import Database
from registry.storage.engines.interface import Schema
from tests.insiders.scene import Scene
from verify.audit import replay, since, status
from verify.audit.findings import Severity
from verify.audit.run import Asked, audit
from verify.source import DirectorySource
from verify.witness import pulling


class Detector(StrEnum):
    """The nine of A.3: three inside the operator's reach, six that matter."""

    CHAIN = "self chain"
    SIGNATURE = "server signature"
    HEADS = "operator's heads"
    CLIENT = "client signatures"
    COMMITMENTS = "commitments"
    PROJECTION = "projection replay"
    RECEIPTS = "receipts"
    TIME = "time bounds"
    WITNESS = "witness"


INSIDE = (Detector.CHAIN, Detector.SIGNATURE, Detector.HEADS)
SIX = tuple(one for one in Detector if one not in INSIDE)

# What fsck and the audit say, by detector. A code that is not here fails the test that met it.
CODES: Mapping[Detector, frozenset[str]] = {
    Detector.CHAIN: frozenset(
        {
            *("LEAF_HASH", "LEAF_PREV", "LEAF_SEQ", "LEAF_GAP", "LEAF_COLUMNS", "FILE_DIFFERS"),
            *(
                "FILE_MISSING",
                "FILE_LEFTOVER_DIFFERS",
                "ENTRY_ALTERED",
                "ENTRY_AND_TILE_DIFFER",
                "TILE_DIFFERS",
            ),
        }
    ),
    Detector.SIGNATURE: frozenset({"ROOT_MISMATCH", "LOG_SIGNATURE_MISSING", "CHECKPOINT_BROKEN"}),
    Detector.HEADS: frozenset({"ROOT_DIFFERS", "LOG_AHEAD", "TRUST_AHEAD", "TRUST_FORK"}),
    Detector.CLIENT: frozenset({"SIGNATURE_BAD", "STATEMENT_TWICE"}),
    Detector.COMMITMENTS: frozenset(
        {
            *("OPENING_BROKEN", "OPENING_MISSING", "OPENING_EXTRA"),
            *("OPENING_MISMATCH", "OPENINGS_COUNT", "CERTIFICATE_NAME_OTHER"),
        }
    ),
    Detector.PROJECTION: frozenset(
        {
            *("FACT_DIFFERS", "FACT_EXTRA", "FACT_MISSING", "FACT_SEQ", "BUNDLED_DIFFERS"),
            *("CLASS_ENTRY_DIFFERS", "NAMED_ENTRY_DIFFERS", "HOLD_EXTRA", "HOLD_MISSING", "HOLD_DIFFERS"),
            *("OPEN_CLAIM_EXTRA", "OPEN_CLAIM_MISSING", "CREDENTIAL_DIFFERS", "CREDENTIAL_EXTRA"),
            *("RESERVATION_DIFFERS", "BUNDLE_DIFFERS", "LIST_DIFFERS", "STATUS_LIST_DIFFERS"),
        }
    ),
    Detector.TIME: frozenset({"STATEMENT_TIME", "LEAF_TIME", "ENTRY_BACKDATED", "ENTRY_POSTDATED"}),
    Detector.WITNESS: frozenset({"SINCE_FORK", "SINCE_LARGER"}),
}
_REFUSED = re.compile(r"the judge refuses it: ([A-Z_]+)")

Seen = dict[str, frozenset[str]]
"""Codes by who says them; whoever has nothing to say is not in it."""


def look(scene: Scene, *, who: Collection[str]) -> Seen:
    """What these say, a day after whatever was done."""
    scene.stage.hands.set(scene.stage.hands.now_ms + 25 * 3_600_000)
    told = {name: frozenset(EVERYBODY[name](scene)) for name in who}
    return {name: codes for name, codes in told.items() if codes}


def detectors(seen: Mapping[str, Collection[str]]) -> set[Detector]:
    """To which an alarm of these belongs."""
    return {_detector(name, code) for name, codes in seen.items() for code in codes}


def _detector(who: str, code: str) -> Detector:
    if who in _WHOLE:
        return _WHOLE[who]
    found = [detector for detector, codes in CODES.items() if code in codes]
    assert len(found) == 1, f"{code} is of no detector, or of several"
    return found[0]


def _fsck(scene: Scene) -> Iterator[str]:
    for one in check(scene.stage.service).departures:
        refused = _REFUSED.fullmatch(one.what)
        yield one.code if refused is None else refused[1]


def _gate(scene: Scene) -> Iterator[str]:
    try:
        check_not_ahead(scene.stage.service)
    except MalanError as error:
        yield error.code


def _audit(scene: Scene) -> Iterator[str]:
    try:
        told = export_for_operator(scene.stage.service, scene.stage.world.class_id)
    except MalanError as error:
        yield error.code
        told = b""
    asked = Asked(
        at_ms=scene.stage.hands.now_ms,
        trust=(scene.shown / "trust.cbor").read_bytes(),
        acts=(scene.shown / "acts.cbor").read_bytes(),
        since=scene.kept(),
        evidence=(told,) if told else (),
        policy=scene.policy(),
        genesis=scene.genesis,
    )
    report = audit(DirectorySource(scene.shown / "log"), asked)
    yield from (one.code for one in report.findings if one.severity is Severity.DEPARTURE)


def _receipts(scene: Scene) -> Iterator[str]:
    if not scene.receipts:
        return
    with scene.body() as desk:
        try:
            report = receipts.check_receipts(desk, ask_log=True)
        except MalanError as error:
            yield error.code
            return
    assert report.checked > 0
    yield from (error.code for _, error in report.broken)


def _witness(scene: Scene) -> Iterator[str]:
    try:
        scene.cosign()
    except MalanError as error:
        yield error.code


EVERYBODY: Mapping[str, Callable[[Scene], Iterator[str]]] = {
    "fsck": _fsck,
    "gate": _gate,
    "audit": _audit,
    "receipts": _receipts,
    "witness": _witness,
}
OPERATOR = ("fsck", "gate")
_WHOLE = {"gate": Detector.HEADS, "receipts": Detector.RECEIPTS, "witness": Detector.WITNESS}


@contextmanager
def once_each() -> Iterator[None]:
    """Bundles are replayed and schemas built once for the same input: four of five readers ask the same."""
    replayed = lru_cache(maxsize=64)(bundle.replay)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "replay", lambda acts, *form, **_: replayed(tuple(acts), *form))
        build, built = Database.schema_built_by, dict[str, Schema]()

        def kept(database: Database, migrations: Callable[[sa.Connection], None]) -> Schema:
            kind = database.reader.dialect.name
            if kind not in built:
                built[kind] = build(database, migrations)
            return built[kind]

        patch.setattr(Database, "schema_built_by", kept)
        yield


class _Forgetful(dict[bytes, int]):
    """Remembers no id it was told."""

    def setdefault(self, key: bytes, default: int = 0, /) -> int:
        return default


def _silent(*_values: Any, **_named: Any) -> Iterator[Any]:
    return iter(())


def _accept(*_values: Any, **_named: Any) -> None:
    return None


def _no_client_signatures(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(judge, "check_statement", _accept)
    made = replay.Replay.__init__

    def forgetful(self: replay.Replay) -> None:
        made(self)
        self._ctis = _Forgetful()

    patch.setattr(replay.Replay, "__init__", forgetful)


def _no_commitments(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sealed, "check_opening", _accept)
    patch.setattr(evidence, "check_opening", _accept)  # for the audit


def _no_projection_replay(patch: pytest.MonkeyPatch) -> None:
    for name in ("facts", "places", "holds", "open_claims", "reservations", "credentials"):
        patch.setattr(rows, f"check_{name}", _silent)
    patch.setattr(sealed, "check_credentials", _silent)
    patch.setattr(published, "check_bundle", _silent)
    patch.setattr(status.StatusCheck, "take", _accept)
    patch.setattr(status.StatusCheck, "_check_lists", _accept)


def _no_receipts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(receipts, "check_item_proof", _accept)
    patch.setattr(receipts, "DUE_MS", 10**15)


def _no_time_bounds(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(judge, "SKEW_MAX_MS", 10**15)
    patch.setattr(since, "CLOCKS_APART_MS", 10**15)


def _no_witness(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pulling, "pull", _accept)
    patch.setattr(Scene, "cosign", _accept)
    real = since.check_since

    def unmoved(*values: Any, **named: Any) -> Any:
        return real(*values, **{**named, "findings": since.Findings()})

    patch.setattr(since, "check_since", unmoved)


WITHOUT: Mapping[Detector, Callable[[pytest.MonkeyPatch], None]] = {
    Detector.CLIENT: _no_client_signatures,
    Detector.COMMITMENTS: _no_commitments,
    Detector.PROJECTION: _no_projection_replay,
    Detector.RECEIPTS: _no_receipts,
    Detector.TIME: _no_time_bounds,
    Detector.WITNESS: _no_witness,
}
"""What takes a detector out of the product, wherever it looks."""
