"""Door: `malan-verify`, the program anyone can run: check, show, audit, witness.

Promises: exit codes 0, 1, 2 as design decision 16 says; an error is a sentence with a code and no traceback.
"""

from __future__ import annotations

import io
import sys
from typing import Final

import typer

from ledger.errors import MalanError
from verify.commands import audit, check, show, witness
from verify.commands.options import complain

USAGE: Final = 2


def build() -> typer.Typer:
    """The program with all its commands."""
    app = typer.Typer(
        name="malan-verify",
        help="核验证书与账本，无需信任任何服务器。Verify certificates and the log; trust no server.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def root() -> None:
        """核验证书与账本，无需信任任何服务器。Verify certificates and the log; trust no server."""

    for command in (check, show, audit, witness):
        command.register(app)
    return app


def main() -> None:
    """Runs the program; whatever goes wrong ends with a sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without Chinese shows escapes, not an error
            stream.reconfigure(errors="backslashreplace")
    try:
        build()()
    except MalanError as error:
        complain(error)
        sys.exit(USAGE)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # the last net: a user is never shown a traceback
        sys.stderr.write(f"INTERNAL: unexpected {type(error).__name__}. Please report this command.\n")
        sys.exit(USAGE)


if __name__ == "__main__":
    main()
