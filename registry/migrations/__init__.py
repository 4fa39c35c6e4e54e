"""Door: brings a database to the schema of this version; Alembic without an ini file.

`migrate` runs inside the caller's transaction, so an upgrade happens wholly or not at all. The revisions in
`versions/` are literal and never change once released. A database on its way back from a backup stands at no
revision but at "restoring" and one: no program opens it, an older one neither, on whichever host.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ledger.errors import Refused, Unavailable

_RESTORING: Final = "restoring "
_version = sa.table("alembic_version", sa.column("version_num"))


def migrate(connection: sa.Connection, revision: str = "head") -> None:
    """Upgrades to the newest revision, or to an older one that the database is not past."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def current(connection: sa.Connection) -> str | None:
    """The revision the database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def revisions() -> list[str]:
    """Every revision there ever was, the oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


def is_restoring(connection: sa.Connection) -> bool:
    """Whether a restore has not ended."""
    return (current(connection) or "").startswith(_RESTORING)


def set_restoring(connection: sa.Connection, restoring: bool) -> None:
    """Closes a database to every program, or opens it, at the revision it has. Its owner alone may."""
    revision = (current(connection) or "").removeprefix(_RESTORING)
    version = _RESTORING + revision if restoring else revision
    connection.execute(sa.update(_version).values(version_num=version))


def check_current(connection: sa.Connection, *, restoring: bool = False) -> None:
    """Whether the database is at the newest revision; `restoring`: also before its restore has ended.

    Raises Unavailable SCHEMA_OLD or SCHEMA_UNKNOWN; Refused RESTORE_UNFINISHED.
    """
    revision = current(connection)
    if revision is not None and revision.startswith(_RESTORING):
        if not restoring:
            raise restore_unfinished()
        revision = revision.removeprefix(_RESTORING)
    if revision == newest():
        return
    if revision is None or revision in revisions():
        raise Unavailable("SCHEMA_OLD", "the database has an older schema", fix="Run `malan migrate`.")
    raise Unavailable(
        "SCHEMA_UNKNOWN", "a newer program has changed the database", fix="Run that version of the program."
    )


def restore_unfinished() -> Refused:
    """A restored registry opens after erasures, fsck and boot gate, not before."""
    return Refused(
        "RESTORE_UNFINISHED",
        "a backup was put back here, and what has to follow has not ended",
        fix="Run `malan restore --finish`; it says what stands against it.",
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
