"""What the tests of a bundle in parts share: scenes of several bodies; what was asked for, what is kept."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from playwright.sync_api import Page

from issuers.acts.words import Duty
from issuers.bundle import open_parts
from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.states import Scene
from tests.verify.shown import issued_world, now_of, number_of, proof_of, resigned, text_of
from tests.world_parts import BODY
from tests.world_steps import appoint

RIVAL = "008"
BUNDLE = "/trust/bundle.cbor"
KEPT = """async () =>
  (await (await caches.open("malan-trust")).keys()).map(({ url }) => new URL(url).pathname)"""
PIN = "JSON.parse(localStorage.getItem('malan.pin'))"


def two_bodies() -> Scene:
    world = issued_world().with_rivals()
    return Scene(world, proof=proof_of(world))


def grown(scene: Scene, party: str = BODY) -> Scene:
    """The same log later: the body has one evaluator more."""
    world = scene.world.copy()
    appoint(world, "evaluator-more", party, Duty.EVALUATOR)
    return Scene(world, proof=proof_of(world))


def of_the_rival(scene: Scene, site: Site) -> str:
    """The address of a certificate of the other body."""
    number = number_of(scene.world, issuer3=int(RIVAL))
    raw = resigned(scene.world, "rival-signatory", issued_at=now_of(scene.world), number=number)
    return text_of(raw, host=site.address)


def path_of(site: Site, code: str) -> str:
    """Where the part of a body is, by the bundle that is laid out."""
    part = open_parts(site.answers["/trust.cbor"][2]).parts[code]
    return f"/trust/{sha256(part).hexdigest()}.cbor"


def asked(site: Site, since: int = 0) -> list[str]:
    """What of the trust was asked for, in order."""
    return [one.removeprefix("GET ") for one in site.asked[since:] if one.startswith("GET /trust")]


def kept(page: Page) -> set[str]:
    found: list[str] = page.evaluate(KEPT)
    return set(found)


def until_kept(page: Page, *paths: str) -> None:
    """What is brought after the verdict is there."""
    page.wait_for_function(
        f"async (paths) => {{ const all = await ({KEPT})(); return paths.every((it) => all.includes(it)) }}",
        arg=list(paths),
    )


def verdict(page: Page, address: str) -> str:
    """Opens an address anew; the verdict's tone."""
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector(".verdict h1")
    return str(page.get_attribute(".verdict", "data-tone"))


def visitor(site: Site, visit: Visit, scene: Scene, **options: Any) -> Page:
    page, _ = visit(site.address, **options)
    page.clock.set_fixed_time(scene.seconds)
    return page


def break_one(site: Site, path: str, sound: bytes, broken: bytes) -> None:
    """One line of a script is another one, on its way out."""

    def change(asked: str, data: bytes) -> bytes:
        if asked != path:
            return data
        assert data.count(sound) == 1, "the line to break is not there, or twice"
        return data.replace(sound, broken)

    site.change = change
