"""The outbox: what was signed is kept, unchanged, and said once."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from issuers.sign.drafting import Speaker
from issuers.sign.outbox import Item, ItemState, Outbox
from issuers.sign.parcel import Answer, Fate, Parcel
from ledger.errors import MalanError
from ledger.keys import ES256, from_seed
from tests.world_parts import START, millis, seeded

SPEAKER = Speaker(from_seed(ES256, seeded("outbox", 48)), "body-shenlan", "log.malan.example/2026")
LOGGED = Answer(Fate.APPENDED, 7, 1_000, b"receipt")
REFUSED = Answer(Fate.REFUSED, code="BODY_SUSPENDED", what="the body is suspended", where="sub", fix="Wait.")


def parcel(label: str, *, key: str | None = None, openings: tuple[bytes, ...] = ()) -> Parcel:
    raw = SPEAKER.say(
        "body-suspended",
        "party/x",
        {"reason": "late"},
        now_ms=millis(START),
        fresh=seeded(label, 10),
    )
    return Parcel(raw, openings, b"attached" if openings else None, key)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        call()
    return caught.value.code


def test_what_is_stored_comes_back_to_the_byte_after_closing(path: Path) -> None:
    sent = parcel("a", key="roster/1", openings=(b"one", b"two" * 900))
    with Outbox(path) as outbox:
        (item,) = outbox.store("class/1", [sent], [b"\x01note"])
    with Outbox(path) as outbox:
        assert outbox.waiting() == [item]
        assert item.parcel == sent and item.note == b"\x01note" and item.answer is None
        assert (item.kind, item.subject, item.state) == ("body-suspended", "party/x", ItemState.READY)


def test_the_file_is_private_and_set_to_lose_nothing(path: Path) -> None:
    with Outbox(path):
        pass
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)  # TRUNCATE is per connection
    assert db.execute("PRAGMA user_version").fetchone() == (1,)


def test_an_answer_is_kept_and_never_changes(path: Path) -> None:
    with Outbox(path) as outbox:
        first, second = outbox.store("b", [parcel("a"), parcel("b")])
        outbox.record([(first, LOGGED), (second, REFUSED)])
        assert outbox.again(first).answer == LOGGED and outbox.again(first).state is ItemState.LOGGED
        assert outbox.again(second).answer == REFUSED and not outbox.waiting()
        assert code_of(lambda: outbox.record([(first, REFUSED)])) == "OUTBOX_UNUSABLE"
        assert outbox.again(first).answer == LOGGED
        assert [item.id for item in outbox.logged()] == [first.id]


def test_a_batch_is_stored_whole_or_not_at_all(path: Path) -> None:
    with Outbox(path) as outbox:
        (kept,) = outbox.store("b", [parcel("a", key="k1")])
        assert code_of(lambda: outbox.store("b", [parcel("c"), parcel("d", key="k1")])) == "SAID_ALREADY"
        assert outbox.items("b") == [kept]


def test_answers_are_recorded_all_or_none(path: Path) -> None:
    with Outbox(path) as outbox:
        first, second = outbox.store("b", [parcel("a"), parcel("b")])
        outbox.record([(second, LOGGED)])
        assert code_of(lambda: outbox.record([(first, LOGGED), (second, LOGGED)])) == "OUTBOX_UNUSABLE"
        assert outbox.again(first).state is ItemState.READY


@pytest.mark.parametrize("answer", [None, LOGGED])
def test_a_key_that_is_on_its_way_or_logged_cannot_be_said_again(path: Path, answer: Answer | None) -> None:
    with Outbox(path) as outbox:
        (item,) = outbox.store("b", [parcel("a", key="roster/1")])
        if answer:
            outbox.record([(item, answer)])
        assert code_of(lambda: outbox.store("b", [parcel("z", key="roster/1")])) == "SAID_ALREADY"
        live = outbox.live("roster/1")
        assert live is not None and live.id == item.id
        outbox.store("b", [parcel("y", key="roster/2"), parcel("x"), parcel("w")])  # others go on


def test_a_refused_key_may_be_said_anew(path: Path) -> None:
    with Outbox(path) as outbox:
        (item,) = outbox.store("b", [parcel("a", key="roster/1")])
        outbox.record([(item, REFUSED)])
        assert outbox.live("roster/1") is None
        (again,) = outbox.store("b", [parcel("z", key="roster/1")])
        assert outbox.live("roster/1") == again


def test_one_statement_is_stored_once(path: Path) -> None:
    with Outbox(path) as outbox:
        outbox.store("b", [parcel("a")])
        assert code_of(lambda: outbox.store("c", [parcel("a")])) == "SAID_ALREADY"


@pytest.mark.parametrize(
    "command",
    [
        "UPDATE item SET statement = x'00'",
        "UPDATE item SET openings = x'80'",
        "UPDATE item SET attachment = x'00'",
        "UPDATE item SET key = 'other'",
        "DELETE FROM item",
        "UPDATE item SET state = 'logged'",
        "UPDATE item SET state = 'lost'",
    ],
)
def test_the_file_itself_refuses_to_change_what_was_signed(path: Path, command: str) -> None:
    with Outbox(path) as outbox:
        outbox.store("b", [parcel("a")])
    db = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError):
        db.execute(command)


def test_a_batch_keeps_the_id_it_got_first(path: Path) -> None:
    with Outbox(path) as outbox:
        assert outbox.batch("prepare/1", fresh=b"a" * 16, now_ms=5) == b"a" * 16
        assert outbox.batch("prepare/2", fresh=b"b" * 16, now_ms=6) == b"b" * 16
    with Outbox(path) as outbox:
        assert outbox.batch("prepare/1", fresh=b"c" * 16, now_ms=7) == b"a" * 16


def test_a_file_of_something_else_is_not_taken(path: Path, tmp_path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE notes (text TEXT)")
    db.commit()
    assert code_of(lambda: Outbox(path)) == "OUTBOX_VERSION"
    (tmp_path / "text.db").write_bytes(b"this is no database at all, but some text" * 30)
    assert code_of(lambda: Outbox(tmp_path / "text.db")) == "OUTBOX_UNUSABLE"
    assert code_of(lambda: Outbox(tmp_path / "absent" / "outbox.db")) == "OUTBOX_UNUSABLE"


def test_a_newer_version_is_not_touched(path: Path) -> None:
    with Outbox(path):
        pass
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 2")
    db.commit()
    assert code_of(lambda: Outbox(path)) == "OUTBOX_VERSION"


def test_waiting_is_in_order_of_storing_and_by_batch(path: Path) -> None:
    with Outbox(path) as outbox:
        stored: list[Item] = []
        for place in range(6):
            stored += outbox.store("even" if place % 2 == 0 else "odd", [parcel(str(place))])
        outbox.record([(stored[2], LOGGED)])
        assert [item.id for item in outbox.waiting()] == [stored[n].id for n in (0, 1, 3, 4, 5)]
        assert [item.id for item in outbox.waiting("even")] == [stored[n].id for n in (0, 4)]
