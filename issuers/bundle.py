"""The trust bundle: what an offline verifier holds, signed by the status key. Pure. Bytes in `SPEC.md`.

It carries the acts themselves, so a verifier believes an issuer only through statements that lead to the
pinned genesis: the service that makes the bundle cannot invent one. What it can do is leave acts out or show
an old bundle; the checkpoint inside and the audit bound that. Which acts belong in it says `carried`.

Its file holds the signed bundle with the acts common to all certificates, and beside it a part for each
body, which the bundle names by hash: who checks a certificate opens the bundle and one part. The signers'
bundle has the same form with more acts, no parts and no status lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import chain, pairwise
from typing import Annotated

from issuers.acts.words import Code3
from issuers.authority.party_facts import GenesisFact, Key, ServiceKeyFact
from issuers.authority.view import MemoryView
from issuers.bundled_acts import BundledAct, Step, encode_part, in_order, read_part, replay
from issuers.carried import FORMS, TRUST, Form
from issuers.shape import Hash, Range, Size, from_map, to_map
from ledger import cbor
from ledger.cose import TAG_18, Sign1, check_sign1, parse_sign1, sign1
from ledger.errors import MalanError, Malformed, Refused
from ledger.keys import Signer, public_key

BYTES_MAX = 16 * 2**20
BODIES_MAX = 1000  # as many as there are codes
LISTS_MAX = 64  # 67 million places; each is 256 KiB once it is open


@dataclass(frozen=True, slots=True)
class BundledBody:
    """The three digits of a body's code, and SHA-256 of the part with its acts."""

    code: Code3
    acts: Hash


@dataclass(frozen=True, slots=True)
class BundledList:
    """A status list CWT."""

    number: Annotated[int, Range(0, 9999)]
    token: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """`size` is the log size everything was computed at; `made_at` in seconds; `hosts` are QR origins.

    `acts` are in order of the log, those of parts among them where parts were read as well. `handovers`: the
    checkpoints, cosigned by the former quorum, under which sets of witnesses took force.
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
    bodies: Annotated[tuple[BundledBody, ...], Size(1, BODIES_MAX)] | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A bundle with what its own acts add up to; by code the bytes of the parts, not yet judged, and their
    names: the hashes that the bundle gives."""

    bundle: Bundle
    view: MemoryView = field(repr=False)
    steps: Sequence[Step] = field(repr=False)
    parts: Mapping[str, bytes] = field(repr=False)
    names: Mapping[str, bytes] = field(repr=False)

    def body(self, code: str) -> tuple[MemoryView, list[Step]]:
        """What the bundle's own acts and those of a body's part add up to.

        Raises Malformed BUNDLE_PART, BUNDLE_ACTS or BUNDLE_TIME, or what the judge raises for an act.
        """
        acts = in_order([*self.bundle.acts, *_of_part(self, code)])
        return replay(acts, checked={one.seq for one in self.bundle.acts})


def sign_bundle(bundle: Bundle, signer: Signer, form: Form = TRUST) -> bytes:
    """The bytes of the form's file; acts with a body's code go to its part, which `bodies` then names."""
    if form is not TRUST:
        return _sign(bundle, signer, form)
    by_code = dict[str | None, list[BundledAct]]()
    for act in bundle.acts:
        by_code.setdefault(act.body, []).append(act)
    own = tuple(by_code.pop(None, ()))
    parts = {code: encode_part(acts) for code, acts in sorted(by_code.items()) if code is not None}
    bodies = tuple(BundledBody(code, sha256(part).digest()) for code, part in parts.items())
    signed = _sign(replace(bundle, acts=own, bodies=bodies or None), signer, form)
    return pack(signed, parts.values())


def pack(signed: bytes, parts: Iterable[bytes]) -> bytes:
    """The bytes of `trust.cbor`: a signed bundle and its parts."""
    return cbor.encode([signed, *parts])


def unpack(raw: bytes) -> tuple[bytes, list[bytes]]:
    """The signed bundle in the bytes of `trust.cbor`, and its parts; nothing of either is checked.

    Raises Malformed BUNDLE_KIND.
    """
    try:
        found = cbor.decode(raw, bytes_max=BYTES_MAX)
    except MalanError as error:
        raise Malformed("BUNDLE_KIND", _not_one(TRUST, None)) from error
    if not isinstance(found, list) or not 1 <= len(found) <= 1 + BODIES_MAX:
        raise Malformed("BUNDLE_KIND", _not_one(TRUST, None))
    if not all(isinstance(one, bytes) for one in found):
        raise Malformed("BUNDLE_KIND", _not_one(TRUST, None))
    signed, *parts = found
    return signed, parts


