"""A small HTTP/1.1 load generator: keep-alive connections that each wait for their answer before the next."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle


@dataclass(frozen=True)
class Answered:
    """What came of it: latencies in seconds, one for each answered request."""

    seconds: float
    latencies: Sequence[float]

    @property
    def per_s(self) -> float:
        """Answered requests a second."""
        return len(self.latencies) / self.seconds

    def quantile_ms(self, share: float) -> float:
        """The latency below which this share of the requests was answered."""
        ordered = sorted(self.latencies)
        return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000, 1)


def repeat(port: int, path: str, bodies: Sequence[object], *, connections: int, seconds: float) -> Answered:
    """The bodies over and over for so long."""
    return asyncio.run(_hammer(port, cycle(_requests(path, bodies)), connections, seconds))


def once(port: int, path: str, bodies: Sequence[object], *, connections: int, seconds: float) -> Answered:
    """Each body once, until they are all answered or the time is over."""
    return asyncio.run(_hammer(port, iter(_requests(path, bodies)), connections, seconds))


async def _hammer(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Answered:
    latencies: list[float] = []
    started = time.perf_counter()
    await asyncio.gather(
        *(_connection(port, requests, started + seconds, latencies) for _ in range(connections))
    )
    return Answered(time.perf_counter() - started, latencies)


async def _connection(port: int, requests: Iterator[bytes], deadline: float, latencies: list[float]) -> None:
    """Any answer but 200 is an error of the whole measurement."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        sent = time.perf_counter()
        if sent >= deadline:
            break
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the service answered {head.split(b' ', 2)[1].decode()}")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = await reader.readexactly(int(length.split(b":")[1]))
        if b'"refused"' in body:
            raise RuntimeError("the service refused a statement")
        latencies.append(time.perf_counter() - sent)
    writer.close()


def _requests(path: str, bodies: Iterable[object]) -> list[bytes]:
    found = []
    for body in bodies:
        raw = json.dumps(body, separators=(",", ":")).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        found.append(f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
    return found
