"""`registry/docs/integrating.md` and its Chinese twin: every example runs, and both say the same code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from issuers.status import SUSPENDED, VALUE_WORDS
from tests.ground import on
from tests.registry.desk import Desk
from tests.registry.test_publishing import revoke

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "registry" / "docs" / name for name in ("integrating.md", "integrating.zh-CN.md")]
BLOCK = re.compile(r"^```(python|js)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(page: Path, language: str) -> list[str]:
    return [code for kind, code in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


@on("sqlite")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_runs_against_the_service(desk: Desk, page: Path) -> None:
    one, other = desk.certified[:2]
    revoke(desk.stage, other.item.certificate, "certificate-suspended")
    desk.stage.publish()
    told: dict[str, Any] = {"client": desk.stage.client, "text": one.qr, "code": one.item.code}
    first, second = examples(page, "python")
    exec(first, told)  # the documentation's own words
    exec(second, told)
    assert told["states"][1, other.item.status_index] == VALUE_WORDS[SUSPENDED]
    assert told["states"][1, one.item.status_index] == "valid"
    with pytest.raises(AssertionError):  # the control: what an example says is held
        exec(first, {**told, "text": other.qr})


def test_both_languages_show_the_same_code() -> None:
    def bare(page: Path) -> list[str]:
        return [re.sub(r"  #.*", "", code) for kind in ("python", "js") for code in examples(page, kind)]

    one, other = map(bare, PAGES)
    assert one == other
    assert len(one) == 3


def test_what_is_said_of_vectors_and_reference_is_so() -> None:
    cases = json.loads((ROOT / "tests" / "vectors" / "cases.json").read_text(encoding="utf-8"))["cases"]
    source = (ROOT / "tests" / "reference" / "reference.mjs").read_text(encoding="utf-8")
    assert "export async function verify(input)" in source
    assert ' from "' not in source.replace(' from "./', "")  # nothing but its own files
    for page in PAGES:
        assert f" {len(cases)} " in page.read_text(encoding="utf-8").replace("：", " ")
