"""Door: the outbox, a SQLite file that keeps every statement a party signed, before it is sent.

Promises: the signed bytes with their openings are on the disk before anybody else sees them and never change
after; the answer is kept beside them; of the parcels with one key at most one is on its way or logged,
whatever is interrupted where. So a retry sends the same bytes and nothing is said twice.
May not know: what an act means, the network, clocks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, cast

from issuers.sign.parcel import Answer, Fate, Parcel
from ledger import cbor
from ledger.errors import Refused, Unavailable
from ledger.statement import parse_statement

VERSION: Final = 1
_APPLICATION: Final = 0x4D4C4E53  # "MLNS" in the header of the file: not any SQLite file will do
_OPENINGS_BYTES_MAX: Final = 2**22  # 200 openings of at most 4 KiB, several times over

_SCHEMA: Final = (
    "CREATE TABLE batch (name TEXT PRIMARY KEY, token BLOB NOT NULL CHECK (length(token) = 16),"
    " started_ms INTEGER NOT NULL) STRICT",
    "CREATE TABLE item (id INTEGER PRIMARY KEY, batch TEXT NOT NULL, key TEXT, cti BLOB NOT NULL UNIQUE,"
    " kind TEXT NOT NULL, subject TEXT NOT NULL, statement BLOB NOT NULL, openings BLOB NOT NULL,"
    " attachment BLOB, note BLOB, state TEXT NOT NULL CHECK (state IN ('ready', 'logged', 'refused')),"
    " seq INTEGER, time_ms INTEGER, receipt BLOB, code TEXT, what TEXT, place TEXT, fix TEXT,"
    " CHECK ((state = 'logged') = (receipt IS NOT NULL)), CHECK ((state = 'refused') = (code IS NOT NULL))"
    ") STRICT",
    "CREATE UNIQUE INDEX item_said_once ON item (key) WHERE key IS NOT NULL AND state IN ('ready', 'logged')",
    "CREATE INDEX item_batch ON item (batch, id)",
    "CREATE INDEX item_kind ON item (kind, seq)",
    "CREATE TRIGGER item_signed BEFORE UPDATE OF"
    " id, batch, key, cti, kind, subject, statement, openings, attachment, note ON item"
    " BEGIN SELECT RAISE(ABORT, 'signed bytes do not change'); END",
    "CREATE TRIGGER item_answered BEFORE UPDATE ON item WHEN OLD.state <> 'ready'"
    " BEGIN SELECT RAISE(ABORT, 'an answer does not change'); END",
    "CREATE TRIGGER item_kept BEFORE DELETE ON item"
    " BEGIN SELECT RAISE(ABORT, 'nothing signed is deleted'); END",
)


class ItemState(StrEnum):
    """`ready` is stored and unanswered: perhaps never sent, perhaps logged without our knowing."""

    READY = "ready"
    LOGGED = "logged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Item:
    """A parcel in the outbox. `note` is what its maker wants to find again, CBOR."""

    id: int
    batch: str
    kind: str
    subject: str
    parcel: Parcel
    state: ItemState
    answer: Answer | None
    note: bytes | None = field(default=None, repr=False)


class Outbox:
    """An open outbox; close it, or use it in a `with` statement. One thread."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file. Raises Unavailable OUTBOX_UNUSABLE or OUTBOX_VERSION."""
        with _translated():
            path.touch(mode=0o600, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
        with _translated():
            self._prepare()

    def __enter__(self) -> Outbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def batch(self, name: str, *, fresh: bytes, now_ms: int) -> bytes:
        """The 16-byte id of a batch: `fresh` if the name is new, else the one it got then."""
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO batch VALUES (?, ?, ?)", (name, fresh, now_ms))
            row = db.execute("SELECT token FROM batch WHERE name = ?", (name,)).fetchone()
        return cast(bytes, row[0])

    def store(
        self, batch: str, parcels: Sequence[Parcel], notes: Sequence[bytes | None] | None = None
    ) -> list[Item]:
        """Keeps parcels, all or none, ready to be sent; answers with them in the same order.

        Raises Refused SAID_ALREADY when one with the same key is on its way or logged.
        """
        identifiers = []
        with self._writing() as db:
            for parcel, note in zip(parcels, notes or [None] * len(parcels), strict=True):
                statement = parse_statement(parcel.statement)
                try:
                    cursor = db.execute(
                        "INSERT INTO item (batch, key, cti, kind, subject, statement, openings, attachment,"
                        " note, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'ready')",
                        (
                            *(batch, parcel.key, statement.cti, statement.kind, statement.subject),
                            *(parcel.statement, cbor.encode(parcel.openings), parcel.attachment),
                            note,
                        ),
                    )
                except sqlite3.IntegrityError as error:
                    raise Refused(
                        "SAID_ALREADY", "this was signed before and is on its way or logged", where=batch
                    ) from error
                identifiers.append(cursor.lastrowid)
        return [self._one("id = ?", identifier) for identifier in identifiers]

    def record(self, answers: Iterable[tuple[Item, Answer]]) -> None:
        """Keeps the service's answers, all or none. An answer once kept does not change."""
        with self._writing() as db:
            for item, answer in answers:
                if answer.refused:
                    db.execute(
                        "UPDATE item SET state = 'refused', code = ?, what = ?, place = ?, fix = ?"
                        " WHERE id = ?",
                        (answer.code, answer.what, answer.where, answer.fix, item.id),
                    )
                else:
                    db.execute(
                        "UPDATE item SET state = 'logged', seq = ?, time_ms = ?, receipt = ? WHERE id = ?",
                        (answer.seq, answer.time_ms, answer.receipt, item.id),
                    )

    def waiting(self, batch: str | None = None) -> list[Item]:
        """Parcels without an answer, of one batch or all, in the order they were stored."""
        if batch is None:
            return self._many("state = 'ready' ORDER BY id")
        return self._many("state = 'ready' AND batch = ? ORDER BY id", batch)

    def items(self, batch: str) -> list[Item]:
        """Everything of a batch, in the order it was stored."""
        return self._many("batch = ? ORDER BY id", batch)

    def of_kind(self, kind: str) -> list[Item]:
        """Every logged statement of a kind, in log order."""
        return self._many("kind = ? AND state = 'logged' ORDER BY seq", kind)

    def logged(self) -> list[Item]:
        """Every logged statement, in log order."""
        return self._many("state = 'logged' ORDER BY seq")

    def live(self, key: str) -> Item | None:
        """The parcel of this key that is on its way or logged, or None."""
        found = self._many("key = ? AND state IN ('ready', 'logged')", key)
        return found[0] if found else None

    def again(self, item: Item) -> Item:
        """The item as it stands now."""
        return self._one("id = ?", item.id)

    def _prepare(self) -> None:
        """Settings with their values checked after, and the schema."""
        db = self._db
        mode = db.execute("PRAGMA journal_mode=TRUNCATE").fetchone()[0]
        db.execute("PRAGMA synchronous=FULL")
        if mode != "truncate" or db.execute("PRAGMA synchronous").fetchone()[0] != 2:
            raise Unavailable("OUTBOX_UNUSABLE", "the outbox cannot be set to lose nothing")
        with self._writing():
            version = db.execute("PRAGMA user_version").fetchone()[0]
            application = db.execute("PRAGMA application_id").fetchone()[0]
            tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if (version, application, tables) == (0, 0, 0):
                for command in _SCHEMA:
                    db.execute(command)
                db.execute(f"PRAGMA user_version={VERSION}")
                db.execute(f"PRAGMA application_id={_APPLICATION}")
            elif (version, application) != (VERSION, _APPLICATION):
                raise Unavailable("OUTBOX_VERSION", "the file is not an outbox of this version")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with _translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                # Crash before this line: the outbox stands as before, and nothing was sent.
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _one(self, condition: str, *values: object) -> Item:
        (item,) = self._many(condition, *values)
        return item

    def _many(self, condition: str, *values: object) -> list[Item]:
        columns = (
            "id, batch, kind, subject, statement, openings, attachment, key, state, seq, time_ms, receipt,"
            " code, what, place, fix, note"
        )
        query = f"SELECT {columns} FROM item WHERE {condition}"  # noqa: S608  # conditions are ours
        with _translated():
            return [_item(row) for row in self._db.execute(query, values)]


def _item(row: tuple[object, ...]) -> Item:
    identifier, batch, kind, subject, statement, openings, attachment, key, state, *answered, note = row
    found = ItemState(cast(str, state))
    opened = cbor.decode(cast(bytes, openings), bytes_max=_OPENINGS_BYTES_MAX)
    parcel = Parcel(
        statement=cast(bytes, statement),
        openings=tuple(cast("list[bytes]", opened)),
        attachment=cast("bytes | None", attachment),
        key=cast("str | None", key),
    )
    seq, time_ms, receipt, code, what, place, fix = answered
    answer = None
    if found is ItemState.LOGGED:
        answer = Answer(Fate.APPENDED, cast(int, seq), cast(int, time_ms), cast(bytes, receipt))
    elif found is ItemState.REFUSED:
        texts = (cast(str, text) for text in (code, what, place, fix))
        answer = Answer(Fate.REFUSED, -1, 0, b"", *texts)
    return Item(
        id=cast(int, identifier),
        batch=cast(str, batch),
        kind=cast(str, kind),
        subject=cast(str, subject),
        parcel=parcel,
        state=found,
        answer=answer,
        note=cast("bytes | None", note),
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(
            "OUTBOX_UNUSABLE",
            "the outbox cannot be read or written",
            fix="Check the file outbox.db, its disk, and that no other run holds it.",
        ) from error
