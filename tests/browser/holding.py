"""The demo's holders as their page wants them: the code of a certificate, and whose document it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from issuers.authority.case import shanghai_date
from issuers.credential import parse_credential
from registry.clock import Clock
from registry.demo.people import invent
from registry.demo.setup import STANDARD
from tests.browser.conftest import TRAINEES, DemoWorld


@dataclass(frozen=True)
class DemoHolder:
    """What somebody has in hand, and what a link may say of them."""

    certificate: int
    code: str
    name: str
    number: str
    id_number: str

    def secrets(self) -> set[str]:
        return {self.code, self.number, self.id_number}


def holder_at(demo: DemoWorld, place: int) -> DemoHolder:
    """The holder of a certificate of the demo's class; the first has claimed, the last one's is revoked."""
    folder = Path(demo.told["certificates"][place]["folder"])
    claims = parse_credential((folder / "credential.cose").read_bytes()).claims
    people = invent(TRAINEES, today=shanghai_date(Clock().now_ms()), hours=STANDARD.hours, seed=7)
    person = next(one for one in people if one.name == claims.name)
    return DemoHolder(place, claims.code, claims.name, claims.number, person.id_number)


def enter(page: Page, address: str, code: str, id_number: str) -> None:
    """Types code and document and asks."""
    page.goto(f"{address}/holder")
    page.fill("#code", code)
    page.fill("#id_number", id_number)
    page.click("#enter-button")
