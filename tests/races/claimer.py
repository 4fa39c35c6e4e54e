"""A process that tries to take holds for persons it shares with others.

    python -m tests.races.claimer HOME PERSONS_FILE ATTEMPTS [--look-first]

Says that it is ready and waits for a line; says that it looked, the first time, and waits for a line; prints
how many holds it was given. All of them go for the same person and project at the same time: whoever starts
them lets none go on before all have looked, so that a race there is. `--look-first` is the negative control:
it looks whether project and slot are free and then inserts into a table without constraints, as a service
would that trusts its own eyes.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from ledger.errors import Refused
from registry.settings import read_settings
from registry.storage.database import Database
from registry.subsidy import holds

PROJECTS = ("syb", "wyb", "gyb", "iyb", "eyb")
NAIVE = "hold_naive"


def draws(persons: list[bytes], attempts: int) -> Iterator[tuple[bytes, str]]:
    """What every process tries, in the same order."""
    chance = random.Random(7)
    return ((chance.choice(persons), chance.choice(PROJECTS)) for _ in range(attempts))


class Meeting:
    """Where the processes wait for each other, once."""

    def __init__(self) -> None:
        self._over = False

    def wait(self) -> None:
        """Until all have come as far."""
        if not self._over:
            self._over = True
            say_and_wait("looked")


def say_and_wait(word: str) -> None:
    """Tells whoever started this process, and waits for a line."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()
    sys.stdin.readline()


def rightful(database: Database, person: bytes, project: str, meeting: Meeting) -> bool:
    """One attempt as a counter makes it: advice first, the constraint decides, a lost slot is tried anew."""
    while True:
        with database.reading() as connection:
            taken = holds.held(connection, person)
        meeting.wait()
        free = [slot for slot in holds.SLOTS if slot not in taken]
        if project in taken.values() or not free:
            return False
        try:
            with database.transaction() as connection:
                holds.take(connection, person=person, project=project, slot=free[0], claim=os.urandom(16))
        except Refused as error:
            if error.code == "SLOT_TAKEN":
                continue
            return False
        return True


def naive(database: Database, person: bytes, project: str, meeting: Meeting) -> bool:
    """The same with nothing but the look."""
    at = {"person": person, "project": project}
    with database.reading() as connection:
        rows = connection.execute(sa.text(f"SELECT project FROM {NAIVE} WHERE person = :person"), at).all()
    meeting.wait()
    if len(rows) >= len(holds.SLOTS) or project in {row.project for row in rows}:
        return False
    with database.transaction() as connection:
        connection.execute(sa.text(f"INSERT INTO {NAIVE} VALUES (:person, :project)"), at)
    return True


def main(home: Path, persons: Path, attempts: int, *, look_first: bool) -> None:
    """Tries, and says how often it was let."""
    settings = read_settings(home=home)
    database = Database(settings.database_url, busy_timeout_ms=120_000)
    known = [bytes.fromhex(line) for line in persons.read_text().split()]
    attempt = naive if look_first else rightful
    with database.reading(), database.transaction():
        pass  # connected
    meeting = Meeting()
    say_and_wait("ready")
    given = sum(attempt(database, person, project, meeting) for person, project in draws(known, attempts))
    database.close()
    sys.stdout.write(f"{given}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), look_first="--look-first" in sys.argv)
