"""One event loop for all requests that the tests of a worker make, in a thread of its own, as in a server.

A client of Starlette's, left to itself, starts a loop and its threads for each request and ends them after
it, which costs more than most requests.
"""

from __future__ import annotations

from functools import cache
from queue import SimpleQueue
from threading import Thread
from typing import Any

import anyio
from anyio.from_thread import BlockingPortal
from starlette.testclient import TestClient


@cache
def portal() -> BlockingPortal:
    """The way into it, from any other thread. Its own is a daemon: it keeps no process from its end."""
    opened: SimpleQueue[BlockingPortal] = SimpleQueue()

    async def live() -> None:
        async with BlockingPortal() as made:
            opened.put(made)
            await made.sleep_until_stopped()

    Thread(target=anyio.run, args=(live,), daemon=True).start()
    return opened.get()


def client(app: Any, host: str = "http://testserver", address: str = "testclient") -> TestClient:
    """A client at this address whose requests run there."""
    made = TestClient(app, base_url=host, client=(address, 50_000))
    made.portal = portal()
    return made
