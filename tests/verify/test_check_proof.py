"""Step 9: proofs that were made for something else, cut, bent or forged show nothing; the honest one does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from issuers.acts import read_act
from issuers.acts.certificates import CertificateIssued
from ledger.checkpoint import Checkpoint
from ledger.leaf import parse_leaf
from ledger.merkle import MemoryTree, leaf_hash, root
from ledger.note import sign_note
from ledger.proof import make_proof, parse_proof
from tests.verify.shown import (
    claims_of,
    issued_world,
    now_of,
    proof_of,
    resigned,
    show,
    show_file,
    smuggle,
    step,
    trust_of,
)
from tests.world import World
from tests.world_exports import log_signer
from verify.verdict import State, StepResult


def not_shown(world: World, proof: bytes, code: str, **options: Any) -> None:
    """The proof does not show that the first certificate is logged; nothing is said against it either."""
    verdict = show(world, proof=proof, **options)
    assert (verdict.state, verdict.exit_code) == (State.COULD_NOT_CHECK, 2)
    assert (verdict.complete, verdict.final, verdict.cosigned) == (False, False, 0)
    assert step(verdict, 9) == (StepResult.FAILED, code)


def issuing_act(world: World, place: int = 0) -> CertificateIssued:
    act = read_act(world.said[world.certificates[place].seq])
    assert isinstance(act, CertificateIssued)
    return act


def told(world: World, act: CertificateIssued, who: str = "signatory", **claimed: Any) -> bytes:
    """An issuing act nobody has judged, as a statement."""
    subject = f"certificate/{world.certificates[0].id.hex()}"
    return world.sign("certificate-issued", who, subject, act, **claimed)


def test_the_honest_proof_holds() -> None:
    world = issued_world()
    assert show(world, proof=proof_of(world)).complete


def test_a_proof_under_an_earlier_smaller_checkpoint_that_has_the_leaf_holds() -> None:
    world = issued_world()
    size = world.certificates[0].seq + 1
    assert size < len(world.leaves)
    verdict = show(world, proof=proof_of(world, size=size))
    assert (verdict.state, verdict.complete, verdict.final) == (State.VALID, True, True)


def test_a_checkpoint_too_small_to_have_the_leaf_shows_nothing() -> None:
    world = issued_world()
    seq = world.certificates[0].seq
    good = parse_proof(proof_of(world))
    for size in (seq, 1):
        cut = replace(good, checkpoint=world.checkpoint(size=size))
        verdict = show(world, proof=cut.render())
        assert (verdict.state, verdict.complete) == (State.COULD_NOT_CHECK, False)


def test_the_proof_of_another_certificate_shows_nothing() -> None:
    world = issued_world()
    not_shown(world, proof_of(world, 1), "PROOF_OTHER")


def test_the_proof_of_another_kind_of_act_shows_nothing() -> None:
    world = issued_world()
    not_shown(world, world.proof(0), "PROOF_OTHER")


def test_a_proof_without_its_leaf_shows_nothing() -> None:
    world = issued_world()
    not_shown(world, replace(parse_proof(proof_of(world)), extra=None).render(), "PROOF_NO_LEAF")


def test_the_leaf_of_one_with_the_path_of_another_shows_nothing() -> None:
    world = issued_world()
    other = parse_proof(proof_of(world, 1))
    mixed = replace(other, extra=world.leaves[world.certificates[0].seq])
    verdict = show(world, proof=mixed.render())
    assert verdict.state is State.COULD_NOT_CHECK


def test_a_proof_by_a_log_of_another_name_or_key_shows_nothing() -> None:
    world = issued_world()
    trust, other = trust_of(world), issued_world()
    other.service = {**other.service, "checkpoint": other.new_key("other", -8)}
    not_shown(world, proof_of(other), "NO_LOG_SIGNATURE", trust=trust)
    other.origin = "log.malan.example/2027"
    not_shown(world, proof_of(other), "NO_LOG_SIGNATURE", trust=trust)


def test_no_truncated_proof_holds() -> None:
    world = issued_world()
    trust, proof = trust_of(world), proof_of(world, cosigned=1)
    for end in range(0, len(proof), 7):
        verdict = show(world, trust=trust, proof=proof[:end])
        assert verdict.state is State.COULD_NOT_CHECK, end
        assert not verdict.complete


def test_no_changed_byte_of_a_proof_holds() -> None:
    world = issued_world()
    trust, proof = trust_of(world), proof_of(world, cosigned=0)
    for place in range(0, len(proof), 3):
        broken = proof[:place] + bytes([proof[place] ^ 0x04]) + proof[place + 1 :]
        verdict = show(world, trust=trust, proof=broken)
        assert not verdict.complete, place


def test_two_roots_at_one_size_are_named_as_a_fork() -> None:
    world = issued_world()
    hashes = [leaf_hash(leaf) for leaf in (*world.leaves[:-1], b"another last leaf")]
    tree = MemoryTree(hashes)
    body = Checkpoint(world.origin, len(hashes), root(hashes)).body()
    note = sign_note(body, [log_signer(world)])
    seq = world.certificates[0].seq
    forked = make_proof(index=seq, checkpoint=note, read=tree.read, extra=world.leaves[seq])
    not_shown(world, forked.render(), "LOG_FORKED")


def test_a_leaf_that_stands_elsewhere_than_it_says_shows_nothing() -> None:
    world = issued_world()
    seq = world.certificates[0].seq
    world.leaves.append(world.leaves[seq])
    world.said.append(world.said[seq])
    world.times.append(world.times[-1])
    not_shown(world, world.proof(len(world.leaves) - 1), "PROOF_PLACE")


# Leaves a lying service could write: the statement is not what its signatory signed.


def test_a_leaf_signed_by_another_key_shows_nothing() -> None:
    world = issued_world()
    for who in ("evaluator-1", "registrar"):
        seq = smuggle(world, told(world, issuing_act(world), who))
        not_shown(world, world.proof(seq), "COSE_KEY")


def test_a_leaf_whose_statement_was_changed_shows_nothing() -> None:
    world = issued_world()
    raw = world.said[world.certificates[0].seq].raw
    seq = smuggle(world, raw[:-1] + bytes([raw[-1] ^ 1]))
    not_shown(world, world.proof(seq), "SIGNATURE_BAD")


def test_a_statement_meant_for_another_log_shows_nothing() -> None:
    world = issued_world()
    seq = smuggle(world, told(world, issuing_act(world), aud="log.elsewhere.example"))
    not_shown(world, world.proof(seq), "PROOF_OTHER")


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"status_index": 5}, "status list"),
        ({"status_list": 2}, "status list"),
        ({"kind": "J"}, "kind"),
        ({"issued_on": 1}, "date"),
        ({"expires_on": 1}, "expiry"),
    ],
)
def test_a_credential_that_the_log_contradicts_is_out_of_scope(changed: dict[str, Any], where: str) -> None:
    world = issued_world()
    act = issuing_act(world)
    if "kind" in changed:
        changed = {"kind": type(act.kind)("J")}
    if changed.keys() & {"issued_on", "expires_on"}:
        changed = dict.fromkeys(changed, act.issued_on + timedelta(days=1))
    seq = smuggle(world, told(world, replace(act, **changed)))
    verdict = show(world, proof=world.proof(seq))
    assert (verdict.state, verdict.code, verdict.exit_code) == (State.OUT_OF_SCOPE, "LEAF_DIFFERS", 1)


def test_a_leaf_on_another_day_than_the_act_says_is_out_of_scope() -> None:
    world = issued_world()
    next_day = world.now + 86_400_000
    seq = smuggle(world, told(world, issuing_act(world)), time_ms=next_day)
    verdict = show(world, proof=world.proof(seq), now=next_day // 1000)
    assert verdict.code == "LEAF_DIFFERS"


def test_a_credential_with_expiry_agrees_with_the_last_day_in_the_log() -> None:
    """exp is the first second after the last day, in Shanghai."""
    world = issued_world()
    act = issuing_act(world)
    midnight = (claims_of(world).issued_at + 8 * 3600) // 86_400 * 86_400 - 8 * 3600
    credential = resigned(world, expires_at=midnight + 3 * 86_400)
    last_day = act.issued_on + timedelta(days=2)
    for expires_on, code in ((last_day, ""), (last_day + timedelta(days=1), "LEAF_DIFFERS")):
        changed = replace(act, credential=sha256(credential).digest(), expires_on=expires_on)
        seq = smuggle(world, told(world, changed))
        assert show_file(world, credential, proof=world.proof(seq)).code == code


def test_a_leaf_is_judged_by_the_facts_before_its_place_and_not_by_later_ones() -> None:
    world = issued_world()
    leaf = parse_leaf(world.leaves[world.certificates[0].seq])
    verdict = show(world, proof=proof_of(world))
    assert verdict.facts is not None
    assert (verdict.facts.seq, verdict.facts.logged_ms) == (leaf.seq, leaf.time_ms)
    assert verdict.facts.issued_on == issuing_act(world).issued_on
    assert now_of(world) >= leaf.time_ms // 1000
