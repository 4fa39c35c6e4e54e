"""Which policy judges which checkpoint: the first by itself, each later one by the quorum before it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.checkpoint import Checkpoint, Cosigner, cosign
from ledger.errors import BadSignature
from ledger.note import NoteSigner, parse_note, sign_note
from ledger.policy import Witness, k_of, render_policy
from ledger.succession import NOBODY, Appointed, Term, policy_at, succession

ORIGIN = "registry.example/ledger"
LOG = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x01"))
PEOPLE = [
    Cosigner(f"w{n}.example", Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in range(1, 10)
]


FIRST = Appointed(10, 1_000, k_of([Witness(f"w{n}", PEOPLE[n].key) for n in range(3)], 2, name="all"))
SECOND = Appointed(20, 2_000, k_of([Witness(f"w{n}", PEOPLE[n].key) for n in range(3, 6)], 2, name="all"))
THIRD = Appointed(30, 3_000, k_of([Witness(f"w{n}", PEOPLE[n].key) for n in range(6, 9)], 3, name="all"))


def note(size: int, *signers: int, time: int = 5_000) -> bytes:
    """The checkpoint of a size, cosigned by these."""
    body = Checkpoint(ORIGIN, size, bytes([size]) * 32).body()
    lines = [cosign(body, PEOPLE[one], time=time) for one in signers]
    return parse_note(sign_note(body, [LOG])).with_lines(lines).render()


def terms(
    *notes: bytes, appointed: tuple[Appointed, ...] = (FIRST, SECOND, THIRD), at: int = 9_000
) -> list[tuple[int, int]]:
    found = succession(appointed, notes, log_keys=[LOG.key], at=at)
    return [(term.above, term.seq) for term in found]


def test_without_an_appointment_nobody_witnesses() -> None:
    found = succession((), (), log_keys=[LOG.key], at=0)
    assert found == (Term(-1, -1, NOBODY),)
    assert render_policy(policy_at(found, 5)) == b"quorum none\n"


def test_the_first_set_needs_its_day_and_nobody() -> None:
    assert terms(appointed=(FIRST,), at=999) == [(-1, -1)]
    assert terms(appointed=(FIRST,), at=1_000) == [(-1, -1), (10, 10)]


def test_a_later_set_takes_force_under_the_old_quorum() -> None:
    assert terms(note(25, 0, 2)) == [(-1, -1), (10, 10), (25, 20)]


@pytest.mark.parametrize(
    "missing",
    [
        (),
        (note(25, 0),),  # one of two
        (note(25, 3, 4, 5),),  # its own quorum
        (note(20, 0, 1, 2),),  # a checkpoint that does not hold it: entry 20 needs size 21
        (note(25, 0, 1, time=1_999),),  # from before its start
        (note(25, 0, time=1_999), note(26, 1)),  # half a quorum twice
    ],
)
def test_otherwise_the_old_one_stays(missing: tuple[bytes, ...]) -> None:
    assert terms(*missing) == [(-1, -1), (10, 10)]


def test_a_cosignature_from_before_the_start_does_not_count_beside_a_later_one() -> None:
    early = parse_note(note(25, 0, time=1_999)).with_lines(
        [cosign(parse_note(note(25)).text, PEOPLE[1], time=2_000)]
    )
    assert terms(early.render()) == [(-1, -1), (10, 10)]


def test_the_third_is_the_seconds_to_hand_over() -> None:
    first, second = note(25, 0, 1), note(40, 3, 4)
    assert terms(first, note(35, 0, 1, 2)) == [(-1, -1), (10, 10), (25, 20)]
    assert terms(first, second) == [(-1, -1), (10, 10), (25, 20), (40, 30)]


def test_a_set_that_was_never_in_force_is_passed_over() -> None:
    assert terms(note(35, 0, 1)) == [(-1, -1), (10, 10), (35, 30)]


def test_a_set_whose_day_has_not_come_is_not_taken_for_the_newest() -> None:
    assert terms(note(35, 0, 1, time=2_500)) == [(-1, -1), (10, 10), (35, 20)]


def test_the_order_in_which_notes_come_does_not_matter() -> None:
    notes = [note(25, 0, 1), note(40, 3, 4), note(15, 0, 1, 2), note(50, 6, 7, 8), note(22, 0)]
    found = {tuple(terms(*order)) for order in itertools.permutations(notes)}
    assert found == {((-1, -1), (10, 10), (25, 20), (40, 30))}


def test_each_size_has_its_policy() -> None:
    found = succession((FIRST, SECOND), [note(25, 0, 1)], log_keys=[LOG.key], at=9_000)
    judged = [policy_at(found, size) for size in (0, 10, 11, 25, 26, 10**9)]
    assert judged == [FIRST.policy] * 4 + [SECOND.policy] * 2


def test_a_line_that_does_not_verify_is_an_error_and_no_vote() -> None:
    opened = parse_note(note(25, 0, 1))
    line = opened.signatures[-1]
    spoilt = replace(line, signature=line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    raw = replace(opened, signatures=(*opened.signatures[:-1], spoilt)).render()
    with pytest.raises(BadSignature):
        terms(raw)
