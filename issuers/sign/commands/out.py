"""Door: what `malan-sign` says to a person (stderr and tables) or to a program (one JSON document on stdout).

Promises: with `--json` exactly one document goes to stdout, errors included; a message never carries markup
or control characters of others, nor a traceback; exit 0 done, 1 refused or rows left out, 2 could not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from issuers.office.csv_in import RowError
from issuers.sign.readable import plain_text
from ledger.errors import MalanError, Malformed, Refused, Unavailable

DONE: Final = 0
REFUSED: Final = 1
COULD_NOT: Final = 2
INTERRUPTED: Final = 130
_NARROW: Final = 16  # eight Chinese characters


class Out:
    """Where one command reports to."""

    def __init__(self, *, as_json: bool, command: str) -> None:
        self.as_json = as_json
        self._command = command
        self._stderr = Console(stderr=True, markup=False, highlight=False, emoji=False)
        self._stdout = Console(markup=False, highlight=False, emoji=False)
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def say(self, text: str) -> None:
        """A message to the person."""
        self.rest()
        self._stderr.print(plain_text(text), soft_wrap=True)

    def result(self, text: str, document: Mapping[str, Any], *, ok: bool = True) -> None:
        """The outcome: the text for a person, or the document for a program."""
        self.rest()
        if self.as_json:
            self._document({"ok": ok, "command": self._command, **document})
        elif text:
            self._stdout.print(text, soft_wrap=True)

    def show(self, title: str, value: Mapping[str, Any]) -> None:
        """A document for a person to read before they sign it."""
        self.rest()
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, text in _lines(value):
            table.add_row(name, text)
        self._stderr.print(f"\n{title}")
        self._stderr.print(table)

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        title: str = "",
        at_most: int | None = None,
        folded: str = "",
    ) -> None:
        """Rows for a person, all or `at_most` so many; the last column takes what room is left.

        The column called `folded` is kept narrow and goes on in the next line.
        """
        self.rest()
        table = Table(title=title or None, title_justify="left", box=None, padding=(0, 2, 0, 0))
        for place, name in enumerate(columns):
            last = place == len(columns) - 1
            narrow = _NARROW if name == folded else None
            table.add_column(name, overflow="fold", no_wrap=not last and narrow is None, max_width=narrow)
        for row in rows[:at_most]:
            table.add_row(*(plain_text(cell) for cell in row))
        self._stderr.print()
        self._stderr.print(table)
        if at_most is not None and len(rows) > at_most:
            self.say(f"… and {len(rows) - at_most} more; --json lists all.")

    def row_errors(self, errors: Sequence[RowError], *, what: str) -> None:
        """Refused rows, or doubts about rows, by row and column."""
        if errors:
            rows = [
                (str(error.row), error.column or "–", error.code, sentence(error.what, error.fix))
                for error in errors
            ]
            self.table(("row", "column", "code", "what is wrong"), rows, title=what)

    def ask(self, question: str, *, yes: bool) -> None:
        """Goes on when the person agrees. Raises Refused NOT_AGREED; Unavailable NOBODY_TO_ASK."""
        if yes:
            return
        if not sys.stdin.isatty():
            what = "nothing was signed, because nobody was there to agree"
            raise Unavailable("NOBODY_TO_ASK", what, fix="Add --yes to sign unasked.")
        self.rest()
        if not typer.confirm(f"\n{question}", err=True):
            raise Refused("NOT_AGREED", "nothing was signed")

    def progress(self, what: str, done: int, total: int) -> None:
        """How far a piece of work is; a bar on a terminal, a line at its end elsewhere."""
        if total < 2:
            return
        if not self._stderr.is_terminal:
            if done == total:
                self.say(f"{what}: {done} of {total}")
            return
        if self._progress is None:
            self._progress = Progress(
                TextColumn("{task.description:<8}"),
                BarColumn(32),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self._stderr,
            )
            self._progress.start()
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)

    def rest(self) -> None:
        """Ends the bars, before anything else is printed."""
        if self._progress is not None:
            self._progress.stop()
        self._progress, self._tasks = None, {}

    def error(self, error: MalanError) -> None:
        """CODE (where): what fix."""
        self.say(str(error))
        if self.as_json:
            told = {"code": error.code, "what": error.what, "where": error.where, "fix": error.fix}
            self._document({"ok": False, "command": self._command, "error": told})

    def _document(self, document: Mapping[str, Any]) -> None:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


@contextmanager
def reporting(command: str, *, as_json: bool) -> Iterator[Out]:
    """Runs a command: every error becomes one line (and a document) and an exit code, never a traceback."""
    out = Out(as_json=as_json, command=command)
    try:
        yield out
        out.rest()
    except MalanError as error:
        out.error(error)
        raise typer.Exit(exit_code(error)) from error
    except KeyboardInterrupt as error:
        out.say("Stopped. Run the same command again: it goes on where it stopped.")
        raise typer.Exit(INTERRUPTED) from error
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        fault = Unavailable(
            "INTERNAL",
            f"a fault of this program ({type(error).__name__}); what was stored before is kept",
            fix="Run it again; if it repeats, report it with the command.",
        )
        out.error(fault)
        raise typer.Exit(COULD_NOT) from error


def exit_code(error: MalanError) -> int:
    """2 when input, file, key or service could not be used, 1 when something was refused."""
    return COULD_NOT if isinstance(error, Malformed | Unavailable) else REFUSED


def sentence(what: str, fix: str) -> str:
    """What is wrong, a full stop, and what to do."""
    return f"{what.rstrip('.')}. {fix}".rstrip()


def row_documents(errors: Sequence[RowError]) -> list[dict[str, Any]]:
    """Row errors for a program."""
    return [{"row": e.row, "column": e.column, "code": e.code, "what": e.what, "fix": e.fix} for e in errors]


def error_document(error: MalanError) -> dict[str, str]:
    """An error for a program."""
    return {"code": error.code, "what": error.what, "where": error.where, "fix": error.fix}


def _lines(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, item in value.items():
        if isinstance(item, Mapping):
            yield from _lines(item, f"{prefix}{name}.")
        elif isinstance(item, list) and any(isinstance(one, Mapping) for one in item):
            for place, one in enumerate(item, start=1):
                yield from _lines(one, f"{prefix}{name} {place}.")
        elif isinstance(item, list):
            yield f"{prefix}{name}", ", ".join(str(one) for one in item) or "none"
        else:
            yield f"{prefix}{name}", str(item)
