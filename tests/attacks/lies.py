"""What an attacker makes out of genuine parts: bundles with acts left out or moved, lists that lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from issuers.bundle import Bundle, BundledAct, sign_bundle
from issuers.status import BYTES, StatusList, sign_status_list
from ledger.errors import MalanError
from ledger.keys import Signer
from ledger.statement import Statement, parse_statement
from tests.verify.shown import bundle_of
from tests.world import World
from verify.trust import Trust, open_trust

ACCEPTED = "ACCEPTED"


def without(bundle: Bundle, gone: Callable[[Statement], bool]) -> tuple[BundledAct, ...]:
    """The acts of a bundle without some of them, and without the approvals of those."""
    said = [(item, parse_statement(item.statement)) for item in bundle.acts]
    hashes = {f"statement/{one.hash.hex()}" for _, one in said if gone(one)}
    return tuple(item for item, one in said if not gone(one) and one.subject not in hashes)


def postponed(bundle: Bundle, *, last: int, by_ms: int) -> tuple[BundledAct, ...]:
    """The acts with the last few told later than they were; every byte that somebody signed stays."""
    early, late = bundle.acts[:-last], bundle.acts[-last:]
    return (*early, *(replace(item, time_ms=item.time_ms + by_ms) for item in late))


def retold(world: World, acts: tuple[BundledAct, ...]) -> bytes:
    """The world's newest bundle with other acts, as whoever holds the status key can sign it."""
    return sign_bundle(replace(bundle_of(world), acts=acts), world.service["status"])


def all_valid(world: World, signer: Signer, *, ttl: int = 43_200) -> bytes:
    """Status list 1 of now, in which every certificate stands."""
    uri = "https://cert.malan.example/status/1"
    status = StatusList(uri, 1, len(world.leaves), world.now // 1000, ttl, bytes(BYTES))
    return sign_status_list(status, signer)


def update(known: Trust, raw: bytes) -> str:
    """Why a verifier that has seen `known` refuses a newer bundle, or ACCEPTED."""
    try:
        open_trust(raw, pin=known.pin)
    except MalanError as error:
        return error.code
    return ACCEPTED
