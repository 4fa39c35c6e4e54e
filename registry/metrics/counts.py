"""What one service counted since its start; each `Counts` has a registry of its own.

Where several processes serve, `PROMETHEUS_MULTIPROC_DIR` was set before they began: each counts into a file
of its own there, and `registry.metrics.gathered` adds them up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # else each counter has a second series

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED: Final = "unmatched"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Counts:
    """Counters and histograms of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "malan_requests_total",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "malan_request_seconds",
            "From the first byte of a request to the last of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._appended = Counter("malan_appended_total", "Entries appended.", registry=self.registry)
        self._refused = Counter(
            "malan_refused_total",
            "Statements and requests refused, by stable code.",
            ("code",),
            registry=self.registry,
        )
        self._write = Histogram(
            "malan_database_write_seconds",
            "A write transaction, from asking for the write lock to its commit.",
            buckets=_SECONDS,
            registry=self.registry,
        )

    def request(self, *, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered. A method nobody defined is not a label of its own."""
        method = method if method in METHODS else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def answered(self, *, appended: int, refused: Iterable[str] = ()) -> None:
        """Statements were decided: how many entries, and the codes of those refused."""
        if appended:
            self._appended.inc(appended)
        for code in refused:
            self.refused(code)

    def refused(self, code: str) -> None:
        """Something was refused with a stable code of ours."""
        self._refused.labels(code).inc()

    def wrote(self, seconds: float) -> None:
        """A write transaction ended."""
        self._write.observe(seconds)
