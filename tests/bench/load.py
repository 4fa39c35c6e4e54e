"""A small HTTP/1.1 load generator: keep-alive connections that each wait for their answer before the next."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence


async def hammer(
    port: int, path: str, bodies: Sequence[object], connections: int, seconds: float
) -> tuple[int, float, list[float]]:
    """Answered requests, seconds taken, latency of each in seconds; any answer but 200 is an error."""
    requests = [_request(path, json.dumps(body).encode()) for body in bodies]
    latencies: list[float] = []
    started = time.perf_counter()
    deadline = started + seconds
    await asyncio.gather(
        *(_connection(port, requests, one, deadline, latencies) for one in range(connections))
    )
    return len(latencies), time.perf_counter() - started, latencies


async def _connection(
    port: int, requests: Sequence[bytes], first: int, deadline: float, latencies: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    place = first
    while (sent := time.perf_counter()) < deadline:
        writer.write(requests[place % len(requests)])
        place += 1
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the service answered {head.split(b' ', 2)[1].decode()}")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        latencies.append(time.perf_counter() - sent)
    writer.close()


def _request(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
