"""Sixteen districts and an operator who shows them two logs: one quorum at most, and comparing finds all.

assurance A.2 row 6 and A.3; the five splits 8/8, 10/6, 11/5, 12/4, 15/1.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.heads import DEPART, TWO_ROOTS, compare, opened, prove_by
from ledger.note import parse_note
from ledger.policy import satisfied
from tests.verify.witnessing import NOW, ORIGIN, SIGNER, History, policy_of, witness
from verify.witness.answering import Witnessing, answer

SPLITS = [(8, 8), (10, 6), (11, 5), (12, 4), (15, 1)]
QUORUM = 11


def districts(folder: Path, log: History, *, until: int = 300) -> list[Witnessing]:
    """Sixteen witnesses, all of one history so far."""
    found = [witness(folder / f"{number:02}", f"w{number:02}.example/malan") for number in range(1, 17)]
    for one in found:
        assert answer(one, log.request(0, until), now=lambda: NOW).status == 200
    return found


def heads(witnesses: list[Witnessing]) -> list[tuple[str, bytes]]:
    shown = [(one.cosigner.name, one.state.latest(ORIGIN)) for one in witnesses]
    return [(name, head.note) for name, head in shown if head is not None]


@pytest.mark.parametrize(("left", "right"), SPLITS)
def test_a_fresh_fork_has_one_quorum_at_most_and_is_seen(tmp_path: Path, left: int, right: int) -> None:
    """No honest witness refuses a fork of new entries: the quorum and comparing heads are all there is."""
    log = History().grow(300)
    all_of_them = districts(tmp_path, log)
    policy = policy_of([one.cosigner for one in all_of_them], needed=QUORUM)
    fork = log.fork(300)
    quorums = 0
    for branch, mine in ((log, all_of_them[:left]), (fork, all_of_them[left:])):
        assert [answer(one, branch.request(300, 400), now=lambda: NOW).status for one in mine] == [200] * len(
            mine
        )
        lines = [line for _, note in heads(mine) for line in parse_note(note).signatures]
        note = parse_note(branch.note(400)).with_lines([one for one in lines if one.name != ORIGIN]).render()
        cosigned = open_checkpoint(
            note, log_keys=policy.log_keys, cosigners=policy.cosigner_keys
        ).cosignatures
        assert len(cosigned) == len(mine)
        quorums += satisfied(policy, [one.name for one in cosigned])
    assert quorums == (1 if left >= QUORUM else 0) and left + right == 16
    found = compare(opened(heads(all_of_them), origin=ORIGIN, keys=[SIGNER.key]))
    assert [one.code for one in found.conflicts] == [TWO_ROOTS]


@pytest.mark.parametrize(("left", "right"), SPLITS)
def test_a_fork_of_what_was_cosigned_is_refused_by_all(tmp_path: Path, left: int, right: int) -> None:
    log = History().grow(300)
    all_of_them = districts(tmp_path, log)
    fork = log.fork(299)
    assert {answer(one, fork.request(300, 400), now=lambda: NOW).status for one in all_of_them[left:]} == {
        422
    }
    assert {answer(one, log.request(300, 400), now=lambda: NOW).status for one in all_of_them[:left]} == {200}
    assert all(one.state.evidence() for one in all_of_them[left:]) and left + right == 16


def test_control_nine_of_sixteen_would_let_two_dishonest_districts_split_the_view(tmp_path: Path) -> None:
    """Why eleven: two who sign both branches make two majorities, and no two quorums of eleven."""
    names = [f"w{number:02}.example/malan" for number in range(1, 17)]
    keys = [witness(tmp_path / name.split("/")[0], name).cosigner for name in names]
    both, left, right = names[:2], names[2:9], names[9:]
    for needed, quorums in ((9, 2), (QUORUM, 0)):
        policy = policy_of(keys, needed=needed)
        assert sum(satisfied(policy, [*both, *half]) for half in (left, right)) == quorums


def test_with_five_double_signers_at_most_one_head_reaches_the_quorum() -> None:
    """Arithmetic over every split of the eleven honest: 5 + k >= 11 and 5 + (11 - k) >= 11 never both."""
    assert not any(5 + k >= QUORUM and 5 + (11 - k) >= QUORUM for k in range(12))
    assert any(6 + k >= QUORUM and 6 + (10 - k) >= QUORUM for k in range(11))  # six would be enough


def test_heads_of_different_sizes_are_compared_by_the_logs_tiles(tmp_path: Path) -> None:
    log = History().grow(300)
    all_of_them = districts(tmp_path, log)
    fork = log.fork(300)
    for one, size in zip(all_of_them, itertools.chain(range(301, 309), range(320, 328)), strict=True):
        branch = log if size < 310 else fork
        assert answer(one, branch.request(300, size), now=lambda: NOW).status == 200
    shown = opened(heads(all_of_them), origin=ORIGIN, keys=[SIGNER.key])
    found = compare(shown, prove=[prove_by(fork.files(330).fetch, size=330)])
    assert [one.code for one in found.conflicts] == [DEPART]
