"""Both databases for whoever asks: `ground` runs a test on SQLite and PostgreSQL. No example has a clock."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import postgres
from tests.ground import KINDS, Ground, PostgresGround, SqliteGround

# An example may take as long as a busy machine takes: a clock that fails tests says nothing of the code.
settings.register_profile("malan", deadline=None)
settings.load_profile("malan")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "on(*kinds): run on these databases only, of sqlite and postgresql")


def pytest_collection_finish() -> None:
    """A fifth of a run went into looking for garbage among modules and tests, which live to its end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)  # as the service itself sets it


def pytest_unconfigure() -> None:
    gc.unfreeze()  # libraries look at the very end for what nobody gave back


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "ground" in metafunc.fixturenames:
        marks = [mark.args for mark in metafunc.definition.iter_markers("on")]
        kinds = [kind for kind in KINDS if all(kind in allowed for allowed in marks)]
        assert kinds, "a test that runs on no database"
        metafunc.parametrize("ground", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """One PostgreSQL for the session of this worker. Its absence is a failure where all tests must run."""
    if postgres.binaries() is None and os.environ.get("MALAN_CI") != "1":
        pytest.skip("no PostgreSQL here: install the development dependencies")
    started = postgres.Server()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def ground(request: pytest.FixtureRequest) -> Ground:
    """The database of this test."""
    if request.param == "sqlite":
        return SqliteGround()
    started: postgres.Server = request.getfixturevalue("server")
    return PostgresGround(started)
