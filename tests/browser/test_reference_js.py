"""The reference verifier before everything that the tests of the verify room and the red team show to Python.

As `test_check_js`, which shows the same corpus to the page. Twelve thousand cases: only in the campaign.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.differential import Corpus
from tests.browser.site import Site
from tests.browser.test_cases_js import opened
from tests.browser.test_check_js import ATTACKS, OTHERS, recorded
from tests.vectors.shown import STEPS

pytestmark = pytest.mark.skipif(
    os.environ.get("MALAN_CAMPAIGN") != "full", reason="the campaign shows the reference the whole corpus"
)
ASK = "async (asked) => (await import('/reference/cases.mjs')).corpus(asked)"
UNSAID = {"STATUS_OLDER"}
"""A list that is too old: Python refuses it, the SPEC goes on with the one in the bundle."""


def told(verdict: dict[str, Any]) -> dict[str, Any]:
    """Of Python's verdict what the reference says as well."""
    found = {key: verdict[key] for key in ("state", "exit", "complete", "final")}
    steps = zip(STEPS, verdict["steps"][3:], strict=True)
    return found | {name: one["result"] == "passed" for name, one in steps if one["code"] != "NOT_REACHED"}


def differences(page: Page, corpus: Corpus) -> list[Any]:
    """Cases where the two say something else, each with both answers."""
    found: list[Any] = []
    for trust, cases in corpus.by_trust():
        names = {trust["raw"], trust.get("list")}
        names |= {one["shown"][key] for one in cases if "shown" in one for key in ("credential", "proof")}
        names |= {name for one in cases if "shown" in one for name in one["shown"]["life"]}
        blobs = {name: corpus.blobs[name] for name in names if name is not None}
        shown = [one["shown"] for one in cases if "shown" in one]
        said = page.evaluate(ASK, {"blobs": blobs, "trust": trust, "shown": shown})
        codes = {one["code"] for one in cases if "code" in one} - UNSAID
        if bool(codes) == said["opened"] and (codes or shown):
            found.append((trust, codes, said["opened"]))
            continue
        verdicts = [told(one["verdict"]) for one in cases if "verdict" in one]
        found += [pair for pair in zip(verdicts, said["verdicts"], strict=True) if pair[0] != pair[1]]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("files", [ATTACKS, OTHERS])
def test_the_reference_says_what_python_says(
    files: tuple[str, ...], tmp_path: Path, site: Site, visit: Visit
) -> None:
    corpus = recorded(tmp_path, files)
    assert len(corpus.cases) > 1_500
    assert differences(opened(site, visit), corpus) == []


@pytest.mark.slow
def test_a_reference_broken_on_purpose_is_caught(tmp_path: Path, site: Site, visit: Visit) -> None:
    """Negative control: compromise since a time is read as compromise never."""
    corpus = recorded(tmp_path, ("verify/test_check_compromise.py",))
    broken = ("reference.mjs", 'revoked.cause !== "compromised"', "true")
    assert differences(opened(site, visit, broken), corpus) != []
