"""Door: one HTTP request and its answer, within a limit in bytes and in time, whatever the host does.

Promises: the whole exchange ends in time, also where a host drips its head byte by byte or answers "100" for
ever (the connection is cut); what is read is what came over the wire (a packed answer is none: a few bytes
would fill the memory); no redirect is followed; whatever goes wrong is one error.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from ledger.errors import Unavailable

_STEP_SECONDS: Final = 30.0
_CONNECT_SECONDS: Final = 10.0
_CONNECTED: Final = (".connect_tcp.complete", ".start_tls.complete")


def is_address(url: str) -> bool:
    """Whether it is plainly an http(s) address: what somebody else wrote may be anything."""
    try:
        parts = urlsplit(url)
        plain = parts.hostname and parts.port != 0 and parts.username is None
    except ValueError:
        return False
    return bool(plain) and parts.scheme in ("http", "https") and url.isascii() and not {"?", "#"} & set(url)


def is_local(url: str) -> bool:
    """Whether it names this machine (as a folder does), or one on its own cable only, in any spelling."""
    host = urlsplit(url).hostname or "localhost"
    if host == "localhost" or host.endswith(".localhost"):
        return True
    found: ipaddress.IPv4Address | ipaddress.IPv6Address
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        try:
            found = ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    return bool(mapped.is_loopback or mapped.is_link_local or mapped.is_unspecified)


class Wire:
    """Connections to hosts; for one thread at a time."""

    def __init__(self, *, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            follow_redirects=False,
            transport=transport,
            headers={"user-agent": "malan", "accept-encoding": "identity"},
        )
        self._open: list[socket.socket] = []
        self._deadline = 0.0

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(
        self,
        method: str,
        url: str,
        *,
        seconds: float,
        bytes_max: int,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body; of a longer one, one byte more than allowed. Raises Unavailable NO_ANSWER."""
        self._deadline = time.monotonic() + seconds
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        step = httpx.Timeout(min(seconds, _STEP_SECONDS), connect=min(seconds, _CONNECT_SECONDS))
        sent: dict[str, Any] = {"content": body, "headers": headers, "timeout": step}
        try:
            with self._client.stream(method, url, extensions={"trace": self._seen}, **sent) as answer:
                if answer.headers.get("content-encoding", "identity") != "identity":
                    raise _no_answer()
                data = bytearray()
                for chunk in answer.iter_bytes():
                    data += chunk
                    if len(data) > bytes_max or time.monotonic() > self._deadline:
                        break
                if time.monotonic() > self._deadline:
                    raise _no_answer()
                return answer.status_code, bytes(data[: bytes_max + 1])
        # ValueError: a name that cannot be encoded, among what others wrote.
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            raise _no_answer() from error
        finally:
            timer.cancel()

    def _seen(self, event: str, told: dict[str, Any]) -> None:
        if not event.endswith(_CONNECTED):
            return
        self._open = [one for one in self._open if one.fileno() >= 0]
        self._open.append(told["return_value"].get_extra_info("socket"))
        if time.monotonic() > self._deadline:
            self._cut()

    def _cut(self) -> None:
        """Wakes whoever waits for the host: closing alone would not."""
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _no_answer() -> Unavailable:
    return Unavailable("NO_ANSWER", "no answer, or none within its limits", fix="Ask again later.")
