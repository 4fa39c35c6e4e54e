"""Trust: an opened bundle with everything in it checked, ready to judge credentials by. Pure.

Promises: its acts lead to the pinned genesis; its checkpoint is by the enrolled checkpoint key and its lists
by the status key in force; it is not smaller than what the pin has seen; its witnesses are those the acts
appoint, and a new set was agreed to by the quorum of the old one. The acts of a body are judged with the
first of its certificates. Knows no file, network or clock: whether a list is fresh is asked with a time.

Source: design decisions 9, 15.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from issuers.acts.words import RevocationCause, ServicePurpose
from issuers.authority.party_facts import Key, WitnessSetFact
from issuers.authority.view import MemoryView
from issuers.bundle import BYTES_MAX, Bundle, BundledList, Opened, open_parts, service_key
from issuers.bundled_acts import acts_hash, read_part
from issuers.qr import check_origin
from issuers.status import StatusList, open_status_list
from issuers.witnesses import terms_of
from ledger.checkpoint import OpenedCheckpoint, open_checkpoint
from ledger.errors import BadSignature, Malformed, Refused
from ledger.keys import ED25519_SPKI, EDDSA, PublicKey, public_key
from ledger.note import NoteKey, parse_vkey
from ledger.policy import Policy, parse_policy, satisfied
from ledger.succession import Term, policy_at
from verify.history import History

_NO_ACTS: Final = acts_hash((), 0)


@dataclass(frozen=True, slots=True)
class Pin:
    """What a verifier remembers of a log: genesis hash, the largest size seen, the witness policy then.

    `acts` is `acts_hash` of the bundle's own acts then, `bodies` by code the hash of each part, `root` the
    checkpoint's root; None in pins of older files.
    """

    genesis: bytes
    size: int = 0
    policy: str | None = None
    acts: bytes | None = None
    root: bytes | None = None
    bodies: Mapping[str, bytes] | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """A bundle believed. `log_keys` begins with the checkpoint key in force; former ones follow.

    `facts` and `history` are those of the bundle's own acts; `of` gives those for the certificates of a body.
    `policy` is that of the witnesses in force, `terms` says which judges the checkpoint of which size.
    `pinned` is false when no pin was given: then nobody has said yet that this genesis is the right one.
    """

    opened: Opened = field(repr=False)
    history: History = field(repr=False)
    facts: MemoryView = field(repr=False)
    log_keys: tuple[NoteKey, ...]
    status_key: PublicKey
    policy: Policy
    terms: tuple[Term, ...] = field(repr=False)
    checkpoint: OpenedCheckpoint
    lists: Mapping[int, StatusList] = field(repr=False)
    pinned: bool
    judged: dict[tuple[str, bytes], tuple[MemoryView, History]] = field(repr=False, compare=False)
    """What the parts add up to that were opened, by code and hash: acts of one body are not another's."""

    @property
    def bundle(self) -> Bundle:
        return self.opened.bundle

    @property
    def origin(self) -> str:
        return self.bundle.origin

    @property
    def genesis(self) -> bytes:
        return self.bundle.genesis

    @property
    def size(self) -> int:
        return self.bundle.size

    @property
    def hosts(self) -> frozenset[str]:
        """The origins a QR text may name."""
        return frozenset(self.bundle.hosts)

    @property
    def pin(self) -> Pin:
        """What to remember of it."""
        acts = acts_hash(self.bundle.acts, self.size)
        root = self.checkpoint.checkpoint.root
        return Pin(self.genesis, self.size, self.bundle.policy, acts, root, self.opened.names)

    def of(self, code: str) -> Trust:
        """The trust that certificates with this body code in their number are judged by.

        Raises what `Opened.body` raises for the acts of that body.
        """
        name = self.opened.names.get(code)
        if name is None:
            return self
        found = self.judged.get((code, name))
        if found is None:
            facts, steps = self.opened.body(code)
            found = self.judged[code, name] = (facts, History(steps))
        return replace(self, facts=found[0], history=found[1])

    def policy_at(self, size: int) -> Policy:
        """The policy that judges a checkpoint of this size."""
        return policy_at(self.terms, size)

    def key(self, kid: bytes) -> Key | None:
        """The enrolled key of that name, as things stand now."""
        return self.facts.get(Key, kid.hex())

    def against(self, pin: Pin) -> Trust:
        """The same trust, known to agree with a pin.

        Raises Refused TRUST_GENESIS (another genesis), TRUST_OLDER (a smaller log than one seen before),
        TRUST_FORK (another root at the pinned size), TRUST_ACTS (acts told before are missing or changed) or
        TRUST_POLICY_CHANGED (the witnesses changed and the former quorum did not cosign the checkpoint).
        """
        if pin.genesis != self.genesis:
            fix = "Compare its fingerprint with the published one before you remove the pin."
            raise Refused("TRUST_GENESIS", "the bundle has another genesis than the one pinned", fix=fix)
        if self.size < pin.size:
            fix = "Get the newest bundle."
            raise Refused("TRUST_OLDER", "the bundle is of a smaller log than one seen before", fix=fix)
        if self.size == pin.size and pin.root not in (None, self.checkpoint.checkpoint.root):
            raise Refused("TRUST_FORK", "the log shows another root at the size seen before")
        if pin.acts is not None and pin.acts != acts_hash(self.bundle.acts, pin.size):
            raise _acts_changed()
        if pin.bodies is not None:
            for code in pin.bodies.keys() | self.opened.names.keys():
                self._need_told(code, pin.bodies.get(code, _NO_ACTS), pin.size)
        if pin.policy is not None and pin.policy != self.bundle.policy:
            _check_policy_change(self, parse_policy(pin.policy.encode()))
        return replace(self, pinned=True)

    def _need_told(self, code: str, name: bytes, size: int) -> None:
        """A part still tells what it told at this size of the log, when it had this name or was not there."""
        if self.opened.names.get(code) == name:
            return
        part = self.opened.parts.get(code)
        if part is None or acts_hash(read_part(part, code, bytes_max=BYTES_MAX), size) != name:
            raise _acts_changed(where=code)

    def with_list(self, token: bytes) -> Trust:
        """The same trust with a newer status list in place of its own.

        Raises as `open_status_list`, and Refused STATUS_OLDER for one computed at a smaller size of the log.
        """
        new = open_status_list(token, self.status_key)
        old = self.lists.get(new.number)
        if new.size < self.size or (old is not None and new.issued_at < old.issued_at):
            raise Refused("STATUS_OLDER", "the status list is older than the one in the bundle")
        return replace(self, lists={**self.lists, new.number: new})


