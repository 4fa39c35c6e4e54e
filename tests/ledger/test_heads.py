"""Heads against each other: two histories are always seen, one never; rubbish convicts nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.errors import MalanError, Unavailable
from ledger.heads import DEPART, TWO_ROOTS, Between, Seen, compare, opened, prove_by, see
from ledger.note import NoteSigner
from tests.verify.witnessing import ORIGIN, SIGNER, History, private

KEYS = [SIGNER.key]


def seen(history: History, size: int, where: str = "somebody") -> Seen:
    return see(history.note(size), where=where, origin=ORIGIN, keys=KEYS)


def test_one_history_has_no_conflict() -> None:
    log = History()
    heads = [seen(log, size) for size in (0, 1, 255, 256, 257, 600, 600)]
    found = compare(heads, prove=[prove_by(log.files(600).fetch, size=600)])
    assert (found.conflicts, found.unchecked) == ((), ())


def test_one_size_two_roots_needs_nobodys_hashes() -> None:
    log = History().grow(300)
    found = compare([seen(log, 300, "d01"), seen(log.fork(299), 300, "d02")])
    assert [one.code for one in found.conflicts] == [TWO_ROOTS]
    assert {found.conflicts[0].older.where, found.conflicts[0].newer.where} == {"d01", "d02"}


@pytest.mark.parametrize(("old", "new", "at"), [(255, 257, 254), (1, 600, 0), (256, 600, 255), (299, 300, 7)])
def test_a_newer_head_that_departs_is_convicted_by_its_own_tiles(old: int, new: int, at: int) -> None:
    log = History().grow(old)
    other = log.fork(at)
    found = compare([seen(log, old), seen(other, new)], prove=[prove_by(other.files(new).fetch)])
    assert [one.code for one in found.conflicts] == [DEPART]
    between = found.conflicts[0].between
    assert between is not None and between.root == other.checkpoint(old).root


def test_tiles_of_neither_convict_nobody() -> None:
    """A host that serves rubbish must not make an honest log look like a liar."""
    log = History().grow(600)
    rubbish = log.fork(3, "rubbish").files(600).fetch
    found = compare([seen(log, 300), seen(log, 600)], prove=[prove_by(rubbish)])
    assert (found.conflicts, found.unchecked) == ((), ((300, 600),))


def _silent(_old: int, _new: int) -> Between:
    raise Unavailable("TILE_MISSING", "told by the test")


@pytest.mark.parametrize("prove", [[], [_silent]])
def test_without_hashes_two_sizes_stay_open(prove: list[Callable[[int, int], Between]]) -> None:
    log = History()
    assert compare([seen(log, 3), seen(log, 5)], prove=prove).unchecked == ((3, 5),)


def test_a_head_counts_only_under_the_logs_key() -> None:
    stranger = History(signer=NoteSigner(ORIGIN, private("stranger")))
    with pytest.raises(MalanError):
        seen(stranger, 5)
    log = History()
    heads = opened([("a", stranger.note(5)), ("b", b"junk"), ("c", log.note(5))], origin=ORIGIN, keys=KEYS)
    assert [one.where for one in heads] == ["c"]
    elsewhere = NoteSigner("other.example", private("log"))
    with pytest.raises(MalanError) as refused:
        see(History(signer=elsewhere).note(5), where="d", origin=ORIGIN, keys=[elsewhere.key])
    assert refused.value.code == "HEAD_ORIGIN"
