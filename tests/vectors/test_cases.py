"""The cases of cases.json: made again, byte for byte, and shown to the verifier in Python."""

from __future__ import annotations

import zlib
from collections import Counter

import pytest

from tests.vectors.case_form import JUDGED, STAGES
from tests.vectors.make_cases import CASES, EVIDENCE, make, rendered
from tests.vectors.shown import Results, differences, show, vectors


@pytest.fixture(scope="module")
def said() -> list[Results]:
    """What Python says of each case."""
    return [show(case) for case in vectors()[0]]


def test_python_says_of_each_case_what_is_expected(said: list[Results]) -> None:
    assert list(differences(vectors()[0], said)) == []


def test_the_files_are_what_the_script_makes() -> None:
    if "ng" in getattr(zlib, "ZLIB_RUNTIME_VERSION", ""):
        pytest.skip("another deflate writes pictures and lists in other bytes")
    cases, evidence = make()
    assert CASES.read_text(encoding="utf-8") == rendered(cases)
    assert EVIDENCE.read_text(encoding="utf-8") == rendered(evidence)


def test_the_cases_are_whole() -> None:
    """Every stage passes and fails somewhere, every state is met, two thirds end badly, all is small."""
    cases = vectors()[0]
    for stage in STAGES:
        assert {case["expected"].get(stage) for case in cases} >= {True, False}, stage
    states = Counter(case["expected"].get("state") for case in cases)
    assert len(states) == 14  # all thirteen, and no verdict on what cannot be read in a picture
    assert states["valid"] * 3 <= len(cases)
    assert all(set(JUDGED) <= case["expected"].keys() for case in cases if "issuer" in case["expected"])
    assert CASES.stat().st_size + EVIDENCE.stat().st_size < 500_000


@pytest.mark.parametrize("stage", [*STAGES, "state", "exit", "complete", "final", "fresh", "reason"])
def test_a_case_whose_expectation_is_wrong_is_named(stage: str, said: list[Results]) -> None:
    """Negative control: the stage is turned around in each case that has it, and that case is named."""
    cases = vectors()[0]
    for place, case in enumerate(cases):
        if stage in case["expected"]:
            value = case["expected"][stage]
            wrong = {**case["expected"], stage: (not value) if isinstance(value, bool) else "other"}
            found = list(differences([{**case, "expected": wrong}], [said[place]]))
            assert [(one[0], one[1]) for one in found] == [(case["id"], stage)]
