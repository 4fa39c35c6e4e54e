"""Any order of business, crashes, restores and clocks: short here, long with MALAN_CAMPAIGN=full
(for MALAN_MACHINE_SECONDS, ten minutes unless told otherwise)."""

# ruff: noqa: F401, F811  (fixtures come from the registry's conftest)
from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from issuers.acts.certificates import CertificateRestored
from issuers.authority import judge, life_rules
from issuers.authority.case import Case
from issuers.authority.class_facts import State
from issuers.authority.view import Fact
from ledger.errors import MalanError
from ledger.note import NoteKey
from ledger.policy import Log, Policy
from registry.clock import Clock
from registry.service import note_signer
from registry.writing import appending
from registry.writing import submit as submitting
from tests.ground import Ground, on
from tests.insiders.watch import once_each
from tests.machine.rules import Machine
from tests.machine.town import WITNESSES, Template, Town
from tests.registry.conftest import Template as Grown
from tests.registry.conftest import _quiet, founded_template, results_template
from tests.registry.stage import raise_stage
from tests.world_parts import moment, seeded
from verify.witness import home as witness_home

LONG = os.environ.get("MALAN_CAMPAIGN") == "full"
SECONDS = float(os.environ.get("MALAN_MACHINE_SECONDS", "600" if LONG else "0"))
RUNS, STEPS = (25, 60) if LONG else (4, 30)
QUICK = settings(
    max_examples=RUNS,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, *([Phase.shrink] if LONG else [])],
    print_blob=True,
)


