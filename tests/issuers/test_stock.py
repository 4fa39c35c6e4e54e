"""The stock of paper: every serial is somewhere, once, and the book notices what was done behind its back."""

from __future__ import annotations

import dataclasses
import random
import sqlite3
import threading
from pathlib import Path

import pytest

from issuers.sign.stock import Event, Move, State, Stock, expand, fold
from issuers.sign.stock_book import StockBook
from ledger.errors import MalanError

HASH = "0" * 64
CLASS = "ab" * 16


def number(value: int) -> str:
    return f"C3101042530120070{value:05d}K"


def received(*serials: str) -> Event:
    return Event(Move.RECEIVED, 1, serials)


def printed(job: int, numbers: list[str], *serials: str) -> Event:
    return Event(Move.PRINTED, 2, serials, job=job, numbers=tuple(numbers), group=CLASS, template=HASH)


def spoilt(*serials: str) -> Event:
    return Event(Move.SPOILT, 3, serials, reason="paper-jam")


def stock_of(*events: Event) -> Stock:
    stock = Stock()
    for event in events:
        stock.apply(event)
    return stock


def code_of(*events: Event) -> str:
    with pytest.raises(MalanError) as caught:
        stock_of(*events)
    return caught.value.code


def test_a_sheet_goes_its_way_and_is_never_forgotten() -> None:
    stock = stock_of(
        received("SH0001-SH0010"),
        printed(1, [number(1), number(2)], "SH0001-SH0002"),
        Event(Move.DELIVERED, 3, ("SH0001",)),
        spoilt("SH0002-SH0003"),
        Event(Move.DESTROYED, 4, ("SH0003",), by=("甲", "乙")),
        Event(Move.LOST, 5, ("SH0010",), reason="stocktaking"),
    )
    counts = stock.counts()
    where = {State.BLANK: 6, State.DELIVERED: 1, State.SPOILT: 1, State.LOST: 1, State.DESTROYED: 1}
    assert counts == {**where, State.PRINTED: 0}
    assert sum(counts.values()) == 10
    assert stock.standing == {number(1): "SH0001"} and stock.delivered == {number(1)}
    assert stock.sheets["SH0002"].number == number(2)


def test_what_paper_cannot_do_is_refused() -> None:
    ten = received("SH0001-SH0010")
    one = printed(1, [number(1)], "SH0001")
    assert code_of(ten, received("SH0010-SH0011")) == "STOCK_TWICE"
    assert code_of(received("SH0001", "SH0001-SH0002")) == "STOCK_TWICE"
    assert code_of(ten, printed(1, [number(1)], "SH0011")) == "STOCK_UNKNOWN"
    assert code_of(ten, one, printed(2, [number(2)], "SH0001")) == "STOCK_MOVE"
    assert code_of(ten, one, printed(2, [number(1)], "SH0002")) == "STOCK_TWO_SHEETS"
    assert code_of(ten, printed(1, [number(1)] * 2, "SH0001-SH0002")) == "STOCK_TWO_SHEETS"
    assert code_of(ten, Event(Move.DELIVERED, 2, ("SH0001",))) == "STOCK_MOVE"
    assert code_of(ten, Event(Move.DESTROYED, 2, ("SH0001",), by=("甲", "乙"))) == "STOCK_MOVE"
    alone = Event(Move.DESTROYED, 2, ("SH0001",), by=("甲", "甲"))
    assert code_of(ten, spoilt("SH0001"), alone) == "STOCK_WITNESSES"
    assert code_of(ten, Event(Move.SPOILT, 2, ("SH0001",))) == "STOCK_REASON"
    for event in (
        printed(2, [number(1)], "SH0001"),
        printed(1, [number(1)], "SH0001-SH0002"),
        dataclasses.replace(one, template=""),
        Event(Move.DELIVERED, 2, ("SH0001",), numbers=(number(1),)),
    ):
        assert code_of(ten, event) == "STOCK_EVENT"


def test_a_refused_event_changes_nothing() -> None:
    stock = stock_of(received("SH0001-SH0003"))
    before = dict(stock.sheets)
    with pytest.raises(MalanError):
        stock.apply(spoilt("SH0001-SH0004"))
    assert stock.sheets == before


def test_a_spoilt_sheet_frees_its_certificate_for_another() -> None:
    stock = stock_of(received("SH0001-SH0003"), printed(1, [number(1)], "SH0001"), spoilt("SH0001"))
    stock.apply(printed(2, [number(1)], "SH0002"))
    assert stock.standing == {number(1): "SH0002"} and not stock.delivered


def test_blanks_come_in_the_order_of_their_serials_and_run_short_by_name() -> None:
    stock = stock_of(received("SH0099-SH0102"), received("SH0007"))
    assert stock.blanks(3) == ["SH0007", "SH0099", "SH0100"]
    with pytest.raises(MalanError) as caught:
        stock.blanks(6)
    assert caught.value.code == "STOCK_SHORT"


