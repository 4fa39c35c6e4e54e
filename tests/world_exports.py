"""What a world gives out: checkpoint, proof, receipt, status list, bundle, evidence, files."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from issuers.acts import read_act
from issuers.acts.certificates import CertificateIssued
from issuers.authority.class_facts import CertificateFact
from issuers.authority.party_facts import WitnessSetFact
from issuers.bundle import Bundle, BundledList, sign_bundle
from issuers.bundled_acts import BundledAct
from issuers.carried import TRUST, Form, body_of
from issuers.evidence_document import Evidence, EvidenceStatement
from issuers.identifiers.districts import DISTRICTS
from issuers.status import LISTED, StatusList, compute_bits, sign_status_list
from issuers.witnesses import policy_of, with_log
from ledger.checkpoint import Checkpoint, Cosigner, cosign
from ledger.commitment import encode_opening
from ledger.leaf import leaf_hash
from ledger.lock_store import MemoryLockStore
from ledger.merkle import MemoryTree, root
from ledger.note import NoteSigner, parse_note, sign_note
from ledger.policy import Group, Log, Policy, Witness, render_policy
from ledger.proof import make_proof
from ledger.publisher import publish
from ledger.receipt import Receipt, sign_receipt
from ledger.statement import parse_statement
from ledger.succession import NOBODY
from tests.world_parts import HOST, seeded

if TYPE_CHECKING:
    from tests.world import World

QUORUM = 11


def log_signer(world: World) -> NoteSigner:
    """The checkpoint key as a signed note knows it: its name is the origin."""
    seed = world.service["checkpoint"].raw_ed25519()
    return NoteSigner(world.origin, Ed25519PrivateKey.from_private_bytes(seed))


@lru_cache(maxsize=1)
def witnesses() -> list[Cosigner]:
    """One for each district."""
    return [
        Cosigner(
            f"witness.example/{code}", Ed25519PrivateKey.from_private_bytes(seeded(f"witness {code}", 32))
        )
        for code in DISTRICTS
    ]


def checkpoint(world: World, *, size: int | None = None, cosigned: int = QUORUM) -> bytes:
    """The note of the first `size` leaves."""
    leaves = world.leaves[:size]
    body = Checkpoint(world.origin, len(leaves), root([leaf_hash(leaf) for leaf in leaves])).body()
    return add_cosignatures(world, sign_note(body, [log_signer(world)]), cosigned)


def add_cosignatures(world: World, note: bytes, count: int) -> bytes:
    """The note with lines of the first `count` witnesses, as of now."""
    parsed = parse_note(note)
    lines = [cosign(parsed.text, one, time=world.now // 1000) for one in witnesses()[:count]]
    return parsed.with_lines(lines).render()


def policy(world: World) -> bytes:
    """Log, witnesses and the quorum of eleven, whether or not the world has appointed them."""
    known = tuple(
        Witness(f"district-{code}", one.key) for code, one in zip(DISTRICTS, witnesses(), strict=True)
    )
    group = Group("districts", QUORUM, tuple(one.name for one in known))
    return render_policy(Policy((Log(log_signer(world).key),), known, (group,), "districts"))


def in_force(world: World) -> bytes:
    """The policy the acts put in force without any handover: the first set's, or nobody's."""
    sets = world.view.all(WitnessSetFact)
    named = policy_of(sets[0]) if sets else NOBODY
    return render_policy(with_log(named, log_signer(world).key))


def proof(world: World, seq: int, *, size: int | None = None, cosigned: int = QUORUM) -> bytes:
    """The `.tlog-proof` of leaf `seq`."""
    note = checkpoint(world, size=size, cosigned=cosigned)
    tree = MemoryTree(leaf_hash(leaf) for leaf in world.leaves[:size])
    return make_proof(index=seq, checkpoint=note, read=tree.read, extra=world.leaves[seq]).render()


def receipt(world: World, seq: int) -> bytes:
    """The promise for leaf `seq`."""
    promise = Receipt(world.origin, seq, leaf_hash(world.leaves[seq]), world.times[seq])
    return sign_receipt(promise, world.service["receipt"])


def status_list(world: World, number: int, *, ttl: int) -> bytes:
    """List `number` at the present size."""
    bits = compute_bits([fact for kind in LISTED for fact in world.view.all(kind)], number)
    uri, now = f"{HOST}/status/{number}", world.now // 1000
    status = StatusList(uri, number, len(world.leaves), now, ttl, bits)
    return sign_status_list(status, world.service["status"])


def bundle(world: World, form: Form = TRUST, **changed: Any) -> bytes:
    """trust.cbor, or acts.cbor."""
    told = enumerate(zip(world.said, world.times, strict=True))
    acts = tuple(
        BundledAct(seq, time_ms, statement.raw)
        for seq, (statement, time_ms) in told
        if form.carries(world.view, statement)
    )
    numbers = {1, *(fact.status_list for fact in world.view.all(CertificateFact))} if form is TRUST else ()
    made = Bundle(
        origin=world.origin,
        genesis=world.said[0].hash,
        size=len(world.leaves),
        made_at=world.now // 1000,
        log_vkey=log_signer(world).key.vkey,
        policy=in_force(world).decode(),
        hosts=(HOST,),
        acts=acts,
        lists=tuple(BundledList(number, world.status_list(number)) for number in sorted(numbers)),
        checkpoint=checkpoint(world, cosigned=QUORUM if world.view.all(WitnessSetFact) else 0),
    )
    made = replace(made, **changed)
    if form is TRUST:
        made = replace(made, acts=tuple(_placed(world, act) for act in made.acts))
    return sign_bundle(made, world.service["status"], form)


def _placed(world: World, act: BundledAct) -> BundledAct:
    """In the part of the body whose act it is, unless it was placed before."""
    return replace(act, body=act.body or body_of(world.view, parse_statement(act.statement)))


def evidence(world: World) -> Evidence:
    """The acts about the class and its certificates, with the openings of all that they commit to."""
    found = []
    for seq, statement in enumerate(world.said):
        act = read_act(statement)
        issued = isinstance(act, CertificateIssued) and act.class_id == world.class_id
        if issued or statement.subject == f"class/{world.class_id.hex()}":
            openings = tuple(encode_opening(one) for one in world.openings.get(statement.hash, []))
            found.append(EvidenceStatement(seq, world.times[seq], statement.raw, openings))
    return Evidence(world.class_id, tuple(found))


def publish_files(world: World, directory: Path, *, cosigned: int) -> None:
    """Tiles, entries and a checkpoint, which then gets its cosignatures."""
    signer, size = log_signer(world), len(world.leaves)
    path = directory / "checkpoint"
    publish(
        directory,
        origin=world.origin,
        size=size,
        read_leaves=lambda start, end: world.leaves[start:end],
        signer=signer,
        lock=MemoryLockStore(path.read_bytes() if path.exists() else None),
    )
    path.write_bytes(add_cosignatures(world, path.read_bytes(), cosigned))
