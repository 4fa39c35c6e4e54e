"""What the fake service writes into its answers: the documents a signer needs before signing."""

from __future__ import annotations

from typing import Any

from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import CertificateFact
from issuers.identifiers.codes import CertificateNumber, make_number
from tests.world import World
from tests.world_parts import HOST, PROJECT, STANDARD, seeded
from tests.world_steps import said_of_class


def certificate_number(world: World, sequence: int) -> str:
    """The printed number of the n-th certificate this year."""
    number = CertificateNumber(
        kind=STANDARD.kind,
        district="310104",
        year2=shanghai_date(world.now).year % 100,
        stage=STANDARD.stage,
        project3=int(PROJECT),
        issuer3=7,
        sequence6=sequence,
    )
    return make_number(number)


def decision() -> dict[str, Any]:
    """Whoever asks is eligible."""
    finding = {"rule": 1, "answer": "PASS", "code": "ROLE", "zh": "身份符合", "en": "role fits"}
    return {"outcome": "eligible", "findings": [finding], "amount_fen": 180_000, "unconfirmed": True}


def document(world: World, body: Any, items: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer to prepare certificates or a version, but for what is said of the version."""
    (evaluation,) = said_of_class(world, "evaluation-confirmed")
    return {
        "class": world.class_id.hex(),
        "evaluation": evaluation.hex(),
        "batch": body["batch"].hex(),
        "expires_ms": world.now + 72 * 3_600_000,
        "host": HOST,
        "origin": world.origin,
        "kind": STANDARD.kind.value,
        "stage": STANDARD.stage,
        "project": PROJECT,
        "standard": STANDARD.id,
        "course": STANDARD.title,
        "course_en": STANDARD.title_en,
        "hours": STANDARD.hours,
        "institution_name": "青木创业培训学校",
        "body_name": "申蓝评价管理服务中心",
        "items": items,
    }


def prepared_claim(world: World, body: Any) -> dict[str, Any]:
    """The answer to prepare a claim: always eligible, for the first certificate."""
    person = body["id_number"]
    (fact, *_) = world.view.all(CertificateFact)
    return {
        **decision(),
        "claim": seeded(f"claim {len(world.leaves)}", 16).hex(),
        "certificate": fact.id.hex(),
        "project": fact.project,
        "district": "district-310104",
        "policy": "demo-2026",
        "project_nullifier": seeded(f"project {person}", 32).hex(),
        "slot_nullifier": seeded(f"slot {person}", 32).hex(),
    }
