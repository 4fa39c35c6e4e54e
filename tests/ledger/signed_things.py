"""One honest example of everything this project signs, with its reader, for crossing tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from issuers.bundle import open_bundle
from issuers.credential import parse_credential
from issuers.enrolment import open_enrolment
from issuers.request import parse_request, sign_request
from issuers.status import open_status_list
from ledger.cose import Claims
from ledger.receipt import open_receipt
from ledger.statement import parse_statement
from tests.world import World
from tests.world_parts import seeded


@lru_cache(maxsize=1)
def world() -> World:
    """A small world that has issued certificates."""
    return World.founded().with_standard().with_class().with_results().with_certificates()


@lru_cache(maxsize=1)
def examples() -> dict[str, bytes]:
    """Honest bytes by their kind."""
    made = world()
    officer = made.people["signatory"]
    claims = Claims(officer.party, f"class/{'00' * 16}", made.origin, made.now // 1000, seeded("cti", 16))
    return {
        "statement": made.said[-1].raw,
        "enrolment": made.enrol(officer),
        "credential": made.credentials[0],
        "request": sign_request(officer.signer, name="evidence", claims=claims, body={}),
        "receipt": made.receipt(3),
        "status list": made.status_list(),
        "bundle": made.bundle(),
    }


READERS: dict[str, Callable[[bytes], object]] = {
    "statement": parse_statement,
    "enrolment": open_enrolment,
    "credential": parse_credential,
    "request": lambda raw: parse_request(raw, name="evidence"),
    "receipt": lambda raw: open_receipt(raw, world().service["receipt"].public),
    "status list": lambda raw: open_status_list(raw, world().service["status"].public),
    "bundle": open_bundle,
}