def open_trust(raw: bytes, *, pin: Pin | None, former: Trust | None = None) -> Trust:
    """The trust in the bytes of trust.cbor. What `former`, another of this log, judged is not judged again.

    Raises what `open_parts`, checkpoint, policy and lists raise, and `Trust.against` for the pin; Malformed
    TRUST_LOG_KEY, TRUST_CHECKPOINT, TRUST_POLICY or TRUST_LIST.
    """
    opened = open_parts(raw)
    bundle, facts = opened.bundle, opened.view
    for host in bundle.hosts:
        check_origin(host)
    log_keys = _log_keys(bundle, facts)
    policy = parse_policy(bundle.policy.encode())
    if policy.logs and log_keys[0] not in policy.log_keys:
        raise Malformed("TRUST_POLICY", "the witness policy is for another log")
    terms = _terms(bundle, facts)
    if replace(policy, logs=()) != terms[-1].policy:
        raise Malformed("TRUST_POLICY", "the witness policy is not the one the acts put in force")
    cosigners = policy_at(terms, bundle.size).cosigner_keys
    checkpoint = open_checkpoint(bundle.checkpoint, log_keys=log_keys[:1], cosigners=cosigners)
    if checkpoint.checkpoint.size != bundle.size:
        raise Malformed("TRUST_CHECKPOINT", "the checkpoint has another size than the bundle")
    enrolled = service_key(facts, ServicePurpose.STATUS)
    status_key = public_key(enrolled.alg, enrolled.spki)
    trust = Trust(
        opened=opened,
        history=History(opened.steps),
        facts=facts,
        log_keys=log_keys,
        status_key=status_key,
        policy=policy,
        terms=terms,
        checkpoint=checkpoint,
        lists=_open_lists(bundle, status_key),
        pinned=False,
        judged=_judged(opened, former),
    )
    return trust if pin is None else trust.against(pin)


