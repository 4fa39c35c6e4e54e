"""The trust bundle: what an offline verifier holds, signed by the status key. Pure. Bytes in `SPEC.md`.

It carries the acts themselves, so a verifier believes an issuer only through statements that lead to the
pinned genesis: the service that makes the bundle cannot invent one. What it can do is leave acts out or show
an old bundle; the checkpoint inside and the audit bound that. Which acts belong in it says `carried`; the
signers' bundle has the same form with more of them, and no status lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from issuers.authority.judge import admit
from issuers.authority.party_facts import GenesisFact, Key, ServiceKeyFact
from issuers.authority.view import MemoryView
from issuers.carried import FORMS, TRUST, Form
from issuers.shape import Hash, Range, Size, from_map, to_map
from ledger import cbor
from ledger.cose import check_sign1, parse_sign1, sign1
from ledger.errors import Malformed, Refused
from ledger.keys import Signer, public_key
from ledger.statement import parse_statement

BYTES_MAX = 16 * 2**20
LISTS_MAX = 64  # 67 million places; each is 256 KiB once it is open


@dataclass(frozen=True, slots=True)
class BundledAct:
    """A statement with its place and time in the log."""

    seq: Annotated[int, Range(0, 2**53)]
    time_ms: Annotated[int, Range(0, 2**53)]
    statement: bytes


@dataclass(frozen=True, slots=True)
class BundledList:
    """A status list CWT."""

    number: Annotated[int, Range(0, 9999)]
    token: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """`size` is the log size everything was computed at; `made_at` in seconds; `hosts` are QR origins.

    `handovers`: the checkpoints, cosigned by the former quorum, under which sets of witnesses took force.
    """

    origin: Annotated[str, Size(1, 100)]
    genesis: Hash
    size: Annotated[int, Range(1, 2**40)]
    made_at: Annotated[int, Range(0, 2**40)]
    log_vkey: Annotated[str, Size(1, 300)]
    policy: Annotated[str, Size(1, 20_000)]
    hosts: Annotated[tuple[Annotated[str, Size(1, 120)], ...], Size(1, 20)]
    acts: tuple[BundledAct, ...]
    lists: Annotated[tuple[BundledList, ...], Size(0, LISTS_MAX)]
    checkpoint: bytes
    handovers: Annotated[tuple[bytes, ...], Size(1, 1000)] | None = None


def sign_bundle(bundle: Bundle, signer: Signer, form: Form = TRUST) -> bytes:
    """The bytes of the form's file, its acts being those that the form carries."""
    payload = cbor.encode(to_map(bundle))
    return sign1(signer, content_type=form.content_type, payload=payload)


def open_bundle(raw: bytes, form: Form = TRUST) -> tuple[Bundle, MemoryView]:
    """The bundle and the facts its acts add up to; all but the lists and the checkpoint in it is checked.

    Raises Malformed BUNDLE_KIND, BUNDLE_SHAPE, BUNDLE_ACTS or BUNDLE_KEY, Refused or BadSignature from an act
    that its signer may not say. Whether its genesis is the right one only the pin of the verifier says.
    """
    message = parse_sign1(raw, bytes_max=BYTES_MAX)
    if message.content_type != form.content_type or message.claims is not None:
        raise Malformed("BUNDLE_KIND", _not_one(form, message.content_type))
    bundle = from_map(Bundle, cbor.decode(message.payload, bytes_max=BYTES_MAX), where="bundle")
    if form is not TRUST and bundle.lists:
        raise Malformed("BUNDLE_SHAPE", f"status lists do not belong in {form.file}")
    view = replay(bundle.acts, form)
    genesis = view.get(GenesisFact, "log")
    if genesis is None or not genesis.in_force:
        raise Malformed("BUNDLE_ACTS", "the acts do not begin with a genesis in force")
    if genesis.statement != bundle.genesis or genesis.origin != bundle.origin:
        raise Malformed("BUNDLE_ACTS", "the bundle names another genesis than its acts")
    if bundle.acts[-1].seq >= bundle.size:
        raise Malformed("BUNDLE_ACTS", "an act lies beyond the size of the bundle")
    key = service_key(view, "status")
    check_sign1(message, public_key(key.alg, key.spki))
    return bundle, view


def _not_one(form: Form, content_type: str | int) -> str:
    for other in FORMS:
        if content_type == other.content_type and other is not form:
            return f"this is {other.file}, where {form.file} is asked for"
    return f"not a {form.file} of a version this program knows"


def replay(acts: Iterable[BundledAct], form: Form = TRUST) -> MemoryView:
    """The facts of a run of acts, each admitted by the judge. Raises Refused, BadSignature or Malformed."""
    view = MemoryView()
    last, said = -1, set[bytes]()
    for item in acts:
        statement = parse_statement(item.statement)
        if item.seq <= last or statement.kind not in form.kinds or statement.cti in said:
            raise Malformed("BUNDLE_ACTS", "acts out of order, twice, or of a kind a bundle does not carry")
        said.add(statement.cti)
        last = item.seq
        view.put(admit(view, statement, seq=item.seq, time_ms=item.time_ms))
    return view


def acts_hash(bundle: Bundle, size: int) -> bytes:
    """SHA-256 over the CBOR list of [seq, time_ms, statement] of the bundled acts with seq below `size`."""
    acts: list[cbor.Value] = [[one.seq, one.time_ms, one.statement] for one in bundle.acts if one.seq < size]
    return sha256(cbor.encode(acts)).digest()


def service_key(view: MemoryView, purpose: str) -> Key:
    """The service's key in force for a purpose. Raises Refused SERVICE_KEY_MISSING."""
    fact = view.get(ServiceKeyFact, purpose)
    key = view.get(Key, fact.kid.hex()) if fact is not None else None
    if key is None or key.revoked_seq is not None:
        raise Refused("SERVICE_KEY_MISSING", f"the log names no {purpose} key in force")
    return key
