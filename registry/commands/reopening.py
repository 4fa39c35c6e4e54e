"""Door: `malan reopen`: a certificate that misses shut is opened again before its time.

A code comes from a terminal or a pipe, never from the command line, which every process of the machine reads.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Final

import typer

from registry.callers.reopening import Reason, Reopened, reopen
from registry.commands.reporting import HomeOption, JsonOption, reporting, settings_for
from registry.service import open_service

_LINE_MAX: Final = 100


def reopen_command(
    reason: Annotated[Reason, typer.Argument(help="Who asked for it.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """End the misses at a certificate, at counters and holder's page, so that its holder is served today.

    Asks for the certificate's code. The officers' own counts go on. Holder and supervisor see it. Twice in
    thirty days at most.
    """
    with reporting("reopen", as_json=as_json) as out:
        service = open_service(settings_for(home))
        try:
            told = reopen(service, _typed(), reason)
        finally:
            service.close()
        document = {
            "certificate": told.certificate,
            "counters": dict(told.counters),
            "officers": [{"staff": staff, **counts} for staff, counts in told.officers.items()],
            "page": dict(told.page),
            "left": told.left,
        }
        out.result(_text(told), document)


def _typed() -> str:
    """One line; the terminal does not show it."""
    if sys.stdin.isatty():
        return str(typer.prompt("Code of the certificate", hide_input=True, err=True))
    return sys.stdin.readline(_LINE_MAX)


def _text(told: Reopened) -> str:
    lines = [
        f"certificate {told.certificate}: open again at the counters and at the holder's page",
        f"ended at the counters: {_counts(told.counters)}",
        *(f"  by officer {staff}: {_counts(counts)}" for staff, counts in told.officers.items()),
        f"ended at the holder's page, those at counters among them: {_counts(told.page)}",
        "The officers' own counts go on. Holder and supervisor see this at their pages.",
        f"In the next thirty days it can be done {'once more' if told.left else 'no more'}.",
    ]
    return "\n".join(lines)


def _counts(counts: Mapping[str, int]) -> str:
    return f"{counts['day']} misses in a day, {counts['month']} in a month"
