"""Door: a psycopg cursor whose errors tell no values.

The server adds to a message the row it was about ("Key (…)=(…) already exists"), and complains of a value by
repeating it. What is left here is the sentence without the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

_ABOUT_A_VALUE = "22"  # class of "data exception": the sentence itself repeats the value


class QuietCursor(psycopg.Cursor[Any]):
    """As psycopg's own."""

    def execute(self, *arguments: Any, **named: Any) -> QuietCursor:
        """See psycopg."""
        with _quiet():
            super().execute(*arguments, **named)
        return self

    def executemany(self, *arguments: Any, **named: Any) -> None:
        """See psycopg."""
        with _quiet():
            super().executemany(*arguments, **named)


@contextmanager
def _quiet() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        said = error.diag.message_primary
        if error.sqlstate is None or said is None or error.sqlstate.startswith(_ABOUT_A_VALUE):
            said = type(error).__name__
        error.args = (said,)
        raise
