"""A process that does something and is killed on the way: a fork, for starting Python anew costs far more."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress


def die() -> None:
    """SIGKILL, for the process this is called in."""
    os.kill(os.getpid(), signal.SIGKILL)


def was_killed(action: Callable[[], object]) -> bool:
    """Whether a process of its own that does this was killed; else it did it to its end."""
    child = os.fork()
    if child == 0:
        status = 1
        with suppress(BaseException):
            action()
            status = 0
        os._exit(status)
    _, result = os.waitpid(child, 0)
    assert os.WIFSIGNALED(result) or os.WEXITSTATUS(result) == 0
    return os.WIFSIGNALED(result)
