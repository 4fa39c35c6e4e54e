"""Door: reads a published log from a directory or over HTTP(S); decides nothing about what it reads.

Promises: only paths below the log are read; no redirect is followed; no answer, honest or not, fills the
memory (`FILE_BYTES_MAX`). "Not there" (None) and "could not be read" (Unavailable) stay apart, since only
the first says something about the log.
"""

from __future__ import annotations

import os
import re
import stat
import time
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx

from issuers.bundle import BYTES_MAX as BUNDLE_BYTES_MAX
from ledger.errors import Unavailable
from ledger.tiles import MAX_ENTRY_BYTES, WIDTH
from verify.wire import Wire

FILE_BYTES_MAX: Final = WIDTH * (MAX_ENTRY_BYTES + 2)  # the largest entry bundle there can be
POLICY_BYTES_MAX: Final = 1_000_000
FILE_SECONDS: Final = 120.0
"""For one file, however often it is asked for: a host that drips bytes holds nobody up for ever."""
_ATTEMPTS: Final = 3
_PATH: Final = re.compile(r"[0-9A-Za-z._-]+(/[0-9A-Za-z._-]+)*", re.ASCII)
_GONE: Final = frozenset({404, 410})
_PASSING: Final = frozenset({429, 500, 502, 503, 504})


class Source(Protocol):
    """A published log; what it gives is not believed by anybody before it is checked."""

    def fetch(self, path: str) -> bytes | None:
        """The bytes at a path of the log, None where there are none. Raises Unavailable."""

    def list_files(self) -> list[str] | None:
        """Every file of the log, sorted; None where that cannot be asked (over HTTP)."""

    def offered_policy(self) -> bytes | None:
        """The witness policy that stands beside the log, if any. Raises Unavailable."""


def open_source(place: str) -> Source:
    """The log at a directory or an http(s) URL. Raises Unavailable SOURCE_URL or SOURCE_DIRECTORY."""
    if re.match("[A-Za-z][A-Za-z0-9+.-]*://", place):
        return HttpSource(place)
    return DirectorySource(Path(place))


class DirectorySource:
    """A log as files, as the publisher writes them. A link is read, but never followed out of the listing."""

    def __init__(self, directory: Path) -> None:
        if not directory.is_dir():
            raise Unavailable("SOURCE_DIRECTORY", "no such directory", fix="Name the log's directory.")
        self._root = directory

    def fetch(self, path: str) -> bytes | None:
        """At most one byte more than a file of a log can have, so that a longer one is seen to be wrong."""
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise Unavailable("SOURCE_PATH", "not a path below the log", where=path)
        return _read(self._root / path, path)

    def list_files(self) -> list[str]:
        """Relative paths with "/", whatever is no directory; directories that are links count as files."""
        found: list[str] = []

        def give_up(error: OSError) -> None:
            raise Unavailable("SOURCE_DIRECTORY", "the directory cannot be listed") from error

        for folder, folders, files in os.walk(self._root, onerror=give_up):
            here = Path(folder)
            links = [name for name in folders if (here / name).is_symlink()]
            found += [(here / name).relative_to(self._root).as_posix() for name in (*files, *links)]
        return sorted(found)

    def offered_policy(self) -> bytes | None:
        """`policy.txt` next to the log's directory, where `malan` leaves it."""
        return _read(self._root.absolute().parent / "policy.txt", "policy.txt", limit=POLICY_BYTES_MAX)


class HttpSource:
    """A log below a URL prefix, as any static host serves it (C2SP tlog-tiles)."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise Unavailable("SOURCE_URL", "not an http or https URL of a log")
        if parts.query or parts.fragment:
            raise Unavailable("SOURCE_URL", "the URL of a log has no query and no fragment")
        self._prefix = url.rstrip("/")
        self._wire = Wire(transport=transport)

    def fetch(self, path: str) -> bytes | None:
        """Tries again on a passing failure; the tree decides whether what came is right."""
        return self._get(path, limit=FILE_BYTES_MAX)

    def list_files(self) -> None:
        """A web server does not say what else it holds."""

    def offered_policy(self) -> bytes | None:
        """What the service serves beside its log."""
        return self._get("policy", limit=POLICY_BYTES_MAX)

    def offered_bundle(self, file: str) -> bytes | None:
        """A bundle by the name of its file (`issuers.carried`), as the service serves it beside its log."""
        return self._get(file, limit=BUNDLE_BYTES_MAX)

    def _get(self, path: str, *, limit: int) -> bytes | None:
        if not _PATH.fullmatch(path) or ".." in path:
            raise Unavailable("SOURCE_PATH", "not a path below the log", where=path)
        deadline = time.monotonic() + FILE_SECONDS
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            left = max(deadline - time.monotonic(), 0.1)
            try:
                # A longer one than any file of a log: whoever checks its length will say so.
                status, data = self._wire.ask("GET", f"{self._prefix}/{path}", seconds=left, bytes_max=limit)
            except Unavailable as error:
                if last or time.monotonic() > deadline:
                    raise Unavailable("SOURCE_UNREACHABLE", "no answer", where=path) from error
                continue
            if status == 200:
                return data
            if status in _GONE:
                return None
            if status not in _PASSING or last:
                raise _no_answer(status, path)
        raise AssertionError("the last attempt returns or raises")


def _no_answer(status: int, path: str) -> Unavailable:
    if 300 <= status < 400:
        fix = "Name the address it leads to yourself, if you trust it."
        return Unavailable("SOURCE_REDIRECT", "the server sends elsewhere", where=path, fix=fix)
    return Unavailable("SOURCE_STATUS", f"the server answers {status}", where=path)


def _read(target: Path, path: str, *, limit: int = FILE_BYTES_MAX) -> bytes | None:
    try:
        # A pipe or a device in the place of a file would hold the reader up for ever.
        if not stat.S_ISREG(target.stat().st_mode):
            raise Unavailable("SOURCE_READ", "not a plain file", where=path)
        with target.open("rb") as file:
            return file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "unknown reason"
        raise Unavailable("SOURCE_READ", f"the file cannot be read: {reason}", where=path) from error
