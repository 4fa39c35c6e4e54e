"""A service process of its own that submits statements with two threads, one statement at a time.

    python -m tests.races.writer HOME FILE [--no-lock]

FILE holds the statements as base64url lines. Prints one JSON line a statement: its hash, and the place and
receipt it was answered with, or the code it was refused by. `--no-lock` is the negative control: the
transaction begins without the write lock.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from issuers.base64url import from_b64
from ledger.errors import MalanError, Unavailable
from registry.service import Service, open_service
from registry.settings import read_settings
from registry.writing import appending
from registry.writing.item import Submission
from registry.writing.submit import submit

THREADS = 2


def unlock(service: Service) -> None:
    """Every transaction of the writer begins without its lock, and takes its time after it read the head."""
    engine = service.database.writer
    engine.dispose()
    for listener in list(engine.dispatch.begin):
        sa.event.remove(engine, "begin", listener)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    read_head = appending.read_head

    def slowly(connection: sa.Connection, origin: str) -> object:
        head = read_head(connection, origin)
        time.sleep(0.01)
        return head

    appending.read_head = slowly  # type: ignore[assignment]  # the control is meant to break it


def opened(home: Path) -> Service:
    """The service, also where the database cuts off whoever begins."""
    for _ in range(20):
        try:
            return open_service(read_settings(home=home))
        except Unavailable:
            time.sleep(0.1)
    return open_service(read_settings(home=home))


def main(home: Path, file: Path, *, locked: bool) -> None:
    """Submits every statement of the file."""
    service = opened(home)
    if not locked:
        unlock(service)
    lines = file.read_text().split()

    def send(line: str) -> dict[str, object]:
        raw = from_b64(line, bytes_max=70_000, where="file")
        told: dict[str, object] = {"hash": hashlib.sha256(raw).hexdigest()}
        try:
            (answer,) = submit(service, [Submission(raw)])
        except (MalanError, SQLAlchemyError) as error:
            return {**told, "error": type(error).__name__}
        if isinstance(answer, MalanError):
            return {**told, "error": answer.code}
        return {**told, "seq": answer.seq, "time_ms": answer.time_ms, "repeated": answer.repeated}

    with ThreadPoolExecutor(THREADS) as pool:
        for told in pool.map(send, lines):
            sys.stdout.write(json.dumps(told) + "\n")
    service.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), locked="--no-lock" not in sys.argv)
