"""What the tests of a check have in common: one world, its trust, and ways to show a credential to it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest

from issuers.bundle import Bundle, open_bundle, sign_bundle
from issuers.credential import Credential, parse_credential, sign_credential
from issuers.identifiers.numbers import make_number, parse_number
from issuers.qr import make_text
from ledger.errors import MalanError
from ledger.keys import Signer
from ledger.leaf import Leaf, encode_leaf, leaf_hash
from ledger.statement import parse_statement
from tests.world import World
from tests.world_parts import HOST
from verify.check import check
from verify.evidence import Evidence
from verify.trust import Pin, Trust, open_trust
from verify.verdict import StepResult, Verdict

CODE = "007"
"""Of the body that issues, in its certificates' numbers."""


@lru_cache(maxsize=1)
def _issued() -> World:
    return World.founded().with_standard().with_class().with_results().with_certificates()


def issued_world() -> World:
    """A world with certificates, a copy that may go its own way."""
    return _issued().copy()


def trust_of(world: World) -> Trust:
    """The pinned trust in the world's bundle."""
    return open_trust(world.bundle(), pin=Pin(world.said[0].hash))


def now_of(world: World) -> int:
    """The world's time in seconds."""
    return world.now // 1000


def show(world: World, place: int = 0, *, trust: Trust | None = None, **options: Any) -> Verdict:
    """The verdict on a certificate of the world by its QR text; `options` are those of evidence and check."""
    text = options.pop("text", world.qr_texts[place])
    return show_evidence(world, {"text": text}, trust=trust, **options)


def show_file(world: World, credential: bytes, *, trust: Trust | None = None, **options: Any) -> Verdict:
    """The verdict on the bytes of a credential file."""
    return show_evidence(world, {"credential": credential}, trust=trust, **options)


def show_evidence(
    world: World, what: dict[str, Any], *, trust: Trust | None = None, **options: Any
) -> Verdict:
    """As `show`, for either kind of evidence."""
    given = {name: options.pop(name) for name in ("proof", "asked_log", "life") if name in options}
    options.setdefault("now", now_of(world))
    return check(Evidence(**what, **given), trust or trust_of(world), **options)


def proof_of(world: World, place: int = 0, **options: Any) -> bytes:
    """The proof of a certificate's leaf."""
    return world.proof(world.certificates[place].seq, **options)


def claims_of(world: World, place: int = 0) -> Credential:
    """What a certificate's credential says."""
    return parse_credential(world.credentials[place]).claims


def resigned(world: World, who: str = "signatory", place: int = 0, **changed: Any) -> bytes:
    """A credential like a certificate's own, changed, and signed by `who`."""
    return sign_credential(replace(claims_of(world, place), **changed), world.people[who].signer)


def number_of(world: World, place: int = 0, **changed: Any) -> str:
    """A certificate's number, changed."""
    return make_number(replace(parse_number(claims_of(world, place).number), **changed))


def text_of(credential: bytes, *, code: str | None = None, host: str = HOST) -> str:
    """The QR text of a credential, with its own code unless another is given."""
    return make_text(host=host, code=code or parse_credential(credential).claims.code, credential=credential)


def step(verdict: Verdict, number: int) -> tuple[StepResult, str]:
    """Result and code of a step."""
    found = verdict.steps[number - 1]
    assert found.number == number
    return found.result, found.code


def bundle_with(world: World, signer: Signer | None = None, **changed: Any) -> bytes:
    """The world's bundle, changed, and signed by the status key or another."""
    bundle, _ = open_bundle(world.bundle())
    return sign_bundle(replace(bundle, **changed), signer or world.service["status"])


def bundle_of(world: World) -> Bundle:
    """The world's bundle as values."""
    return open_bundle(world.bundle())[0]


def smuggle(world: World, statement: bytes, *, time_ms: int | None = None) -> int:
    """Appends a leaf without asking the judge, as a service could that lies; gives its place."""
    seq, at = len(world.leaves), world.now if time_ms is None else time_ms
    world.leaves.append(encode_leaf(Leaf(seq, at, leaf_hash(world.leaves[-1]), statement)))
    world.times.append(at)
    world.said.append(parse_statement(statement))
    world.now = max(world.now, at) + 1000
    return seq


def refused(code: str, raw: bytes, pin: Pin | None = None) -> None:
    """The bundle, or the part of its body, is not opened, and for this reason."""
    with pytest.raises(MalanError) as caught:
        open_trust(raw, pin=pin).of(CODE)
    assert caught.value.code == code
