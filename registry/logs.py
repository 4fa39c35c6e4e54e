"""Door: logs as JSON lines on stderr. A line holds what its caller names and nothing else.

No line carries a path, a body, an error's message or a traceback: any of them may hold a name or a number.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


def configure() -> None:
    """Sets up structlog for this process, and silences loggers that would print addresses."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.ERROR, handlers=[_TypesOnly()], force=True)
    logging.getLogger("uvicorn.access").disabled = True


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing below the level "critical" until the end: for a service that runs inside another program."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.reset_defaults()


class _TypesOnly(logging.Handler):
    """Of other people's loggers only the logger's name, the level and the type of an error."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().error("library", logger=record.name, error=kind)
