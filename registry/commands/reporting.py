"""Door: what `malan` says: one JSON document on stdout with --json, else text; messages go to stderr.

Promises: an error is one line `CODE (where): what fix` and an exit code, never a traceback: 1 refused or
departures found, 2 could not be done.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ledger.errors import MalanError, Malformed, Unavailable
from registry.settings import Settings, read_settings

FOUND: Final = 1
COULD_NOT: Final = 2
INTERRUPTED: Final = 130

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Where the registry is kept (MALAN_HOME, default ./malan-home).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


class Out:
    """Where one command reports to."""

    def __init__(self, command: str, *, as_json: bool) -> None:
        self.as_json = as_json
        self._command = command

    def say(self, text: str) -> None:
        """A message to the person."""
        sys.stderr.write(f"{text}\n")

    def result(self, text: str, document: Mapping[str, Any], *, ok: bool = True) -> None:
        """The outcome: the text for a person, or the document for a program."""
        if self.as_json:
            told = {"ok": ok, "command": self._command, **document}
            sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
        elif text:
            sys.stdout.write(f"{text}\n")
        sys.stdout.flush()  # `serve` goes on for days after it has said where

    def error(self, error: MalanError) -> None:
        """CODE (where): what fix."""
        self.say(str(error))
        if self.as_json:
            told = {"code": error.code, "what": error.what, "where": error.where, "fix": error.fix}
            self.result("", {"error": told}, ok=False)


@contextmanager
def reporting(command: str, *, as_json: bool) -> Iterator[Out]:
    """Runs a command; whatever goes wrong ends with a sentence and an exit code."""
    out = Out(command, as_json=as_json)
    try:
        yield out
    except MalanError as error:
        out.error(error)
        raise typer.Exit(COULD_NOT if isinstance(error, Malformed | Unavailable) else FOUND) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        what = f"a fault of this program ({type(error).__name__}); nothing was half done"
        fix = "Run it again; if it repeats, report it with the command."
        out.error(Unavailable("INTERNAL", what, fix=fix))
        raise typer.Exit(COULD_NOT) from None


def settings_for(home: Path | None) -> Settings:
    """The settings, with --home above MALAN_HOME. Raises Malformed SETTING."""
    return read_settings() if home is None else read_settings(home=home)
