"""The publisher and its lock store: the matrix of faults that persist or do not, and who may go on from what.

After Sunlight's own table: each step fails once, having done its work or not; then what was promised is
looked for, and the next run must finish.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.errors import Unavailable
from ledger.lock_store import FileLockStore, MemoryLockStore
from ledger.log_directory import Site
from ledger.publisher import publish
from ledger.tiles import Tile
from tests.ledger.site200 import Site200
from tests.ledger.test_publisher import ORIGIN, SIGNER, _changed, _check_log, _code, _files, rows


def fail_once(patch: pytest.MonkeyPatch, method: str, wanted: Callable[[str], bool], *, done: bool) -> None:
    """The next call of a method of the directory for a wanted path fails, having worked or not."""
    real, left = getattr(Site, method), [True]

    def failing(self: Site, place: Tile | str, data: bytes) -> None:
        path = place.path if isinstance(place, Tile) else place
        if not (left and wanted(path)):
            return real(self, place, data)  # type: ignore[no-any-return]
        left.clear()
        if done:
            real(self, place, data)
        raise Unavailable("LOG_DIRECTORY", "told by the test")

    patch.setattr(Site, method, failing)


STEPS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "lock store": ("", lambda path: False),
    "bundle": ("create", lambda path: path.startswith("tile/entries/001")),
    "tile of leaves": ("create", lambda path: path.startswith("tile/0/001")),
    "upper tile": ("create", lambda path: path.startswith("tile/1/")),
    "tidy mark": ("replace", lambda path: path == ".tidy"),
    "full checkpoint": ("replace", lambda path: path == "checkpoint.full"),
    "checkpoint": ("replace", lambda path: path == "checkpoint"),
}

# What is signed and what is shown after the fault: the old size (200) or the new one (600).
EXPECTED: dict[tuple[str, bool], tuple[int, int]] = {
    ("lock store", False): (200, 200),
    ("lock store", True): (600, 200),
    ("bundle", False): (200, 200),
    ("bundle", True): (200, 200),
    ("tile of leaves", False): (200, 200),
    ("tile of leaves", True): (200, 200),
    ("upper tile", False): (200, 200),
    ("upper tile", True): (200, 200),
    ("tidy mark", False): (600, 200),
    ("tidy mark", True): (600, 200),
    ("full checkpoint", False): (600, 200),
    ("full checkpoint", True): (600, 200),
    ("checkpoint", False): (600, 200),
    ("checkpoint", True): (600, 600),
}


@pytest.mark.parametrize(("step", "done"), EXPECTED)
@pytest.mark.parametrize("after", [600, 601, 1_000])
def test_every_step_that_fails_leaves_what_the_table_says(
    tmp_path: Path, step: str, done: bool, after: int
) -> None:
    site = Site200(tmp_path)
    method, wanted = STEPS[step]
    with pytest.MonkeyPatch.context() as patch:
        if method:
            fail_once(patch, method, wanted, done=done)
        else:
            site.store.fails = done
        with pytest.raises(Unavailable):
            site.publish(600)
    assert (site.signed(), site.shown()) == EXPECTED[step, done]
    kept = site.store.read()
    assert site.publish(after) == after
    assert (site.signed(), site.shown()) == (after, after)
    assert (site.log / "checkpoint").read_bytes() == site.store.read()
    assert after != 600 or EXPECTED[step, done][0] == 200 or site.store.read() == kept


def test_the_table_has_a_row_for_every_step() -> None:
    assert {step for step, _ in EXPECTED} == set(STEPS)


def test_a_note_that_was_signed_is_shown_as_it_was_and_not_signed_again(tmp_path: Path) -> None:
    site = Site200(tmp_path)
    site.store.fails = True
    with pytest.raises(Unavailable):
        site.publish(600)
    note = site.store.read()

    def never(*, old: bytes | None, new: bytes) -> None:
        raise AssertionError("what was signed is shown, not signed again")

    site.store.swap = never  # type: ignore[method-assign]
    assert site.publish(600) == 600
    assert (site.log / "checkpoint").read_bytes() == note


def test_rows_that_are_not_those_of_the_signed_note_are_found_before_anything_is_written(
    tmp_path: Path,
) -> None:
    site = Site200(tmp_path)
    site.store.fails = True
    with pytest.raises(Unavailable):
        site.publish(600)
    before = _files(site.log)
    for size in (600, 700):
        assert _code(lambda size=size: site.publish(size, _changed(599))) == "ROWS_DEPART"
    assert _code(lambda: site.publish(599)) == "PUBLISH_BACKWARDS"
    assert _files(site.log) == before
    assert site.publish(700) == 700


@pytest.mark.parametrize("published", [200, 255, 256, 257, 512])
def test_rows_that_were_regrown_after_an_old_backup_are_found_at_any_size(
    tmp_path: Path, published: int
) -> None:
    """Each entry links to the one before it, so from the lost row on all are others."""
    regrown = lambda start, end: [  # noqa: E731
        b"entry-%d" % n if n < 150 else b"regrown-%d" % n for n in range(start, end)
    ]
    site = Site200(tmp_path)
    site.publish(published)
    for size in (published, published + 1, published + 300):
        assert _code(lambda size=size: site.publish(size, regrown)) == "ROWS_DEPART"


def test_another_host_goes_on_from_the_lock_store(tmp_path: Path) -> None:
    """The second host's directory is empty, then behind; every note it shows is the one that was signed."""
    site = Site200(tmp_path)
    store = FileLockStore(tmp_path / "lock")
    other = tmp_path / "other"
    given = {"origin": ORIGIN, "read_leaves": rows, "signer": SIGNER, "lock": store}
    assert publish(other, size=200, **given).size == 200  # type: ignore[arg-type]
    assert (other / "checkpoint").read_bytes() == (site.log / "checkpoint").read_bytes()
    site.publish(700)
    assert publish(other, size=900, **given).size == 900  # type: ignore[arg-type]
    _check_log(other, 900)
    assert site.publish(900) == 900
    assert (other / "checkpoint").read_bytes() == (site.log / "checkpoint").read_bytes()


def test_an_old_or_empty_lock_store_stops_the_signature(tmp_path: Path) -> None:
    site = Site200(tmp_path)
    old = site.store.read()
    site.publish(300)
    before = _files(site.log)
    for store in (MemoryLockStore(old), MemoryLockStore()):
        site.store = store  # type: ignore[assignment]
        assert _code(lambda: site.publish(400)) == "LOCK_STORE_BEHIND"
        assert _code(lambda: site.publish(300)) == "LOCK_STORE_BEHIND"
    site.store = FileLockStore(tmp_path / "nowhere")  # type: ignore[assignment]
    assert _code(lambda: site.publish(400)) == "LOCK_STORE_MISSING"
    assert _files(site.log) == before


def test_one_size_and_two_roots_under_our_key_stop_everything(tmp_path: Path) -> None:
    site = Site200(tmp_path)
    twin = MemoryLockStore()
    publish(tmp_path / "twin", origin=ORIGIN, size=200, read_leaves=_changed(7), signer=SIGNER, lock=twin)
    site.store = twin  # type: ignore[assignment]
    assert _code(lambda: site.publish(200)) == "SIGNED_TWICE"
    assert _code(lambda: site.publish(300)) == "SIGNED_TWICE"
