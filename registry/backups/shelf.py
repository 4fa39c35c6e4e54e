"""Door: the folder where backups lie: one folder for each, named by the moment it was begun.

Promises: a backup stands under its name only when it is whole and on disk; what broke off has a name of its
own and is taken for nothing; what is past its time is found by its name, finished or not.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from issuers.files import create_file, read_file
from ledger.errors import Refused, Unavailable
from registry.backups.manifest import BYTES_MAX
from registry.backups.row_files import unwritable

MANIFEST: Final = "manifest.json"
UNFINISHED: Final = ".unfinished"
_FORM: Final = "%Y%m%dT%H%M%S"
_NAME: Final = re.compile(r"(\d{8}T\d{6})\.(\d{3})Z(?:\.unfinished)?", re.ASCII)


def name_of(now_ms: int) -> str:
    """The name of a backup begun at this moment (milliseconds since 1970), in UTC."""
    moment = datetime.fromtimestamp(now_ms // 1000, UTC)
    return f"{moment.strftime(_FORM)}.{now_ms % 1000:03d}Z"


def begun_ms(name: str) -> int | None:
    """The moment in the name of a backup, also of an unfinished one; None for another name."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        moment = datetime.strptime(match[1], _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * 1000 + int(match[2])


def begin(shelf: Path, name: str) -> Path:
    """An empty folder of mode 0700 for a backup on its way. Raises Refused BACKUP_EXISTS; FILE_WRITE."""
    if (shelf / name).exists():
        raise _exists(name)
    place = shelf / f"{name}{UNFINISHED}"
    try:
        place.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise _exists(name) from None
    except OSError as error:
        raise unwritable(place, error) from error
    return place


def finish(place: Path, manifest: bytes) -> Path:
    """Gives it its manifest and its name; on disk when the call returns."""
    create_file(place / MANIFEST, manifest)
    done = place.with_name(place.name.removesuffix(UNFINISHED))
    try:
        # Crash before: an unfinished backup, which nobody restores.
        place.rename(done)
        descriptor = os.open(done.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise unwritable(done, error) from error
    return done


def discard(place: Path) -> None:
    """Removes what was begun and will not be finished."""
    assert place.name.endswith(UNFINISHED)
    shutil.rmtree(place, ignore_errors=True)


def read_manifest(place: Path) -> bytes:
    """The bytes of its manifest. Raises Unavailable FILE_READ."""
    return read_file(place / MANIFEST, bytes_max=BYTES_MAX)


def find(place: Path) -> Path:
    """The backup at `place`, or the newest finished one on the shelf that `place` is.

    Raises Unavailable BACKUP_UNFINISHED or BACKUP_MISSING.
    """
    if place.name.endswith(UNFINISHED) or (not (place / MANIFEST).exists() and _has_rows(place)):
        raise _unfinished(place.name)
    if (place / MANIFEST).exists():
        return place
    names = _names(place)
    for name in reversed(names):
        if not name.endswith(UNFINISHED) and (place / name / MANIFEST).exists():
            return place / name
    if names:
        raise _unfinished(names[-1])
    raise Unavailable(
        "BACKUP_MISSING", "there is no backup here", where=place.name, fix="Name the folder of a backup."
    )


def remove_before(
    shelf: Path,
    moment_ms: int,
    *,
    unfinished_only: bool = False,
    only: Callable[[Path], bool] = lambda _: True,
) -> list[str]:
    """Removes what was begun earlier, and is of the kind `only` asks for; its names.

    What cannot be removed is tried again on the next run.
    """
    removed = []
    for name in _names(shelf):
        begun = begun_ms(name)
        if begun is None or begun >= moment_ms or (unfinished_only and not name.endswith(UNFINISHED)):
            continue
        with contextlib.suppress(OSError):
            if only(shelf / name):
                shutil.rmtree(shelf / name)
                removed.append(name)
    return removed


def _names(shelf: Path) -> list[str]:
    try:
        return sorted(one.name for one in shelf.iterdir() if begun_ms(one.name) is not None and one.is_dir())
    except OSError:
        return []


def _has_rows(place: Path) -> bool:
    return any(place.glob("*.rows"))


def _exists(name: str) -> Refused:
    return Refused("BACKUP_EXISTS", "there is a backup of this name", where=name, fix="Run it again.")


def _unfinished(name: str) -> Unavailable:
    return Unavailable(
        "BACKUP_UNFINISHED",
        "the backup broke off, or is still being made: it has no manifest",
        where=name,
        fix="Take an older backup.",
    )
