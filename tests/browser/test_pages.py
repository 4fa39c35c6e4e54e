"""What every page keeps to: its address answers 200 whatever stands in it, its policy, its languages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from registry.demo.serving import signing_in
from registry.http.pages import POLICIES
from tests.browser.conftest import LANGUAGES, SIZES, DemoWorld, Visit, axe_complaints, fits


@pytest.mark.parametrize("path", ["/", "/v/1234567890123456", "/v/x", "/v/%E6%9D%8E", "/v/0000000000000000"])
def test_the_page_is_static_whatever_the_code(demo: DemoWorld, path: str) -> None:
    answer = httpx.get(demo.address + path, follow_redirects=False)
    assert answer.status_code == 200
    assert answer.content == httpx.get(demo.address + "/").content
    assert answer.headers["content-security-policy"] == POLICIES["verify.html"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers


def test_a_file_not_changed_is_not_sent_again(demo: DemoWorld) -> None:
    first = httpx.get(demo.address + "/assets/malan.css")
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    again = httpx.get(demo.address + "/assets/malan.css", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/assets/..%2fhttp%2fapp.py", "/assets/app.py", "/js/registry/x.js", "/js/ledger/cbor.py"]
)
def test_only_what_is_for_the_browser_is_served(demo: DemoWorld, path: str) -> None:
    answer = httpx.get(demo.address + path)
    assert answer.status_code in (400, 404, 422)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_chosen_and_kept(
    demo: DemoWorld, visit: Visit, shot: Callable[[Page, str], None], size: str, language: str
) -> None:
    page, _ = visit(demo.address, size=size, language=language)
    page.goto(demo.address + "/")
    assert page.evaluate("document.documentElement.lang") == language
    assert fits(page)
    assert axe_complaints(page) == []
    shot(page, f"start-{size}-{language}")
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    page.click(f"[data-choose='{other}']")
    assert page.evaluate("document.documentElement.lang") == other
    assert page.evaluate("localStorage.getItem('malan.language')") == other


def test_a_script_in_the_page_does_not_run(demo: DemoWorld, chromium: object, tmp_path: Path) -> None:
    """Negative control of the policy: what an intruder would plant is refused by the browser."""
    page = chromium.new_page()  # type: ignore[attr-defined]
    page.goto(demo.address + "/")
    planted = (
        "const s = document.createElement('script'); s.text = 'window.planted = 1'; document.body.append(s);"
    )
    with pytest.raises(Exception, match="TrustedScript"):
        page.evaluate(planted)
    assert page.evaluate("window.planted") is None
    page.close()


def test_the_commands_that_serve_demo_prints_sign_everybody_in(demo: DemoWorld) -> None:
    """Run as printed, in a shell; each prints an address whose ticket opens a session."""
    told = signing_in(demo.home, demo.address, certificate=None)
    export, *commands = [
        line.strip() for line in told.splitlines() if "malan-sign" in line or "export" in line
    ]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    duties = set()
    for command in commands:
        ran = subprocess.run(
            ["bash", "-c", f"{export}\n{command}"], env=environment, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        ticket = next(word for word in ran.stdout.split() if "/sign-in#" in word).partition("#")[2]
        answer = httpx.post(f"{demo.address}/api/sessions", json={"ticket": ticket})
        assert answer.status_code == 200
        duties |= set(answer.json()["duties"])
    assert {"intake", "reviewer", "supervisor"} <= duties
