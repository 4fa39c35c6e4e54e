"""Door: what a witness remembers: every head it cosigned and all evidence of conflict, in one SQLite file.

Promises: a turn reads, decides and writes in one transaction that excludes every other (BEGIN IMMEDIATE), and
is on the disk when it ends (journal TRUNCATE, synchronous FULL, both checked after setting); the file itself
refuses a head that goes back, gets a second root, or is taken away; it belongs to one key and is never made
but by `create`. May not know: the protocol, keys, clocks.

Tables: `witness` (one row: vkey, newest time of a cosignature, why it is retired), `head` (origin, size,
root, the note with the log's line and ours, time in POSIX seconds; the newest head of a log is its largest),
`evidence` (what contradicts a head: refused requests and heads of others, once for each checkpoint and
reason, with the head it contradicts; `EVIDENCE_MAX` of a log and reason, for nobody is convicted more often).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ledger.checkpoint import Checkpoint
from ledger.errors import Unavailable

_APPLICATION: Final = 0x4D4C5754  # "MLWT" in the header of the file
_WAIT_SECONDS: Final = 10.0  # for another request's turn; then 503

UNPROVEN: Final = "WITNESS_UNPROVEN"
"""The code of a signed checkpoint that came with a proof that leads nowhere: it convicts nobody by itself."""
EVIDENCE_MAX: Final = 1_000
_REFUSE: Final = "BEGIN SELECT RAISE(ABORT, 'a head stands for ever'); END"

_SCHEMA: Final = (
    "CREATE TABLE witness (id INTEGER PRIMARY KEY CHECK (id = 1), vkey TEXT NOT NULL,"
    " time INTEGER NOT NULL, retired TEXT) STRICT",
    "CREATE TABLE head (origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL,"
    " time INTEGER NOT NULL, PRIMARY KEY (origin, size)) STRICT, WITHOUT ROWID",
    "CREATE TABLE evidence (id INTEGER PRIMARY KEY, origin TEXT NOT NULL, size INTEGER NOT NULL,"
    " root BLOB NOT NULL, code TEXT NOT NULL, time INTEGER NOT NULL, said BLOB NOT NULL, held BLOB NOT NULL,"
    " hashes BLOB NOT NULL, UNIQUE (origin, size, root, code)) STRICT",
    "CREATE TRIGGER head_grows BEFORE INSERT ON head WHEN NEW.size <="  # noqa: S608  # ours
    f" (SELECT MAX(size) FROM head WHERE origin = NEW.origin) {_REFUSE}",
    "CREATE TRIGGER head_stays BEFORE UPDATE ON head WHEN NEW.origin IS NOT OLD.origin OR NEW.size IS NOT"
    f" OLD.size OR NEW.root IS NOT OLD.root OR NEW.time < OLD.time {_REFUSE}",
    f"CREATE TRIGGER head_kept BEFORE DELETE ON head {_REFUSE}",
    f"CREATE TRIGGER evidence_kept BEFORE DELETE ON evidence {_REFUSE}",
    f"CREATE TRIGGER evidence_stays BEFORE UPDATE ON evidence {_REFUSE}",
    "CREATE TRIGGER time_grows BEFORE UPDATE ON witness WHEN NEW.time < OLD.time OR NEW.vkey IS NOT OLD.vkey"
    f" OR (OLD.retired IS NOT NULL AND NEW.retired IS NOT OLD.retired) {_REFUSE}",
    f"CREATE TRIGGER witness_kept BEFORE DELETE ON witness {_REFUSE}",
)


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint this witness cosigned: the note has the log's line and ours; `time` in POSIX seconds."""

    checkpoint: Checkpoint
    note: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the log's key signed against the head `held`, and what we call that.

    `said`: the request that was refused, or the head that somebody shows. `hashes`, 32 bytes each, where a
    head of another size was compared: the root at the older size as the newer tree has it, then the
    consistency proof from there; what the log serves tomorrow is not needed to believe it.
    """

    checkpoint: Checkpoint
    code: str
    time: int
    said: bytes
    held: bytes
    hashes: bytes = b""

    @property
    def convicts(self) -> bool:
        """Whether it is proof for everybody."""
        return self.code != UNPROVEN


def lost(where: str) -> Unavailable:
    """The one answer when a witness does not know what it cosigned."""
    return Unavailable(
        "WITNESS_STATE_LOST",
        "what this witness cosigned is not known, so its key must never cosign again",
        where=where,
        fix="Retire this key: tell the city, then `malan-verify witness init` in an empty folder.",
    )


class Turn:
    """The state while nobody else can change it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.time, self.retired = connection.execute("SELECT time, retired FROM witness").fetchone()

    def latest(self, origin: str) -> Head | None:
        """The largest head of a log; None before the first."""
        return _head(self._db, origin, "ORDER BY size DESC LIMIT 1", ())

    def at(self, origin: str, size: int) -> Head | None:
        """The head of that very size, if it was cosigned."""
        return _head(self._db, origin, "AND size = ?", (size,))

    def record(self, head: Head, *, after: Head | None) -> None:
        """Writes what is about to be cosigned, in the place of `after`, the latest head.

        Raises Unavailable WITNESS_STATE where the file holds another latest head: nothing is then written.
        """
        one, origin = head.checkpoint, head.checkpoint.origin
        if after is not None and after.checkpoint == one:
            change = "UPDATE head SET note = ?, time = ? WHERE origin = ? AND size = ? AND root = ?"
            values: tuple[Any, ...] = (head.note, head.time, origin, one.size, one.root)
        else:
            # The old size stands in the statement itself: nothing is written over another request's head.
            change = (
                "INSERT INTO head (origin, size, root, note, time) SELECT ?, ?, ?, ?, ?"
                " WHERE (SELECT MAX(size) FROM head WHERE origin = ?) IS ?"
            )
            size = None if after is None else after.checkpoint.size
            values = (origin, one.size, one.root, head.note, head.time, origin, size)
        if self._db.execute(change, values).rowcount != 1:
            raise Unavailable("WITNESS_STATE", "the state changed during a turn", fix="Ask again.")
        self._db.execute("UPDATE witness SET time = ?", (head.time,))
        self.time = head.time

    def keep(self, evidence: Evidence) -> None:
        """Keeps evidence; the same checkpoint refused again for the same reason adds nothing."""
        one = evidence.checkpoint
        what = (evidence.code, evidence.time, evidence.said, evidence.held, evidence.hashes)
        self._db.execute(
            "INSERT INTO evidence (origin, size, root, code, time, said, held, hashes)"
            " SELECT ?, ?, ?, ?, ?, ?, ?, ?"
            " WHERE (SELECT count(*) FROM evidence WHERE origin = ? AND code = ?) < ? ON CONFLICT DO NOTHING",
            (one.origin, one.size, one.root, *what, one.origin, evidence.code, EVIDENCE_MAX),
        )

    def retire(self, reason: str) -> None:
        """This key never cosigns again."""
        self._db.execute("UPDATE witness SET retired = ? WHERE retired IS NULL", (reason,))


