"""Next versions of a stage's certificates: asked for, signed as `malan-sign` would, sent, ended."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import httpx

from issuers.acts.reasons import ReissueReason
from issuers.sign.answers import Prepared, PreparedVersion, read_prepared_version
from issuers.sign.drafting import Speaker
from issuers.sign.drafting_certificates import Certified
from issuers.sign.drafting_versions import Change, certify_version
from tests.registry.stage import Stage, item, parcel_item
from tests.world_parts import BODY

DAY = 86_400_000


def ask(stage: Stage, certificate: bytes, version: int, who: str = "signatory") -> httpx.Response:
    body = {"batch": os.urandom(16), "version": version}
    return stage.ask(
        "/api/certificates/prepare", "certificates", who, f"certificate/{certificate.hex()}", body
    )


def prepared(stage: Stage, made: Certified, version: int = 2) -> tuple[Prepared, PreparedVersion]:
    answer = ask(stage, made.item.certificate, version)
    assert answer.status_code == 200, answer.text
    return read_prepared_version(answer.json())


def reissue(reason: ReissueReason = ReissueReason.LOST, name: str = "") -> Change:
    return Change(name, True, reason)


def sign(stage: Stage, told: tuple[Prepared, PreparedVersion], change: Change) -> Certified:
    """What `malan-sign` makes of it; without a name the one in force."""
    named = change if change.name else replace(change, name=told[0].items[0].name)
    return certify_version(
        Speaker(stage.world.people["signatory"].signer, BODY, stage.world.origin),
        *told,
        named,
        record_key=os.urandom(32),
        now_ms=stage.hands.now_ms,
        fresh=os.urandom(10),
    )


def renew(stage: Stage, made: Certified, version: int = 2, change: Change | None = None) -> Certified:
    again = sign(stage, prepared(stage, made, version), change or reissue())
    (answer,) = stage.post_batch([parcel_item(again)])
    assert answer["status"] == "appended", answer
    return again


def say(stage: Stage, kind: str, made: Certified, reason: str) -> dict[str, Any]:
    """What the signatory says of a certificate, and what the service answers."""
    subject = f"certificate/{made.item.certificate.hex()}"
    act = {"reason": reason}
    raw = stage.world.sign(kind, "signatory", subject, act, at=stage.hands.now_ms)
    (answer,) = stage.post_batch([item(raw)])
    return answer
