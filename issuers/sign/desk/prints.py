"""Door: the certificates of a class as one file for the printer, each on the next serial of the stock.

Promises: the book says which serial carries which certificate before the file is there, and a file that was
cut off is made again, the same; a certificate that has a sheet gets no second one; what cannot be printed
is named and takes no paper. Needs neither key nor service: only what was issued from this home.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from issuers.credential import parse_credential
from issuers.files import private_directory, replace_file
from issuers.printing.certificate_pdf import PRINT_MAX, make_print
from issuers.printing.page import PageFields
from issuers.printing.templates import Template
from issuers.sign.desk.artefacts import credential_of, decode_note, number_of, page_fields, qr_of
from issuers.sign.desk.shelf import template_by_hash, template_of
from issuers.sign.desk.standing import MADE
from issuers.sign.home import Home
from issuers.sign.outbox import Item, ItemState, Outbox
from issuers.sign.stock import Event, Move, expand, fold
from issuers.sign.stock_book import StockBook
from ledger.errors import MalanError, Refused, Unavailable

REISSUED: Final = "补发"
"""The remark on a sheet whose earlier one was in the holder's hands (same number, new 流水码)."""

Pages = list[tuple[PageFields, str]]


@dataclass(frozen=True, slots=True)
class PrintReport:
    """`files` to be printed, oldest first; `serials` given out now, in order; who could not be printed."""

    files: tuple[Path, ...]
    serials: tuple[str, ...]
    remade: int
    troubles: tuple[tuple[Item, MalanError], ...]


def print_class(
    home: Home, outbox: Outbox, book: StockBook, class_id: bytes, *, english: bool, remake: bool, now_ms: int
) -> PrintReport:
    """Gives a sheet to every certificate of the class that stands and has none, and makes the file.

    With `remake`, the files of all earlier prints of the class are made again, the same.
    Raises Refused STOCK_SHORT, PRINT_NOTHING (nothing was issued for the class from here), and of the
    template.
    """
    items = _issued(outbox, class_id)
    if not items:
        what = "no certificate of this class was issued from this home"
        raise Refused("PRINT_NOTHING", what, fix="Run malan-sign issue first.")
    remade = _remake(home, book, class_id, items, everything=remake)
    ended = _ended(outbox)
    with book.writing() as writer:
        stock = writer.stock
        todo = [_newest(one) for number, one in sorted(items.items()) if number not in stock.standing]
        todo = [item for item in todo if item.subject not in ended]
        if not todo:
            return PrintReport(tuple(remade), (), len(remade), ())
        template = template_of(home, decode_note(todo[0].note).kind)
        again = {number for number in items if number in stock.delivered}
        todo, troubles = _printable(todo, template, again, english=english, now_ms=now_ms)
        events = []
        for start in range(0, len(todo), PRINT_MAX):
            part = [number_of(item) for item in todo[start : start + PRINT_MAX]]
            event = Event(
                move=Move.PRINTED,
                at_ms=now_ms,
                serials=fold(stock.blanks(len(part))),
                job=len(stock.prints) + 1,
                group=class_id.hex(),
                numbers=tuple(part),
                versions=tuple(max(items[number]) for number in part),
                again=tuple(number for number in part if number in again),
                template=template.hash,
                english=english,
            )
            writer.add(event)
            events.append(event)
    # Crash here: the book has the serials and no file is there; the next run makes it again.
    files = [_write(home, event, items, template) for event in events]
    serials = tuple(serial for event in events for serial in expand(event.serials))
    return PrintReport((*remade, *files), serials, len(remade), tuple(troubles))


def _issued(outbox: Outbox, class_id: bytes) -> dict[str, dict[int, Item]]:
    """What was issued here for the class: by number, each version."""
    found: dict[str, dict[int, Item]] = {}
    for item in outbox.items(f"issue/{class_id.hex()}"):
        if item.state is ItemState.LOGGED and item.kind == "certificate-issued":
            found[number_of(item)] = {1: item}
    for item in (one for kind in MADE[1:] for one in outbox.of_kind(kind)):
        claims = parse_credential(credential_of(item)).claims
        if claims.number in found:
            found[claims.number][claims.version] = item
    return found


def _newest(versions: Mapping[int, Item]) -> Item:
    return versions[max(versions)]


def _ended(outbox: Outbox) -> set[str]:
    """Subjects this home revoked, cancelled or suspended: nothing is printed for them."""
    ended: set[str] = set()
    for item in outbox.logged():
        if item.kind in ("certificate-suspended", "certificate-revoked", "certificate-cancelled"):
            ended.add(item.subject)
        elif item.kind == "certificate-restored":
            ended.discard(item.subject)
    return ended


def _printable(
    items: Sequence[Item], template: Template, again: set[str], *, english: bool, now_ms: int
) -> tuple[list[Item], list[tuple[Item, MalanError]]]:
    """Those whose page can be set, and the others with the reason; each is laid out once before paper is
    given."""
    good, troubles = [], []
    for item in items:
        try:
            page = _page(item, "SH000000000001", again)
            make_print([page], template=template, english=english, at=now_ms // 1000)
            good.append(item)
        except Unavailable:
            raise
        except MalanError as error:
            troubles.append((item, error))
    return good, troubles


def _page(item: Item, serial: str, again: set[str] | frozenset[str]) -> tuple[PageFields, str]:
    claims = parse_credential(credential_of(item)).claims
    remark = REISSUED if claims.number in again else ""
    qr = qr_of(item)
    return page_fields(claims, decode_note(item.note), qr, remark=remark, serial=serial), qr


def _remake(
    home: Home, book: StockBook, class_id: bytes, items: Mapping[str, Mapping[int, Item]], *, everything: bool
) -> list[Path]:
    """The files of earlier prints of the class that were never finished, or all of them, made again."""
    missing = [event for event in book.stock().prints if event.group == class_id.hex()]
    if not everything:
        missing = [event for event in missing if not _mark(home, event).exists()]
    return [_write(home, event, items, template_by_hash(home, event.template)) for event in missing]


def _write(home: Home, event: Event, items: Mapping[str, Mapping[int, Item]], template: Template) -> Path:
    versions = event.versions or (1,) * len(event.numbers)
    wanted = list(zip(event.numbers, versions, strict=True))
    if any(version not in items.get(number, {}) for number, version in wanted):
        raise Unavailable("PRINT_UNKNOWN", "a certificate of this print was not issued from this home")
    serials = expand(event.serials)
    again = frozenset(event.again)
    pages = [
        _page(items[number][version], serial, again)
        for (number, version), serial in zip(wanted, serials, strict=True)
    ]
    data = make_print(pages, template=template, english=event.english, at=event.at_ms // 1000)
    path = _file(home, event)
    private_directory(path.parent)
    replace_file(path, data)
    # Whoever printed a file deletes it, since names stand in it; the mark says that it was whole.
    replace_file(_mark(home, event), b"")
    return path


def _mark(home: Home, event: Event) -> Path:
    return _file(home, event).with_suffix(".made")


def _file(home: Home, event: Event) -> Path:
    return home.path / "prints" / f"{event.job:06d}-{event.group[:8]}.pdf"
