"""A town for the desk: a demo world whose claims nobody else counts, and its officers in browsers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from issuers.authority.case import shanghai_date
from issuers.credential import parse_credential
from registry.demo.cast import cast
from registry.demo.people import Person, invent
from registry.demo.setup import STANDARD
from tests.browser.conftest import MALAN, DemoWorld, free_port, serving

COUNTER, DECIDES = "district-310115", "district-310104"
TRAINEES = 14


@dataclass(frozen=True)
class Holder:
    """Somebody with a certificate."""

    person: Person
    qr: str
    number: str


@dataclass
class Town:
    """The world, and holders who have claimed nothing yet; each test takes its own."""

    world: DemoWorld
    holders: list[Holder]

    @property
    def address(self) -> str:
        return self.world.address

    def take(self) -> Holder:
        return self.holders.pop()

    def sign(self, party: str, name: str, *arguments: str, text: str = "") -> dict[str, Any]:
        """`malan-sign` at the desk of a demo person; its one JSON document."""
        home = self.world.home
        desk = home / "desks" / party / name
        if not desk.exists():  # the story of the demo had nothing to do at this desk
            shown = json.loads((home / "desks" / DECIDES / "reviewer" / "config.json").read_text())
            (desk / "keys").mkdir(parents=True, mode=0o700)
            (desk / "config.json").write_text(json.dumps({**shown, "party": party}))
            (desk / "config.json").chmod(0o600)
            (desk / "keys" / f"{name}.key").symlink_to(home / "keys" / party / f"{name}.key")
        done = subprocess.run(
            [sys.executable, "-m", "issuers", *arguments, "--home", str(desk), "--json"],
            capture_output=True,
            input=text.encode(),
            env={**os.environ, "MALAN_PASSPHRASE_FILE": str(home / "keys" / "PASSPHRASE.txt")},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def staff_of(self, party: str, name: str) -> str:
        """The staff id, as the party's admin asks for it."""
        (member,) = (
            member for one in cast() if one.party == party for member in one.members if member.name == name
        )
        told = {"id_type": "resident_id", "id_number": member.id_number, "name": member.chinese}
        staff: str = self.sign(party, "admin", "staff", "-", text=json.dumps(told))["staff"]
        return staff

    def make_key(self, page: Page, party: str, name: str) -> str:
        """At /keys: a key is made here, its file downloaded, and enrolled by the admin as the page says."""
        staff = self.staff_of(party, name)
        page.goto(f"{self.address}/keys")
        page.fill("#party", party)
        page.fill("#staff", staff)
        page.fill("#name", "2 号窗口")
        page.click("#make")
        expect(page.locator("#told .notice[data-tone=good]")).to_be_visible()
        with page.expect_download() as saved:
            page.click("#told .notice button")
        file = self.world.home / f"{staff}-{saved.value.suggested_filename}"
        saved.value.save_as(file)
        subject = f"officer/{staff}"
        self.sign(
            *(party, "admin", "act", "key-enrolled", "-", "--subject", subject, "--enrolment", str(file)),
            *("--yes",),
            text="{}",
        )
        return saved.value.suggested_filename.removesuffix(".cose")

    def enter(self, page: Page, party: str, name: str) -> str:
        """From nothing to the desk, with a key of this browser; answers with its kid."""
        kid = self.make_key(page, party, name)
        page.goto(f"{self.address}/sign-in")
        page.click("#keys button")
        page.wait_for_url("**/desk")
        expect(page.locator("#signed")).to_be_visible()
        return kid

    def ticket(self, party: str, name: str) -> str:
        """The address that `malan-sign sign-in` prints."""
        address: str = self.sign(party, name, "sign-in", "--yes")["address"]
        return address


@contextmanager
def raised(folder: Path) -> Iterator[Town]:
    """A town that is served for as long as the block lasts."""
    home, port = folder / "demo", free_port()
    address = f"http://127.0.0.1:{port}"
    today = shanghai_date(time.time_ns() // 1_000_000)
    command = [*MALAN, "demo", "--home", str(home), "--trainees", str(TRAINEES), "--public-url", address]
    built = subprocess.run([*command, "--json"], check=True, capture_output=True)
    output = folder / "served.txt"
    with serving(home, port, output):
        world = DemoWorld(home, address, json.loads(built.stdout), output)
        yield Town(world, _holders(world, invent(TRAINEES, today=today, hours=STANDARD.hours, seed=7)))


def _holders(world: DemoWorld, people: list[Person]) -> list[Holder]:
    """The first has claimed in the story, one certificate is revoked."""
    names = {person.name: person for person in people}
    found = []
    for one in world.told["certificates"][1:]:
        if one["number"] != world.told["revoked"]:
            folder = Path(one["folder"])
            credential = parse_credential((folder / "credential.cose").read_bytes()).claims
            found.append(
                Holder(names[credential.name], (folder / "qr.txt").read_text().strip(), one["number"])
            )
    return found


ROLES = {"法定代表人": "legal-representative", "负责人": "person-in-charge", "持股合伙人": "partner"}


def fill(page: Page, holder: Holder, **changed: str) -> None:
    """An application of the holder, as a clerk types it; the day of the facts is today already."""
    person = holder.person
    told = {
        "qr": holder.qr,
        "id_number": person.id_number,
        "organisation": person.organisation,
        "uscc": person.uscc,
        "founded_on": person.founded_on.isoformat(),
        "role_from": person.founded_on.isoformat(),
        "role_to": "",
    }
    chosen = {
        "id_type": "resident_id",
        "in_shanghai": "yes",
        "role": ROLES[person.role],
        "source": "market-registry",
    }
    for name, value in {**told, **chosen, **changed}.items():
        if name in chosen:
            page.select_option(f"#{name}", value)
        else:
            page.fill(f"#{name}", value)


def check(page: Page, holder: Holder, outcome: str, **changed: str) -> None:
    """Fills in, asks, and waits for this outcome."""
    fill(page, holder, **changed)
    page.click("#check")
    expect(page.locator("#answer [data-outcome]")).to_have_attribute("data-outcome", outcome)


def submit(page: Page) -> str:
    """Prepares, signs what is shown and sends it; answers with the claim's id."""
    page.click("#submit")
    page.click("[data-signing] .button:not(.quiet)")
    receipt = page.locator("[data-receipt]")
    expect(receipt).to_be_visible()
    return receipt.get_attribute("data-receipt") or ""
