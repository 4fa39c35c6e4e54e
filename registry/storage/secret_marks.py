"""Door: marks in the database by which it knows its own secrets again.

With the index key of another store nobody is found, and everybody would be a new person with three new
grants. A mark is an HMAC of the secret's purpose under the secret: it tells nothing and no other secret meets
it.
"""

from __future__ import annotations

import hmac

import sqlalchemy as sa

from ledger.errors import Unavailable
from registry.secrets import SYMMETRIC, Secrets
from registry.storage.tables import secret_mark


def write_marks(connection: sa.Connection, secrets: Secrets) -> None:
    """Marks a new store; a store that is marked stays as it is. Raises Unavailable SECRET_OTHER."""
    if connection.execute(sa.select(secret_mark)).first() is not None:
        check_marks(connection, secrets)
        return
    rows = [{"purpose": purpose, "mark": mark} for purpose, mark in marks(secrets).items()]
    connection.execute(sa.insert(secret_mark), rows)


def check_marks(connection: sa.Connection, secrets: Secrets) -> None:
    """Raises Unavailable SECRET_OTHER, naming the purpose, unless these are the secrets of this store."""
    known = {row.purpose: row.mark for row in connection.execute(sa.select(secret_mark))}
    for purpose, mark in marks(secrets).items():
        if not hmac.compare_digest(known.get(purpose, b""), mark):
            raise Unavailable(
                "SECRET_OTHER",
                "a secret file is not that of this database",
                where=purpose,
                fix="Put back the file that belongs to it, from its sealed copy.",
            )


def marks(secrets: Secrets) -> dict[str, bytes]:
    """The mark of each secret that the data in the database depends on, 32 bytes."""
    return {
        purpose: hmac.digest(getattr(secrets, purpose), f"malan/mark/1/{purpose}".encode(), "sha256")
        for purpose in SYMMETRIC
    }