NO_RANGES = ("SH1", "sh0001", "SH0001-", "SH0002-SH0001", "SH0001-ST0002", "SH0001-SH00002", "0000-9999999")
NO_SERIALS = ("SH0001–SH0002", "ＳＨ0001", "SH0001-SH200000", "-SH0001")


@pytest.mark.parametrize("text", (*NO_RANGES, *NO_SERIALS))
def test_what_is_no_range_of_serials_is_refused(text: str) -> None:
    with pytest.raises(MalanError) as caught:
        list(expand([text]))
    assert caught.value.code in ("SERIAL_FORM", "SERIAL_RANGE")


def test_serials_fold_into_ranges_and_back() -> None:
    serials = ["SH0001", "SH0002", "SH0004", "0099", "0100", "SH0005"]
    assert fold(serials) == ("SH0001-SH0002", "SH0004", "0099-0100", "SH0005")
    assert list(expand(fold(serials))) == serials


def test_whatever_happens_the_sheets_add_up() -> None:
    chance = random.Random(3)
    stock, jobs = stock_of(received("SH0001-SH0200")), 0
    for step in range(2_000):
        serial = f"SH{chance.randrange(1, 206):04d}"
        move = chance.choice(list(Move))
        event = Event(move, step, (serial,), reason="x", by=("甲", "乙"))
        if move is Move.PRINTED:
            event = printed(jobs + 1, [number(chance.randrange(300))], serial)
        try:
            stock.apply(event)
            jobs += move is Move.PRINTED
        except MalanError as error:
            assert error.code.startswith("STOCK_")
        assert sum(stock.counts().values()) == len(stock.sheets)
        standing = {
            s.number: k for k, s in stock.sheets.items() if s.state in (State.PRINTED, State.DELIVERED)
        }
        assert stock.standing == standing
    assert all(stock.counts().values()) and jobs > 50


def write(path: Path, *events: Event) -> None:
    with StockBook(path) as book, book.writing() as writer:
        for event in events:
            writer.add(event)


def test_the_book_gives_back_what_was_written(tmp_path: Path) -> None:
    events = [received("SH0001-SH0003"), printed(1, [number(1)], "SH0001"), spoilt("SH0001")]
    for event in events:
        write(tmp_path / "stock.db", event)
    with StockBook(tmp_path / "stock.db") as book:
        assert book.events() == events
        assert book.stock().counts()[State.SPOILT] == 1


def test_a_block_that_fails_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "stock.db", received("SH0001"))
    with pytest.raises(MalanError):
        write(tmp_path / "stock.db", received("SH0002"), received("SH0001"))
    with StockBook(tmp_path / "stock.db") as book:
        assert book.events() == [received("SH0001")]


@pytest.mark.parametrize("change", ["UPDATE event SET body = body", "DELETE FROM event",
                                    "INSERT INTO event VALUES (9, '{}', 'x')",
                                    "INSERT OR REPLACE INTO event VALUES (1, '{}', 'x')"])  # fmt: skip
def test_the_book_only_grows(change: str, tmp_path: Path) -> None:
    write(tmp_path / "stock.db", received("SH0001"), received("SH0002"))
    with sqlite3.connect(tmp_path / "stock.db") as db, pytest.raises(sqlite3.IntegrityError):
        db.execute(change)


@pytest.mark.parametrize("change", ["UPDATE event SET body = replace(body, 'SH0002', 'SH0003') WHERE id = 2",
                                    "DELETE FROM event WHERE id = 2", "UPDATE event SET id = 9 WHERE id = 3",
                                    "DELETE FROM event WHERE id = 1"])  # fmt: skip
def test_what_was_done_to_the_file_behind_its_back_is_noticed(change: str, tmp_path: Path) -> None:
    write(tmp_path / "stock.db", received("SH0001"), received("SH0002"), received("SH0009"))
    with sqlite3.connect(tmp_path / "stock.db") as db:
        for name in ("event_next", "event_kept", "event_said"):
            db.execute(f"DROP TRIGGER {name}")
        db.execute(change)
    with StockBook(tmp_path / "stock.db") as book, pytest.raises(MalanError) as caught:
        book.stock()
    assert caught.value.code == "STOCK_BROKEN"


def test_two_programs_never_give_out_one_serial(tmp_path: Path) -> None:
    path = tmp_path / "stock.db"
    write(path, received("SH0001-SH0040"))

    def work(place: int) -> None:
        with StockBook(path) as book:
            for step in range(10):
                with book.writing() as writer:
                    event = printed(
                        len(writer.stock.prints) + 1, [number(100 * place + step)], *writer.stock.blanks(1)
                    )
                    writer.add(event)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with StockBook(path) as book:
        stock = book.stock()
    assert stock.counts()[State.PRINTED] == len(stock.standing) == 40


def test_another_file_is_not_taken_for_a_book(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as db:
        db.execute("CREATE TABLE x (y)")
    (tmp_path / "text.db").write_text("a text that is no database, and long enough to look at" * 30)
    for name in ("other.db", "text.db"):
        with pytest.raises(MalanError) as caught:
            StockBook(tmp_path / name)
        assert caught.value.code == "STOCK_UNUSABLE"
