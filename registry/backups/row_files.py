"""Door: rows of one table in one file.

A file is the title line, then frames: four bytes of length (big-endian) and so many bytes of deterministic
CBOR, an array of rows, each an array of its columns' values; a frame of length 0 ends it. Promises: what is
written is on disk when the call returns; what is read is what was written, or the reader says so at the end,
so nothing may be committed before the last row was taken.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from ledger import cbor
from ledger.errors import MalanError, Malformed, ProofFailed, Unavailable

TITLE: Final = b"malan-rows 1\n"
FRAME_BYTES: Final = 2**20  # a frame is closed beyond this
FRAME_BYTES_MAX: Final = 2**30  # PostgreSQL keeps no larger value
_READ_BYTES: Final = 2**20
_PRIVATE: Final = 0o600

Row = Sequence[cbor.Value]


@dataclass(frozen=True, slots=True)
class Written:
    """What a file of rows holds, its bytes, and the SHA-256 over them."""

    rows: int
    length: int
    sha256: bytes


class _Hashed:
    """A file that counts and hashes what goes through it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.length = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._seen(data)

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._seen(data)
        return data

    def digest(self) -> bytes:
        return self._hash.digest()

    def _seen(self, data: bytes) -> None:
        self._hash.update(data)
        self.length += len(data)


def write_rows(path: Path, rows: Iterable[Row]) -> Written:
    """Writes a new file of mode 0600. Raises Unavailable DISK_LOW or FILE_WRITE."""
    count, frame, size = 0, list[bytes](), 0
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            out = _Hashed(file)
            out.write(TITLE)
            for row in rows:
                data = cbor.encode(list(row))
                if size + len(data) > FRAME_BYTES and frame:
                    _write_frame(out, frame)
                    frame, size = [], 0
                frame.append(data)
                size += len(data)
                count += 1
            if frame:
                _write_frame(out, frame)
            out.write(bytes(4))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(path, error) from error
    return Written(count, out.length, out.digest())


def read_rows(path: Path, written: Written) -> Iterator[list[Row]]:
    """The rows, a frame at a time.

    Raises Unavailable BACKUP_FILE_MISSING or FILE_READ; ProofFailed BACKUP_DIFFERS, at the latest behind the
    last row; Malformed BACKUP_FORM.
    """
    count = 0
    with _opened(path) as file:
        source = _Hashed(file)
        if source.read(len(TITLE)) != TITLE:
            raise _differs(path)
        while size := int.from_bytes(_exactly(source, 4, path), "big"):
            if size > FRAME_BYTES_MAX:
                raise _differs(path)
            frame = _rows_of(_exactly(source, size, path), path)
            count += len(frame)
            yield frame
        if source.read(1) or Written(count, source.length, source.digest()) != written:
            raise _differs(path)


def check_file(path: Path, *, length: int, sha256: bytes) -> None:
    """Whether the file has these bytes. Raises as `read_rows`."""
    with _opened(path) as file:
        source = _Hashed(file)
        while source.read(_READ_BYTES):
            pass
    if (source.length, source.digest()) != (length, sha256):
        raise _differs(path)


def unwritable(path: Path, error: OSError) -> MalanError:
    """What the operator is told when a backup cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        fix = "Make room, and run it again; nothing half written counts as a backup."
        return Unavailable("DISK_LOW", "the disk is full", where=path.name, fix=fix)
    fix = "Check space and permissions."
    return Unavailable("FILE_WRITE", "the file cannot be written", where=path.name, fix=fix)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise Unavailable(
            "BACKUP_FILE_MISSING",
            "a file of the backup is gone",
            where=path.name,
            fix="Take another copy of this backup, or an older backup.",
        ) from error
    except OSError as error:
        fix = "Check that you may read it."
        raise Unavailable("FILE_READ", "the file cannot be read", where=path.name, fix=fix) from error


def _write_frame(out: _Hashed, rows: Sequence[bytes]) -> None:
    head = cbor.array_head(len(rows))
    out.write((len(head) + sum(map(len, rows))).to_bytes(4, "big"))
    out.write(head)
    out.write(b"".join(rows))


def _exactly(source: _Hashed, size: int, path: Path) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise _differs(path)
    return data


def _rows_of(data: bytes, path: Path) -> list[Row]:
    try:
        rows = cbor.decode(data, bytes_max=FRAME_BYTES_MAX)
    except Malformed as error:
        raise _differs(path) from error
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Malformed("BACKUP_FORM", "a frame that holds no rows", where=path.name)
    return rows


def _differs(path: Path) -> ProofFailed:
    return ProofFailed(
        "BACKUP_DIFFERS",
        "a file of the backup is not the one that was written",
        where=path.name,
        fix="Take another copy of this backup, or an older backup.",
    )