class State:
    """The file of one witness. Any thread may use it; each turn has a connection of its own."""

    def __init__(self, path: Path, *, vkey: str) -> None:
        """Raises Unavailable WITNESS_STATE_LOST when it is not there, or not this key's."""
        self._path = path
        self._vkey = vkey
        self._time = 0  # of the newest cosignature this process knows of
        with self._connected():
            pass

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Everything written in it is durable when it ends; nothing of it is, when it ends by an error.

        Raises Unavailable WITNESS_STATE (busy, full, broken: ask later) or WITNESS_STATE_LOST.
        """
        with self._connected() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                turn = Turn(db)
                if turn.time < self._time:
                    # Put back under our feet. What it says now is older than what we said.
                    raise lost(self._path.name)
                yield turn
                db.execute("COMMIT")
                self._time = max(self._time, turn.time)
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def latest(self, origin: str) -> Head | None:
        """As `Turn.latest`, as of now."""
        with self._connected() as db:
            return Turn(db).latest(origin)

    def retired(self) -> str | None:
        """Why this key no longer cosigns."""
        with self._connected() as db:
            return str(reason) if (reason := Turn(db).retired) is not None else None

    def time(self) -> int:
        """When anything was cosigned last, in POSIX seconds; 0 before."""
        with self._connected() as db:
            return int(Turn(db).time)

    def heads(self, origin: str) -> int:
        """How many heads of that log were cosigned."""
        with self._connected() as db:
            query = "SELECT count(*) FROM head WHERE origin = ?"
            return int(db.execute(query, (origin,)).fetchone()[0])

    def evidence(self) -> list[Evidence]:
        """All of it, in the order it was met."""
        with self._connected() as db:
            query = "SELECT origin, size, root, code, time, said, held, hashes FROM evidence ORDER BY id"
            return [Evidence(Checkpoint(*row[:3]), *row[3:]) for row in db.execute(query)]

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with _translated(self._path.name):
            if not self._path.is_file():
                raise lost(self._path.name)
            if self._path.stat().st_nlink != 1:
                # Under another name SQLite would not find the journal of a turn that broke off.
                raise Unavailable(
                    "WITNESS_STATE",
                    "the state has a second name (a hard link)",
                    where=self._path.name,
                    fix="Remove the other name. Never run this witness from a copy of its folder.",
                )
            with closing(_open(self._path)) as db:
                if db.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
                    raise lost(self._path.name)
                if db.execute("SELECT vkey FROM witness").fetchone() != (self._vkey,):
                    raise lost(self._path.name)
                yield db


def create(path: Path, *, vkey: str) -> None:
    """The empty state of a new key. Raises Unavailable FILE_EXISTS or WITNESS_STATE."""
    with _translated(path.name):
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            raise Unavailable(
                "FILE_EXISTS", "the state is there already", where=path.name, fix="Choose an empty folder."
            ) from None
        with closing(_open(path)) as db:
            db.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                db.execute(statement)
            db.execute("INSERT INTO witness (id, vkey, time) VALUES (1, ?, 0)", (vkey,))
            db.execute(f"PRAGMA application_id = {_APPLICATION}")
            db.execute("COMMIT")
        held = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(held)
        finally:
            os.close(held)


def _open(path: Path) -> sqlite3.Connection:
    """A connection that makes no file and answers only with what is on the disk."""
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=_WAIT_SECONDS
    )
    try:
        journal = db.execute("PRAGMA journal_mode = TRUNCATE").fetchone()[0]
        db.execute("PRAGMA synchronous = FULL")
        if (journal, db.execute("PRAGMA synchronous").fetchone()[0]) != ("truncate", 2):
            raise Unavailable("WITNESS_STATE", "the state cannot be written durably here", where=path.name)
    except BaseException:
        db.close()
        raise
    return db


def _head(db: sqlite3.Connection, origin: str, which: str, values: tuple[int, ...]) -> Head | None:
    query = f"SELECT size, root, note, time FROM head WHERE origin = ? {which}"  # noqa: S608  # ours
    row = db.execute(query, (origin, *values)).fetchone()
    return None if row is None else Head(Checkpoint(origin, row[0], row[1]), row[2], row[3])


@contextmanager
def _translated(where: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(
            "WITNESS_STATE",
            f"the state cannot be used: {type(error).__name__}",
            where=where,
            fix="Look at the disk, its space, and the owner of the folder.",
        ) from error
