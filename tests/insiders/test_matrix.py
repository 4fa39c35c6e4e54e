"""The insider matrix of assurance A.3: each attack alarms through the detectors the table names, and no
other; nothing alarms where nothing was done; without any one of the six, an attack is noticed by nobody.

SQLite: everything. PostgreSQL: what the operator's side says, which is what a database can change; with
MALAN_CAMPAIGN=full everything there too. `registry/docs/insiders.md` is printed from the table:
MALAN_REWRITE=1 writes it anew.
"""

# ruff: noqa: F401, F811  (fixtures come from the registry's conftest)
from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.errors import MalanError
from tests.ground import Ground, on
from tests.insiders.attacks import ATTACKS
from tests.insiders.matrix import MATRIX, ONLY
from tests.insiders.scene import Before, Scene, lived
from tests.insiders.watch import (
    EVERYBODY,
    INSIDE,
    OPERATOR,
    SIX,
    WITHOUT,
    Detector,
    Seen,
    detectors,
    look,
    once_each,
)
from tests.registry.conftest import Template, _quiet, founded_template, results_template

LONG = os.environ.get("MALAN_CAMPAIGN") == "full"
PAGE = Path(__file__).parents[2] / "registry" / "docs" / "insiders.md"
BEGIN, END = "<!-- {}: begin -->\n", "<!-- {}: end -->\n"
READERS = {
    "fsck": "`malan fsck` (operator 运营方)",
    "gate": "start and publishing 启动与发布 (operator 运营方)",
    "audit": "`malan-verify audit --since --evidence` (district 区)",
    "receipts": "`malan-sign receipts check --log` (body 机构)",
    "witness": "`malan-verify witness pull --mirror` (district 区)",
}


@pytest.fixture(scope="module")
def before(
    ground: Ground, results_template: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Before]:
    made = lived(ground, results_template, tmp_path_factory.mktemp("before"))
    with once_each():
        yield made
    ground.drop(made.settings)


@contextmanager
def attacked(before: Before, number: int, folder: Path) -> Iterator[Scene]:
    """A scene of its own in which it was done."""
    folder.mkdir()
    scene = before.scene(folder)
    try:
        ATTACKS[number](scene)
        yield scene
    finally:
        scene.stage.close()


def expected(number: int, who: Collection[str]) -> Seen:
    return {name: MATRIX[number].codes(name) for name in who if MATRIX[number].codes(name)}


@pytest.mark.slow
def test_each_attack_alarms_where_the_table_says_and_the_control_is_silent(
    before: Before, ground: Ground, tmp_path: Path
) -> None:
    whole = ground.kind == "sqlite" or LONG
    who = tuple(EVERYBODY) if whole else OPERATOR
    # What the operator's side is silent about there it is silent about here: see the other database.
    chosen = [number for number in ATTACKS if whole or number == 0 or expected(number, OPERATOR)]
    found = {}
    for number in chosen:
        with attacked(before, number, tmp_path / str(number)) as scene:
            found[number] = look(scene, who=who)
    wanted = {number: expected(number, who) for number in chosen}
    other = {
        (number, name): (sorted(seen.get(name, ())), sorted(wanted[number].get(name, ())))
        for number, seen in found.items()
        for name in who
        if seen.get(name) != wanted[number].get(name)
    }
    assert not other, f"codes found, and codes in the table: {other}"
    assert found.keys() == (MATRIX.keys() if whole else set(chosen)) and found[0] == {}


@pytest.mark.slow
def test_without_any_one_of_the_six_an_attack_is_noticed_by_nobody(
    before: Before, ground: Ground, tmp_path: Path
) -> None:
    if ground.kind != "sqlite" and not LONG:
        pytest.skip("the detectors are the same programs there; MALAN_CAMPAIGN=full runs it")
    assert set(WITHOUT) == set(ONLY) == set(SIX)
    for detector, numbers in ONLY.items():
        for number in numbers if LONG else numbers[-1:]:
            place = tmp_path / f"{detector}-{number}"
            with attacked(before, number, place) as scene, pytest.MonkeyPatch.context() as patch:
                WITHOUT[detector](patch)
                assert look(scene, who=EVERYBODY) == {}, (detector, number)
            assert detector in detectors(MATRIX[number].by_codes()), "the table says that it is noticed"


@on("sqlite")
@pytest.mark.parametrize("number", [1, 2])
def test_a_witness_without_a_mirror_sees_no_edit_that_nothing_was_signed_over(
    before: Before, number: int, tmp_path: Path
) -> None:
    """As the page says: its checkpoint stands, and it never had the entries."""
    with attacked(before, number, tmp_path / "scene") as scene:
        scene.cosign(mirror=False)
        with pytest.raises(MalanError, match="MIRROR_ROOT"):
            scene.cosign()


def test_the_table_knows_every_attack_and_names_a_detector_that_matters_for_each() -> None:
    assert list(MATRIX) == list(ATTACKS) == list(range(21))
    for number, told in MATRIX.items():
        assert set(told.by) <= set(EVERYBODY)
        assert bool(detectors(told.by_codes()) & set(SIX)) == (number != 0)
        assert told.zh and told.en


def mark(number: int, detector: Detector) -> str:
    if detector not in detectors(MATRIX[number].by_codes()):
        return ""
    return "**X**" if number in ONLY.get(detector, ()) else "X"


def matrix() -> str:
    """A row for each attack, a column for each detector."""
    names = ("attack", *INSIDE, *SIX)
    rows = [f"| {' | '.join(names)} |\n", f"|---{'|:-:' * len(names[1:])}|\n"]
    for number, told in MATRIX.items():
        cells = (f"{number} {told.zh}。{told.en}", *(mark(number, one) for one in (*INSIDE, *SIX)))
        rows.append(f"| {' | '.join(cells)} |\n")
    return "".join(rows)


def alarms() -> str:
    """Who sees what, attack by attack."""
    rows = ["| attack | who sees it | alarm |\n|---|---|---|\n"]
    for number, told in MATRIX.items():
        for name, reader in READERS.items():
            codes = " ".join(f"`{code}`" for code in sorted(told.codes(name)))
            rows += [f"| {number} | {reader} | {codes} |\n"] if codes else []
    return "".join(rows)


def test_the_page_holds_both_tables() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, right in (("matrix", matrix()), ("alarms", alarms())):
        before, _, rest = text.partition(BEGIN.format(name))
        held, _, after = rest.partition(END.format(name))
        if os.environ.get("MALAN_REWRITE"):
            text = before + BEGIN.format(name) + right + END.format(name) + after
            PAGE.write_text(text, encoding="utf-8")
            held = right
        assert held == right, "run this test with MALAN_REWRITE=1 and look at the page"
