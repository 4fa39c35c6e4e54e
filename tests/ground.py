"""What a service of the tests stands on: a database of either kind, fresh or a copy of another.

A test asks for the fixture `ground` (or one that does) and runs once on each; `on("sqlite")` keeps one that
is about files to SQLite.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import make_url

from registry.settings import SETTINGS_FILE, Settings
from registry.storage.upgrading import upgrade
from tests.postgres import OWNER, Server

KINDS = ("sqlite", "postgresql")
on = pytest.mark.on
_numbers = itertools.count()


class Ground(Protocol):
    """One kind of database."""

    kind: str

    def fresh(self, home: Path) -> Settings:
        """Settings for `home` with an empty database."""

    def migrated(self, home: Path) -> Settings:
        """Settings for `home` with a database at the newest schema."""

    def copy(self, template: Settings, home: Path) -> Settings:
        """Home and database of a template that nobody is connected to, as a new `home`."""

    def keep(self, settings: Settings) -> Callable[[], None]:
        """What puts the database back as it is now; nobody may be connected, now or then."""

    def drop(self, settings: Settings) -> None:
        """Removes the database."""


class SqliteGround:
    """A file below home."""

    kind = "sqlite"

    def fresh(self, home: Path) -> Settings:
        home.mkdir(parents=True, exist_ok=True)
        return Settings(home=home)

    def migrated(self, home: Path) -> Settings:
        settings = self.fresh(home)
        upgrade(settings)
        return settings

    def copy(self, template: Settings, home: Path) -> Settings:
        shutil.copytree(template.home, home)
        return Settings(home=home)

    def keep(self, settings: Settings) -> Callable[[], None]:
        path = settings.home / "malan.db"
        kept = path.read_bytes()

        def restore() -> None:
            path.write_bytes(kept)

        return restore

    def drop(self, settings: Settings) -> None:
        pass  # pytest removes old folders


class PostgresGround:
    """A database of a server, its schema the owner's, its user the service."""

    kind = "postgresql"

    def __init__(self, server: Server) -> None:
        self.server = server
        self._migrated: str | None = None

    def fresh(self, home: Path) -> Settings:
        return self._made(home, "template0")

    def migrated(self, home: Path) -> Settings:
        if self._migrated is None:
            made = self.fresh(home)
            upgrade(made)
            self._migrated = _name(made)
        return self._made(home, self._migrated)

    def copy(self, template: Settings, home: Path) -> Settings:
        shutil.copytree(template.home, home)
        return self._made(home, _name(template))

    def keep(self, settings: Settings) -> Callable[[], None]:
        name = _name(settings)
        kept = self.server.create(f"kept_{os.getpid()}_{next(_numbers)}", name)

        def restore() -> None:
            self.server.drop(name)
            self.server.create(name, kept)

        return restore

    def drop(self, settings: Settings) -> None:
        self.server.drop(_name(settings))

    def _made(self, home: Path, template: str) -> Settings:
        home.mkdir(parents=True, exist_ok=True)
        name = self.server.create(f"malan_{os.getpid()}_{next(_numbers)}", template)
        named = {"database": self.server.url(name), "database_owner": self.server.url(name, OWNER)}
        lines = [f"MALAN_{key.upper()}={value}\n" for key, value in named.items()]
        (home / SETTINGS_FILE).write_text("".join(lines))  # for processes that know the home alone
        return Settings(home=home, **named)


def _name(settings: Settings) -> str:
    name = make_url(settings.database).database
    assert name is not None
    return name
