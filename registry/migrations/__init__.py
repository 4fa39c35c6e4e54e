"""Door: brings a database to the schema of this version; Alembic without an ini file.

`migrate` runs inside the caller's transaction, so an upgrade happens wholly or not at all. The revisions in
`versions/` are literal and never change once released.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ledger.errors import Unavailable


def migrate(connection: sa.Connection) -> None:
    """Upgrades to the newest revision."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def current(connection: sa.Connection) -> str | None:
    """The revision the database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def check_current(connection: sa.Connection) -> None:
    """Raises Unavailable SCHEMA_OLD or SCHEMA_UNKNOWN unless the database is at the newest revision."""
    revision = current(connection)
    if revision == newest():
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is None or revision in known:
        raise Unavailable("SCHEMA_OLD", "the database has an older schema", fix="Run `malan migrate`.")
    raise Unavailable(
        "SCHEMA_UNKNOWN", "a newer program has changed the database", fix="Run that version of the program."
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
