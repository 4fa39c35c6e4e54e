"""A primary and a streaming standby of the tests' PostgreSQL, to be killed and promoted.

The standby counts as in step by `synchronous_standby_names`, as in production. `freeze` stops what sends to
it, so that whatever the primary does from then on the standby never hears of.
"""

from __future__ import annotations

import os
import signal
import time

from tests.postgres import SERVICE, START_SECONDS, SUPERUSER, Server

NAME = "standby"


class Standby(Server):
    """A replica of another server, streaming from its start; promoted, it is an ordinary server."""

    def __init__(self, primary: Server) -> None:
        self._lay()
        self.data.chmod(0o700)
        source = f"host={primary.socket} user={SUPERUSER} application_name={NAME}"
        self._run("pg_basebackup", "--dbname", source, "--pgdata", str(self.data), "--write-recovery-conf",
                  "--checkpoint=fast", "--wal-method=stream", "--no-sync")  # fmt: skip
        self.process = self.start()


class Pair:
    """The two of them; after a failover, `attach` makes a pair again out of the one that is left."""

    def __init__(self) -> None:
        self.primary = Server()
        self.standby = Standby(self.primary)
        self._gone: list[Server] = []

    def url(self, database: str, role: str = SERVICE) -> str:
        """The setting that leads to whichever of the two can be written to."""
        places = f"{self.primary.socket},{self.standby.socket}"
        return f"postgresql+psycopg://{role}@/{database}?host={places}&target_session_attrs=read-write"

    def synchronous(self) -> None:
        """Commits wait for the standby."""
        self.set("synchronous_standby_names", NAME)
        self._wait(
            "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync'"
        )

    def alone(self) -> None:
        """The control: commits wait for nobody, though the standby streams as before."""
        self.set("synchronous_standby_names", "")

    def freeze(self) -> None:
        """The standby hears nothing more."""
        query = "SELECT pid FROM pg_stat_replication WHERE application_name = %s"
        with self.primary.admin() as connection:
            for (pid,) in connection.execute(query, [NAME]).fetchall():
                os.kill(pid, signal.SIGSTOP)

    def fail_over(self) -> None:
        """SIGKILL to the primary with all its children; the standby is promoted and waits for nobody."""
        os.killpg(self.primary.process.pid, signal.SIGKILL)
        self.primary.process.wait()
        with self.standby.admin() as connection:
            connection.execute("SELECT pg_promote(true, 30)")
        self._gone.append(self.primary)
        self.primary = self.standby
        self.alone()

    def attach(self) -> None:
        """A new standby of whoever is the primary now."""
        self.standby = Standby(self.primary)

    def stop(self) -> None:
        """Ends everything."""
        for server in {*self._gone, self.primary, self.standby}:
            server.stop()

    def set(self, name: str, value: str) -> None:
        """A setting of the primary, for connections to come."""
        self.primary.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self.primary.execute("SELECT pg_reload_conf()")
        self._wait(f"SELECT (current_setting('{name}') = '{value}')::int")

    def _wait(self, query: str) -> None:
        """Until the query answers 1 to a new connection."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            with self.primary.admin() as connection:
                if connection.execute(query).fetchone() == (1,):
                    return
            assert time.monotonic() < deadline, query
            time.sleep(0.01)
