"""Desks at the fake service, for tests of the flows: the world's people, each with a home of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from issuers.sign.client import Client
from issuers.sign.desk import Desk
from issuers.sign.drafting import Speaker
from issuers.sign.home import Config, Home
from issuers.sign.outbox import Outbox
from tests.issuers.fake_service import SERVER, FakeService
from tests.world_parts import seeded


@contextmanager
def desk_of(fake: FakeService, name: str, folder: Path, **changed: Any) -> Iterator[Desk]:
    """The desk of a person of the world; its clock is the world's, its randomness its own and repeatable."""
    world = fake.world
    who = world.people[name]
    number = count()
    home = Home(folder / name)
    # A new label each time a desk is opened: two runs of a program do not draw the same numbers.
    folder.mkdir(parents=True, exist_ok=True)
    runs = len(list(folder.glob("run-*")))
    (folder / f"run-{runs}").touch()
    with (
        Client(SERVER, sleep=lambda _: None, transport=fake.transport) as client,
        Outbox(home.outbox) as outbox,
    ):
        desk = Desk(
            home=home,
            config=Config(server=SERVER, party=who.party, origin=world.origin),
            speaker=Speaker(who.signer, who.party, world.origin),
            client=client,
            outbox=outbox,
            clock=lambda: world.now,
            fresh=lambda size: seeded(f"{folder.name} {name} {runs} {next(number)}", size),
        )
        yield replace(desk, **changed)
