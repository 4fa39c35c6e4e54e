"""A supervisor at the page: signed in by `malan-sign`'s own ticket, each state looked at in the same way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DemoWorld, Visit, Watch, axe_complaints, fits

OWN, OTHER = "district-310104", "district-310115"
Shot = Callable[[Page, str], None]


def ticket(home: Path, party: str, name: str) -> str:
    """What `malan-sign sign-in` hands to a browser, by that officer's own key."""
    desk = home / "desks" / party / name
    if not desk.exists():  # the story of the demo had nothing to do at this desk
        shown = json.loads((home / "desks" / OWN / "supervisor" / "config.json").read_text())
        (desk / "keys").mkdir(parents=True, mode=0o700)
        (desk / "config.json").write_text(json.dumps({**shown, "party": party}))
        (desk / "config.json").chmod(0o600)
        (desk / "keys" / f"{name}.key").symlink_to(home / "keys" / party / f"{name}.key")
    command = [sys.executable, "-m", "issuers", "sign-in", "--home", str(desk)]
    environment = {**os.environ, "MALAN_PASSPHRASE_FILE": str(home / "keys" / "PASSPHRASE.txt")}
    done = subprocess.run([*command, "--yes", "--json"], check=True, capture_output=True, env=environment)
    found: str = json.loads(done.stdout)["address"]
    return found.partition("#")[2]


def sign_in(page: Page, address: str, secret: str) -> None:
    """Opens what `malan-sign sign-in` printed: that page takes the ticket and leads to one's own."""
    page.goto(f"{address}/sign-in#{secret}")
    page.wait_for_url(re.compile("/(supervisor|desk)$"))


@pytest.fixture
def desk_of(demo: DemoWorld, visit: Visit) -> Callable[..., tuple[Page, Watch]]:
    """`desk_of(size=…, language=…)`: a browser that the supervisor of the class's district signed in with."""

    def open_desk(party: str = OWN, name: str = "supervisor", **options: str) -> tuple[Page, Watch]:
        page, watch = visit(demo.address, **options)
        sign_in(page, demo.address, ticket(demo.home, party, name))
        page.goto(f"{demo.address}/supervisor")
        return page, watch

    return open_desk


def looked_at(page: Page, shot: Shot, name: str) -> None:
    """What every state keeps to: nothing sticks out, axe-core is content; a picture is kept."""
    expect(page.locator("#view")).to_have_attribute("aria-busy", "false")
    shot(page, name)
    assert fits(page), name
    assert axe_complaints(page) == [], name
