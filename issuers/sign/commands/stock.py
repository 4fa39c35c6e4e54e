"""Door: commands of the paper stock: what came, where each sheet went, what is left."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from issuers.authority.case import SHANGHAI
from issuers.files import create_file
from issuers.office.csv_out import write_table
from issuers.sign.commands.options import HOME, HomePath, Json, Yes
from issuers.sign.commands.out import Out, reporting
from issuers.sign.commands.session import now_ms, open_home
from issuers.sign.home import Home
from issuers.sign.stock import Event, Move, State, expand, fold
from issuers.sign.stock_book import StockBook
from ledger.errors import Refused

stock_app = typer.Typer(help="The stock of certificate paper, serial by serial.", no_args_is_help=True)

_SHOWN: Final = 20
Serials = Annotated[
    list[str], typer.Argument(metavar="SERIAL...", help="Single ones or ranges, SH00000001-SH00000100.")
]
Why = Annotated[
    str, typer.Option("--reason", help="Why: lower-case words joined by hyphens, as in paper-jam.")
]
By = Annotated[list[str] | None, typer.Option("--by", metavar="WHO", help="Who stood by; may be repeated.")]


@stock_app.command("receive")
def receive(
    serials: Serials, by: By = None, home: HomePath = HOME, yes: Yes = False, as_json: Json = False
) -> None:
    """Blank sheets came from the printer or the district."""
    _enter(Move.RECEIVED, serials, "", by, home, yes=yes, as_json=as_json)


@stock_app.command("deliver")
def deliver(
    serials: Serials, by: By = None, home: HomePath = HOME, yes: Yes = False, as_json: Json = False
) -> None:
    """Printed sheets were handed to their holders."""
    _enter(Move.DELIVERED, serials, "", by, home, yes=yes, as_json=as_json)


@stock_app.command("spoil")
def spoil(
    serials: Serials,
    reason: Why,
    by: By = None,
    home: HomePath = HOME,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Sheets that may not be used: misprinted, returned, out of date. What they bore can be printed anew."""
    _enter(Move.SPOILT, serials, reason, by, home, yes=yes, as_json=as_json)


@stock_app.command("lose")
def lose(
    serials: Serials,
    reason: Why,
    by: By = None,
    home: HomePath = HOME,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Sheets that cannot be found."""
    _enter(Move.LOST, serials, reason, by, home, yes=yes, as_json=as_json)


@stock_app.command("destroy")
def destroy(
    serials: Serials, by: By = None, home: HomePath = HOME, yes: Yes = False, as_json: Json = False
) -> None:
    """Spoilt sheets were destroyed before two people."""
    _enter(Move.DESTROYED, serials, "", by, home, yes=yes, as_json=as_json)


@stock_app.command("show")
def show(
    what: Annotated[
        str | None, typer.Argument(metavar="[WHAT]", help="A serial or a certificate number: its way so far.")
    ] = None,
    home: HomePath = HOME,
    as_json: Json = False,
) -> None:
    """Says how many sheets are where; the sum is what was received."""
    with reporting("stock show", as_json=as_json) as out:
        place, _ = open_home(home)
        with StockBook(place.stock) as book:
            if what is not None:
                _show_way(out, book.events(), what)
                return
            stock = book.stock()
        counts = stock.counts()
        where = {
            state: fold([serial for serial, sheet in sorted(stock.sheets.items()) if sheet.state is state])
            for state in State
        }
        if not as_json:
            rows = [(str(counts[state]), state.value, _some(where[state])) for state in State]
            out.table(("sheets", "state", "serials"), [*rows, (str(len(stock.sheets)), "received", "")])
        told = {state.value: {"sheets": counts[state], "serials": list(where[state])} for state in State}
        out.result("", {"received": len(stock.sheets), "states": told})


@stock_app.command("export")
def export(target: Path, home: HomePath = HOME, as_json: Json = False) -> None:
    """Writes the book as CSV, one line a sheet and event, for the district's inspection."""
    with reporting("stock export", as_json=as_json) as out:
        place, _ = open_home(home)
        with StockBook(place.stock) as book:
            events = book.events()
        header = ("时间 time", "事项 move", "流水码 serial", "证书编号 number", "原因 reason", "在场 by")
        create_file(target, write_table(header, [row for event in events for row in _rows(event)]))
        out.result(f"{len(events)} event(s) written.", {"events": len(events), "file": str(target)})


def _enter(
    move: Move, serials: list[str], reason: str, by: list[str] | None, home: Path, *, yes: bool, as_json: bool
) -> None:
    with reporting(f"stock {move.value}", as_json=as_json) as out:
        place, _ = open_home(home)
        ranges = fold(list(expand([serial.strip().upper() for serial in serials])))
        event = Event(move=move, at_ms=now_ms(), serials=ranges, reason=reason, by=tuple(by or ()), again=())
        count = len(list(expand(ranges)))
        out.ask(f"Enter {count} sheet(s) as {move.value}?", yes=yes)
        counts = _add(place, event)
        left = {state.value: sheets for state, sheets in counts.items()}
        text = f"{count} sheet(s) entered as {move.value}; {counts[State.BLANK]} blank ones are left."
        out.result(text, {"move": move.value, "sheets": count, "stock": left})


def _add(place: Home, event: Event) -> dict[State, int]:
    with StockBook(place.stock) as book, book.writing() as writer:
        writer.add(event)
        return writer.stock.counts()


def _show_way(out: Out, events: list[Event], what: str) -> None:
    way: list[dict[str, Any]] = []
    serials = {what.upper()}
    for event in events:
        serials |= {
            serial
            for serial, number in zip(expand(event.serials), event.numbers, strict=False)
            if number == what.upper()
        }
    for event in events:
        numbers = dict(zip(expand(event.serials), event.numbers, strict=False))
        way += [
            {
                "time": _time(event),
                "move": event.move.value,
                "serial": serial,
                "number": numbers.get(serial, ""),
                "reason": event.reason,
                "by": list(event.by),
            }
            for serial in expand(event.serials)
            if serial in serials
        ]
    if not way:
        raise Refused("STOCK_UNKNOWN", "the book knows no such serial or certificate number")
    if not out.as_json:
        rows = [tuple(str(one[key]) for key in ("time", "move", "serial", "number", "reason")) for one in way]
        out.table(("time", "move", "serial", "number", "reason"), rows)
    out.result("", {"way": way})


def _rows(event: Event) -> list[tuple[str, ...]]:
    serials = list(expand(event.serials))
    numbers = event.numbers or ("",) * len(serials)
    end = (event.reason, "、".join(event.by))
    return [
        (_time(event), event.move.value, serial, number, *end)
        for serial, number in zip(serials, numbers, strict=True)
    ]


def _some(ranges: tuple[str, ...]) -> str:
    return ", ".join(ranges[:_SHOWN]) + (f" and {len(ranges) - _SHOWN} more" if len(ranges) > _SHOWN else "")


def _time(event: Event) -> str:
    return datetime.fromtimestamp(event.at_ms / 1000, SHANGHAI).isoformat(sep=" ", timespec="minutes")
