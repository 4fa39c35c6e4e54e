"""Door: the thread that publishes while the service runs. What it cannot do becomes an alarm, not a crash."""

from __future__ import annotations

import threading

import structlog

from ledger.errors import MalanError
from registry.publishing import Publisher
from registry.service import Service

STOP_SECONDS = 30.0  # a publication in progress may end

log = structlog.get_logger()


class PublishingLoop:
    """One thread; `stop` waits for the publication in progress."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._ended.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        publisher = Publisher(self._service)
        interval = self._service.settings.publish_interval_ms / 1000
        while True:
            try:
                publisher.run_once()
            except MalanError as error:
                log.error("publishing_failed", code=error.code, where=error.where)
            except Exception as error:
                self._service.alarms.publishing = "INTERNAL"
                log.error("publishing_failed", code="INTERNAL", error=type(error).__name__)
                publisher = Publisher(self._service)  # its memory may be half a step ahead
            if self._ended.wait(interval):
                return