def _judged(opened: Opened, former: Trust | None) -> dict[tuple[str, bytes], tuple[MemoryView, History]]:
    """A part of the same code and name beside the same common acts adds up to the same in a longer log."""
    if former is None or former.bundle.acts != opened.bundle.acts:
        return {}
    if former.size > opened.bundle.size:
        return {}
    judged = former.judged.copy()  # other threads go on adding to it
    return {at: found for at, found in judged.items() if at in opened.names.items()}


def _acts_changed(*, where: str = "") -> Refused:
    return Refused("TRUST_ACTS", "acts that an earlier bundle told are missing or changed", where=where)


def _log_keys(bundle: Bundle, facts: MemoryView) -> tuple[NoteKey, ...]:
    """The checkpoint key in force as a note key, then former ones that were not lost or compromised.

    An old proof stays good when the key is rotated in due form; witnesses guard against its later misuse.
    """
    in_force = service_key(facts, ServicePurpose.CHECKPOINT)
    log_key = parse_vkey(bundle.log_vkey)
    if log_key != _note_key(bundle.origin, in_force):
        raise Malformed("TRUST_LOG_KEY", "the log key is not the enrolled checkpoint key under its origin")
    stopped = (RevocationCause.COMPROMISED, RevocationCause.LOST)
    former = [
        _note_key(bundle.origin, key)
        for key in facts.all(Key)
        if key.purpose == ServicePurpose.CHECKPOINT and key.kid != in_force.kid and key.cause not in stopped
    ]
    return (log_key, *former)


def _terms(bundle: Bundle, facts: MemoryView) -> tuple[Term, ...]:
    """The witness policies in order. Under a handover the log's own line may be by any checkpoint key it had:
    what counts there is the old quorum."""
    keys = [
        _note_key(bundle.origin, key) for key in facts.all(Key) if key.purpose == ServicePurpose.CHECKPOINT
    ]
    sets = facts.all(WitnessSetFact)
    return terms_of(sets, bundle.handovers or (), log_keys=keys, at=bundle.made_at)


def _note_key(origin: str, key: Key) -> NoteKey:
    if key.alg != EDDSA or not key.spki.startswith(ED25519_SPKI):
        raise Malformed("TRUST_LOG_KEY", "a checkpoint key is an Ed25519 key")
    return NoteKey(origin, key.spki[len(ED25519_SPKI) :])


def _check_policy_change(trust: Trust, former: Policy) -> None:
    """Decision 9: a new policy takes force only under a checkpoint that the old quorum cosigned.

    A former policy among the terms is shown to have been followed by them; for one of elsewhere (a pin of
    older files), the bundle's own checkpoint has to bear its quorum.
    """
    if any(term.policy == replace(former, logs=()) for term in trust.terms):
        return
    try:
        opened = open_checkpoint(
            trust.bundle.checkpoint, log_keys=trust.log_keys[:1], cosigners=former.cosigner_keys
        )
        names = [one.name for one in opened.cosignatures]
    except BadSignature:
        names = []
    if not satisfied(former, names):
        raise Refused("TRUST_POLICY_CHANGED", "the witnesses changed and the former quorum did not agree")


def _open_lists(bundle: Bundle, status_key: PublicKey) -> dict[int, StatusList]:
    lists: dict[int, StatusList] = {}
    for item in bundle.lists:
        opened = open_status_list(item.token, status_key)
        _check_list(opened, item, bundle)
        if lists.setdefault(item.number, opened) is not opened:
            raise Malformed("TRUST_LIST", "a status list stands twice in the bundle")
    return lists


def _check_list(opened: StatusList, item: BundledList, bundle: Bundle) -> None:
    if opened.number != item.number:
        raise Malformed("TRUST_LIST", "a status list stands under another number than its own")
    if opened.size != bundle.size:
        raise Malformed("TRUST_LIST", "a status list was computed at another size than the bundle")
