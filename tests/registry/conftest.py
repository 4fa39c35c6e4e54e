"""Stages: a service that is founded, one with a class, one with results; each test has its own copy, and runs
on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from registry.backups.taking import Taken
from registry.settings import Settings
from tests.ground import Ground
from tests.registry.backing import elsewhere, taken
from tests.registry.desk import Desk
from tests.registry.stage import Stage, know_staff, raise_stage, with_standard
from tests.world import World
from tests.world_parts import moment


@pytest.fixture(scope="session", autouse=True)
def _quiet() -> None:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), cache_logger_on_first_use=False)


@dataclass(frozen=True)
class Template:
    """A home and database to copy, and the world they have heard."""

    settings: Settings
    world: World


def _grown(ground: Ground, place: Path, former: Template | None, grow: Callable[[World], World]) -> Template:
    world = World.founded() if former is None else former.world.copy()
    settings = ground.migrated(place) if former is None else ground.copy(former.settings, place)
    stage = raise_stage(settings, world, founded=former is not None)
    grow(world)
    know_staff(stage.service, world)
    stage.tell()
    stage.close()
    return Template(settings, world)


# Tests elsewhere import these fixtures, and pytest takes each import for a fixture of its own: what is grown
# belongs to the ground, which is one for all.
_kept: dict[tuple[Ground, str], Template] = {}


@pytest.fixture(scope="session")
def founded_template(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Template:
    if (ground, "founded") not in _kept:
        home = tmp_path_factory.mktemp("founded") / "home"
        _kept[ground, "founded"] = _grown(ground, home, None, with_standard)
    return _kept[ground, "founded"]


@pytest.fixture(scope="session")
def results_template(
    ground: Ground, founded_template: Template, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    def grow(world: World) -> World:
        return world.with_class().with_results()

    if (ground, "results") not in _kept:
        home = tmp_path_factory.mktemp("results") / "home"
        _kept[ground, "results"] = _grown(ground, home, founded_template, grow)
    return _kept[ground, "results"]


def copied(ground: Ground, template: Template, tmp_path: Path) -> Iterator[Stage]:
    """A stage on a copy of a template, dropped in the end."""
    settings = ground.copy(template.settings, tmp_path / "home")
    stage = raise_stage(settings, template.world.copy(), founded=True)
    yield stage
    stage.close()
    ground.drop(settings)


@pytest.fixture
def stage(ground: Ground, founded_template: Template, tmp_path: Path) -> Iterator[Stage]:
    """Everybody in office, standard and policy published, institution accredited."""
    yield from copied(ground, founded_template, tmp_path)


@pytest.fixture
def results(ground: Ground, results_template: Template, tmp_path: Path) -> Iterator[Stage]:
    """A class with a confirmed result; the clock stands on the next morning."""
    for one in copied(ground, results_template, tmp_path):
        one.hands.set(moment(13, 10))
        one.world.now = moment(13, 10)
        yield one


@pytest.fixture
def desk(results: Stage) -> Desk:
    """Everybody who passed has a certificate; the log is published."""
    made = Desk(results, results.issue_all())
    results.publish()
    return made


@pytest.fixture
def backup(stage: Stage, tmp_path: Path) -> Taken:
    """A backup of a published stage."""
    stage.publish()
    return taken(stage, tmp_path / "shelf")


@pytest.fixture
def new_home(stage: Stage, backup: Taken, ground: Ground, tmp_path: Path) -> Iterator[Settings]:
    """Another machine: the secrets out of their envelopes, the lock store on its own disk, nothing else."""
    settings = elsewhere(ground, stage.service.settings, tmp_path / "new", "lock-store")
    yield settings
    ground.drop(settings)


@pytest.fixture(scope="module")
def house(
    ground: Ground, results_template: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """A desk for tests of a module that leave nothing behind: each takes another holder, or only looks."""
    for stage in copied(ground, results_template, tmp_path_factory.mktemp("house")):
        stage.hands.set(moment(13, 10))
        stage.world.now = moment(13, 10)
        made = Desk(stage, stage.issue_all())
        stage.publish()
        yield made
