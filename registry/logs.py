"""Door: logs as JSON lines on stderr. A line holds what its caller names and nothing else.

No line carries a path, a body, an error's message or a traceback: any of them may hold a name or a number.
That holds for what nobody caught as well, and for other people's loggers and warnings.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

_FRAMES_MAX = 12


def configure(level: str = "info") -> None:
    """Sets up structlog for this process, and silences what would print addresses or values."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,  # the number of the process, where there are several
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # One write for each line: several processes share one stderr.
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.ERROR, handlers=[_TypesOnly()], force=True)
    logging.captureWarnings(True)
    logging.getLogger("uvicorn.access").disabled = True
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing below the level "critical" until the end: for a service that runs inside another program."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.reset_defaults()


def passed(trace: TracebackType | None) -> list[str]:
    """The lines a fault passed, last first to go wrong; never their values."""
    frames = traceback.extract_tb(trace)[-_FRAMES_MAX:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


class _TypesOnly(logging.Handler):
    """Of other people's loggers only the logger's name, the level and the type of an error."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().error("library", logger=record.name, error=kind)


def _uncaught(kind: type[BaseException], _error: BaseException, trace: TracebackType | None) -> None:
    structlog.get_logger().critical("uncaught", error=kind.__name__, passed=passed(trace))


def _uncaught_in_thread(args: Any) -> None:
    _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _unraisable(args: Any) -> None:
    structlog.get_logger().error(
        "unraisable", error=args.exc_type.__name__, passed=passed(args.exc_traceback)
    )
