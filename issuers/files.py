"""Door: the files of a party's own machine. A file is there whole or not at all.

Promises: what is written is on the disk before the call returns (fsync of file and directory), under its
final name only when it is complete; what is read has a limit; no error carries more of a path than the file's
name.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from ledger.errors import Malformed, Unavailable


def private_directory(path: Path) -> Path:
    """The directory, made with mode 0700 if it was not there. Raises Unavailable FILE_WRITE."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path) from error
    return path


def create_file(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Writes a file that must not be there yet. Raises Unavailable FILE_EXISTS or FILE_WRITE."""
    temporary = _written_beside(path, data, mode)
    try:
        # A link, unlike a rename, fails when the name is taken.
        os.link(temporary, path)
    except FileExistsError as error:
        raise Unavailable(
            "FILE_EXISTS", "the file is there already", where=path.name, fix="Choose another name."
        ) from error
    except OSError as error:
        raise _unwritable(path) from error
    finally:
        temporary.unlink(missing_ok=True)
    _sync_directory(path.parent)


def replace_file(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Writes a file, in the place of an earlier one if there is one. Raises Unavailable FILE_WRITE."""
    temporary = _written_beside(path, data, mode)
    try:
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unwritable(path) from error
    _sync_directory(path.parent)


def read_file(path: Path, *, bytes_max: int) -> bytes:
    """The bytes. Raises Unavailable FILE_READ, Malformed FILE_TOO_LARGE."""
    try:
        with path.open("rb") as file:
            data = file.read(bytes_max + 1)
    except OSError as error:
        raise Unavailable(
            "FILE_READ",
            "the file cannot be read",
            where=path.name,
            fix="Check that it is there and that you may read it.",
        ) from error
    if len(data) > bytes_max:
        raise Malformed("FILE_TOO_LARGE", f"the file has more than {bytes_max} bytes", where=path.name)
    return data


def _written_beside(path: Path, data: bytes, mode: int) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _unwritable(path) from error
    return temporary


def _sync_directory(path: Path) -> None:
    with contextlib.suppress(OSError):  # not every file system can sync a directory; the file itself is safe
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _unwritable(path: Path) -> Unavailable:
    return Unavailable(
        "FILE_WRITE", "the file cannot be written", where=path.name, fix="Check space and permissions."
    )
