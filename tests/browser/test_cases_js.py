"""The cases of tests/vectors, shown to the page's check and to the reference verifier in a real Chromium.

The reference is written from the two SPEC.md alone and laid beside the pages here; nothing else serves it.
Whatever Python, page and reference answer differently is a mistake of one of them, or of the SPEC.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.scanning import need_library
from tests.browser.site import Site
from tests.vectors.shown import Case, differences, plain, vectors

FULL = os.environ.get("MALAN_CAMPAIGN") == "full"
REFERENCE = Path(__file__).parents[1] / "reference"
MODULES = ("ledger.mjs", "acts.mjs", "bundle.mjs", "reference.mjs")

ASK = "async ([who, shown, base = '/reference']) => (await import(`${base}/cases.mjs`))[who](shown)"


def seen() -> list[Case]:
    """The cases for whoever has no eyes: a picture that cannot be read has no text either."""
    return [case for case in vectors()[0] if case["expected"].get("picture", True)]


Spoil = tuple[str, str, str]
"""Module, what stands in it once, what shall stand there."""


def lay(site: Site, base: str = "/reference", spoil: Spoil | None = None) -> None:
    """The reference beside our pages, as it is or with one line broken."""
    site.lay(f"{base}/cases.mjs", Path(__file__).with_name("cases.mjs").read_bytes(), "text/javascript")
    for name in MODULES:
        source = (REFERENCE / name).read_text(encoding="utf-8")
        if spoil is not None and spoil[0] == name:
            assert source.count(spoil[1]) == 1, "the line to break is not there, or twice"
            source = source.replace(spoil[1], spoil[2])
        site.lay(f"{base}/{name}", source.encode(), "text/javascript")


def opened(site: Site, visit: Visit, spoil: Spoil | None = None) -> Page:
    """A page of ours with the reference beside it."""
    lay(site, spoil=spoil)
    page, _ = visit(site.address)
    page.goto(site.address + "/v/0")
    return page


def reference(page: Page, cases: list[Case], base: str = "/reference") -> list[dict[str, Any]]:
    """What the reference says of each case, what it read of the credential apart."""
    shown = [plain(case) for case in cases]
    said: list[dict[str, Any]] = page.evaluate(ASK, ["reference", shown, base])
    return said


def test_the_page_says_of_each_case_what_is_expected(site: Site, visit: Visit) -> None:
    said = opened(site, visit).evaluate(ASK, ["page", [plain(case) for case in seen()]])
    assert list(differences(seen(), said, without=("picture",))) == []


def test_the_reference_says_of_each_case_what_is_expected(site: Site, visit: Visit) -> None:
    said = reference(opened(site, visit), seen())
    told = [one.pop("told", None) for one in said]
    assert list(differences(seen(), said, without=("picture",))) == []
    pairs = [(case["claims"], one) for case, one in zip(seen(), told, strict=True) if "claims" in case]
    assert len(pairs) > 40 and all(wanted == one for wanted, one in pairs)


BROKEN = {
    "high S taken": ("ledger.mjs", "big(signature.subarray(32)) <= HALF", "true", "S02"),
    "a part of any hash taken": ("bundle.mjs", "=== hex(acts)", "!== null", "B23"),
    "an act in any part taken": ("acts.mjs", "act.code === codeOf(world, act)", "true", "A02"),
    "a smaller bundle taken": ("bundle.mjs", "said.size < pin.size", "false", "B01"),
    "suspension of the body forgotten": ("reference.mjs", "body.suspended", "false", "I10"),
    "any spelling taken": ("ledger.mjs", "n >= [24n, 2n ** 8n, 2n ** 16n, 2n ** 32n][width]", "true", "C06"),
    "any host taken": ("reference.mjs", "c.trust.hosts.includes(c.origin)", "true", "T05"),
    "the code not compared": ("reference.mjs", "c.code === c.cred.code", "true", "O01"),
    "the proof not compared": ("ledger.mjs", "hashes)) === hex(root)", "hashes))", "G02"),
    "expiry forgotten": ("reference.mjs", "now >= cred.exp", "false", "M04"),
}
"""One check of the reference each, taken out, and the case that finds it."""
CAUGHT = list(BROKEN) if FULL else list(BROKEN)[:3]


def test_a_reference_that_was_broken_on_purpose_is_caught(site: Site, visit: Visit) -> None:
    """Each by its case; the sound case beside it is answered as before."""
    page = opened(site, visit)
    for place, name in enumerate(CAUGHT):
        *spoil, case_id = BROKEN[name]
        lay(site, f"/broken-{place}", (spoil[0], spoil[1], spoil[2]))
        cases = [case for case in vectors()[0] if case["id"] in ("V01", case_id)]
        said = reference(page, cases, f"/broken-{place}")
        for one in said:
            one.pop("told", None)
        assert {one[0] for one in differences(cases, said, without=("picture",))} == {case_id}, name


def test_the_page_reads_the_pictures(site: Site, visit: Visit) -> None:
    need_library()
    cases = [case for case in vectors()[0] if "picture" in case]
    page = opened(site, visit)
    found = page.evaluate(ASK, ["pictures", [case["picture"] for case in cases]])
    assert [(one or None) == case.get("text", "") for one, case in zip(found, cases, strict=True)] == [
        case["expected"]["picture"] for case in cases
    ]
    assert sum(case["expected"]["picture"] for case in cases) >= 3


def test_the_reference_as_a_command_finds_no_difference() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    some = [] if FULL else ["V01", "V03", "S02", "B07", "X05"]
    done = subprocess.run(
        [node, REFERENCE / "run.mjs", *some], capture_output=True, text=True, timeout=120, check=False
    )
    told = f"{len(some) or len(seen())} cases, 0 differences\n"
    assert (done.returncode, done.stdout) == (0, told), done