@pytest.fixture(scope="module")
def template(ground: Ground, results_template: Grown, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Five certificates, published; three witnesses that have seen nothing yet."""
    folder = tmp_path_factory.mktemp("town")
    settled = ground.copy(results_template.settings, folder / "home")
    stage = raise_stage(settled, results_template.world.copy(), founded=True)
    stage.hands.set(moment(13, 10))
    stage.world.now = moment(13, 10)
    made = stage.issue_all()
    stage.publish()
    key: NoteKey = note_signer(stage.service).key
    for name in WITNESSES:
        logs = Policy((Log(key),), (), (), "none")
        home = folder / f"witness-{name}"
        seed = seeded(f"witness {name} of the machine", 32)
        witness_home.create(home, name=f"witness.example/{name}", logs=logs, seed=seed)
    stage.close()
    return Template(
        folder, stage.world, tuple(one.item.certificate for one in made), stage.hands.now_ms + 1_000
    )


def play(template: Template, kind: type[Machine], chosen: settings, *, seconds: float = 0.0) -> type[Machine]:
    """The machine after its runs, and more of them while the time lasts. Raises what one of them found."""
    made = type("Played", (kind,), {"template": template, "steps": 0, "deaths": set()})
    until = time.monotonic() + seconds
    with once_each():
        run_state_machine_as_test(made, settings=chosen)
        while time.monotonic() < until:
            run_state_machine_as_test(made, settings=chosen)
    return made


@on("sqlite")
@pytest.mark.slow
def test_whatever_happens_one_history_is_shown_and_nothing_acknowledged_is_lost(template: Template) -> None:
    begun = time.perf_counter()
    played = play(template, Machine, QUICK, seconds=SECONDS)
    print(f"{played.steps} steps in {time.perf_counter() - begun:.0f} s; died at {sorted(played.deaths)}")
    assert played.steps > RUNS


class Forgetful:
    """A lock store that remembers nothing but what is published: whatever that is, it was the last."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def create(self) -> None:
        """Nothing to make."""

    def read(self) -> bytes | None:
        path = self._town.settings.log_directory / "checkpoint"
        return path.read_bytes() if path.exists() else None

    def swap(self, *, old: bytes | None, new: bytes) -> None:
        """Takes anything."""

    def close(self) -> None:
        """Nothing is open."""


class Broken(Machine):
    """A control: the town lacks one thing it stands on, and nobody tidies up at the end."""

    patch: pytest.MonkeyPatch

    def settle(self) -> None:
        """What was found was found before."""


class NoLockStore(Broken):
    """And no witness is asked: an old copy of everything goes on as if nothing had been."""

    def begin(self) -> None:
        self.town.drop()
        self.town.store = lambda _real: Forgetful(self.town)
        self.town.heads = list
        self.town.open()


class NoDuplicateCheck(Broken):
    """What was sent before is taken for new."""

    def begin(self) -> None:
        for module in (appending, submitting):
            self.patch.setattr(module, "find_repeated", lambda *_values, **_named: None)


class RevocationEnds(Broken):
    """A rule that lets a revoked certificate be restored."""

    def begin(self) -> None:
        def restored(case: Case, act: CertificateRestored) -> list[Fact]:
            moved = life_rules._moved(case, {State.SUSPENDED, State.REVOKED}, State.VALID, act.reason)
            return [moved]

        self.patch.setitem(judge.RULES_1, "certificate-restored", restored)


class AnswersBeforeItIsDurable(Broken):
    """Every third transaction is answered and never committed."""

    def begin(self) -> None:
        self.town.drop()
        numbers = count(1)
        mortal = self.town._mortal

        def lossy(real: Callable[[], Any]) -> Callable[[], Any]:
            @contextmanager
            def transaction() -> Iterator[Any]:
                with mortal(real)() as connection:
                    yield connection
                    if next(numbers) % 3 == 0:
                        connection.rollback()

            return transaction

        self.town._mortal = lossy
        self.town.open()


class NoSteadyClock(Broken):
    """A clock that was set is believed."""

    def begin(self) -> None:
        self.patch.setattr(Clock, "check_steady", lambda _clock: None)


# The shortest way to where each is missed. By hand it takes a second; to find it takes the machine minutes.
REVOKE, RESTORE = "certificate-revoked", "certificate-restored"
WAYS: dict[type[Broken], Callable[[Machine], Iterator[None]]] = {
    NoLockStore: lambda town: walked(
        town.back_up,
        lambda: town.say([], True, ""),
        town.publish,
        lambda: town.restore_an_old_copy(0, True, False),
    ),
    NoDuplicateCheck: lambda town: walked(
        lambda: town.say([(REVOKE, 0)], False, ""), lambda: town.send_again([0], "")
    ),
    RevocationEnds: lambda town: walked(
        lambda: town.say([(REVOKE, 0)], False, ""), lambda: town.say([(RESTORE, 0)], False, "")
    ),
    AnswersBeforeItIsDurable: lambda town: walked(*[lambda: town.say([], True, "")] * 3),
    NoSteadyClock: lambda town: walked(lambda: town.jump_the_clock(9_000, False)),
}


def walked(*rules: Callable[[], None]) -> Iterator[None]:
    """One rule after the other."""
    for one in rules:
        one()
        yield


def walk(template: Template, kind: type[Machine], way: Callable[[Machine], Iterator[None]]) -> None:
    """The rules of a way, and all that must hold after each."""
    machine = type("Walked", (kind,), {"template": template, "steps": 0, "deaths": set()})()
    try:
        machine.look()
        for _ in way(machine):
            machine.look()
    finally:
        machine.teardown()


@on("sqlite")
@pytest.mark.parametrize("control", WAYS)
def test_what_is_missing_is_noticed(
    template: Template, control: type[Broken], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative controls: the same way, walked in a town that has all it needs and in one that lacks it."""
    with once_each():
        walk(template, Machine, WAYS[control])
        broken = type(control.__name__, (control,), {"patch": monkeypatch})
        with pytest.raises((AssertionError, sa.exc.SQLAlchemyError)):
            walk(template, broken, WAYS[control])


@on("sqlite")
@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="takes minutes: MALAN_CAMPAIGN=full lets the machine find it")
@pytest.mark.parametrize("control", WAYS)
def test_the_machine_finds_what_is_missing(
    template: Template, control: type[Broken], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings(QUICK, max_examples=2_000, phases=[Phase.generate], derandomize=True, print_blob=False)
    broken = type(control.__name__, (control,), {"patch": monkeypatch})
    with pytest.raises((AssertionError, sa.exc.SQLAlchemyError)) as caught:
        play(template, broken, chosen)
    print(control.__name__, type(caught.value).__name__, str(caught.value)[:200])
