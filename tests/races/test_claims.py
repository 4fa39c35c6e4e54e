"""Eight processes claim for the same persons: everybody gets what is theirs, once, and not a hold more.

A thousand attempts as a rule, ten thousand with MALAN_CAMPAIGN=full.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from registry.settings import Settings
from registry.storage.database import Database
from registry.storage.tables import hold, person
from registry.subsidy.holds import SLOTS
from tests.ground import Ground
from tests.insider import administrator
from tests.races.claimer import NAIVE, draws

PROCESSES = 8
FULL = os.environ.get("MALAN_CAMPAIGN") == "full"
ATTEMPTS, PERSONS = (10_000, 200) if FULL else (1_000, 20)


pytestmark = pytest.mark.slow  # so that `make campaign` runs them at full length


@pytest.fixture
def settings(ground: Ground, tmp_path: Path) -> Iterator[Settings]:
    made = ground.migrated(tmp_path / "home")
    yield made
    ground.drop(made)


def race(settings: Settings, persons: list[bytes], *options: str) -> int:
    """How many holds the processes were given together."""
    file = settings.home / "persons"
    file.write_text("\n".join(one.hex() for one in persons))
    each = str(ATTEMPTS // PROCESSES)
    command = [sys.executable, "-m", "tests.races.claimer", str(settings.home), str(file), each]
    processes = [
        subprocess.Popen([*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for word in ("ready", "looked"):  # all have looked before any goes on: there is a race, every time
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{word}\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
    given = 0
    for process in processes:
        out, _ = process.communicate(timeout=1_200)
        assert process.returncode == 0
        given += int(out)
    return given


def persons_of(settings: Settings) -> list[bytes]:
    """So many persons in the database."""
    made = [os.urandom(16) for _ in range(PERSONS)]
    database = Database(settings.database_url, busy_timeout_ms=10_000)
    with database.transaction() as connection:
        connection.execute(sa.insert(person), [{"person": one} for one in made])
    database.close()
    return made


def test_everybody_gets_three_projects_once_and_not_one_more(settings: Settings) -> None:
    persons = persons_of(settings)
    given = race(settings, persons)
    database = Database(settings.database_url, busy_timeout_ms=10_000)
    with database.reading() as connection:
        rows = connection.execute(sa.select(hold)).all()
    database.close()
    asked: dict[bytes, set[str]] = {}
    for one, project in draws(persons, ATTEMPTS // PROCESSES):
        asked.setdefault(one, set()).add(project)
    assert given == len(rows) == sum(min(len(SLOTS), len(projects)) for projects in asked.values())
    assert max(Counter(row.person for row in rows).values()) == len(SLOTS)
    assert len({(row.person, row.project) for row in rows}) == len(rows)
    assert len({row.claim for row in rows}) == len(rows)


def test_looking_first_pays_too_much_in_the_same_race(settings: Settings) -> None:
    """Negative control."""
    persons = persons_of(settings)
    with administrator(settings) as raw:
        kind = "BLOB" if raw.connection.dialect.name == "sqlite" else "BYTEA"
        raw.run(f"CREATE TABLE {NAIVE} (person {kind} NOT NULL, project TEXT NOT NULL)")
        if raw.connection.dialect.name != "sqlite":
            raw.run(f"GRANT SELECT, INSERT ON {NAIVE} TO PUBLIC")
    given = race(settings, persons, "--look-first")
    with administrator(settings) as raw:
        rows = raw.run(f"SELECT person, project FROM {NAIVE}").all()
    wrongful = len(rows) - len({(bytes(row.person), row.project) for row in rows})
    over = sum(max(0, n - len(SLOTS)) for n in Counter(bytes(row.person) for row in rows).values())
    assert given == len(rows)
    assert wrongful + over > 0