def open_parts(raw: bytes) -> Opened:
    """The bundle in the bytes of `trust.cbor`, judged but for its parts, its lists and its checkpoint.

    Raises as `open_bundle`, and Malformed BUNDLE_PART where the parts are not those that the bundle names.
    """
    if raw.startswith(TAG_18):
        raise Malformed("BUNDLE_KIND", _not_one(TRUST, _content_type(raw)))
    signed, parts = unpack(raw)
    message, bundle = _read(signed, TRUST)
    view, steps = replay(bundle.acts)
    _check(message, bundle, view)
    bodies = bundle.bodies or ()
    if any(one.code >= other.code for one, other in pairwise(bodies)):
        raise Malformed("BUNDLE_PART", "the bundle names its bodies out of order, or one twice")
    if [one.acts for one in bodies] != [sha256(part).digest() for part in parts]:
        raise Malformed("BUNDLE_PART", "the parts in the file are not those that the bundle names")
    names = {one.code: one.acts for one in bodies}
    return Opened(bundle, view, steps, dict(zip(names, parts, strict=True)), names)


def open_bundle(raw: bytes, form: Form = TRUST) -> tuple[Bundle, MemoryView]:
    """The bundle with the acts of all its parts, and the facts they add up to: for those who compare them
    with the log, and for desks. All but the lists and the checkpoint in it is checked.

    Raises Malformed BUNDLE_KIND, BUNDLE_SHAPE, BUNDLE_ACTS, BUNDLE_TIME or BUNDLE_PART, Refused
    SERVICE_KEY_MISSING, or what the judge raises for an act. Whether its genesis is the right one only the
    pin of the verifier says.
    """
    if form is TRUST:
        opened = open_parts(raw)
        own, others = opened.bundle.acts, (_of_part(opened, code) for code in opened.parts)
        bundle = replace(opened.bundle, acts=tuple(in_order(chain(own, *others))))
        view, _ = replay(bundle.acts, checked={one.seq for one in own})
        return bundle, view
    message, bundle = _read(raw, form)
    if bundle.lists or bundle.bodies:
        raise Malformed("BUNDLE_SHAPE", f"status lists and parts do not belong in {form.file}")
    view, _ = replay(bundle.acts, form)
    _check(message, bundle, view)
    return bundle, view


def service_key(view: MemoryView, purpose: str) -> Key:
    """The service's key in force for a purpose. Raises Refused SERVICE_KEY_MISSING."""
    fact = view.get(ServiceKeyFact, purpose)
    key = view.get(Key, fact.kid.hex()) if fact is not None else None
    if key is None or key.revoked_seq is not None:
        raise Refused("SERVICE_KEY_MISSING", f"the log names no {purpose} key in force")
    return key


def _sign(bundle: Bundle, signer: Signer, form: Form) -> bytes:
    return sign1(signer, content_type=form.content_type, payload=cbor.encode(to_map(bundle)))


def _read(raw: bytes, form: Form) -> tuple[Sign1, Bundle]:
    try:
        message = parse_sign1(raw, bytes_max=BYTES_MAX)
    except Malformed as error:
        if error.code != "COSE_TAG":
            raise
        raise Malformed("BUNDLE_KIND", _not_one(form, _content_type(raw))) from error
    if message.content_type != form.content_type or message.claims is not None:
        raise Malformed("BUNDLE_KIND", _not_one(form, message.content_type))
    bundle = from_map(Bundle, cbor.decode(message.payload, bytes_max=BYTES_MAX), where="bundle")
    if any(act.body is not None for act in bundle.acts):
        raise Malformed("BUNDLE_SHAPE", "an act has a field that is not of its form")
    return message, bundle


def _check(message: Sign1, bundle: Bundle, view: MemoryView) -> None:
    genesis = view.get(GenesisFact, "log")
    if genesis is None or not genesis.in_force:
        raise Malformed("BUNDLE_ACTS", "the acts do not begin with a genesis in force")
    if genesis.statement != bundle.genesis or genesis.origin != bundle.origin:
        raise Malformed("BUNDLE_ACTS", "the bundle names another genesis than its acts")
    if bundle.acts[-1].seq >= bundle.size:
        raise _beyond()
    key = service_key(view, "status")
    check_sign1(message, public_key(key.alg, key.spki))


def _of_part(opened: Opened, code: str) -> tuple[BundledAct, ...]:
    acts = read_part(opened.parts[code], code, bytes_max=BYTES_MAX)
    if any(one.seq >= opened.bundle.size for one in acts):
        raise _beyond()
    return acts


def _beyond() -> Malformed:
    return Malformed("BUNDLE_ACTS", "an act lies beyond the size of the bundle")


def _content_type(raw: bytes) -> str | int | None:
    """That of a bundle with its parts or without; None for anything else."""
    try:
        return parse_sign1(raw, bytes_max=BYTES_MAX).content_type
    except MalanError:
        pass
    try:
        signed = unpack(raw)[0]
        return parse_sign1(signed, bytes_max=BYTES_MAX).content_type
    except MalanError:
        return None


def _not_one(form: Form, content_type: str | int | None) -> str:
    for other in FORMS:
        if content_type == other.content_type and other is not form:
            return f"this is {other.file}, where {form.file} is asked for"
    return f"not a {form.file} of a version this program knows"
