"""Door: the thread that publishes while the service runs. What it cannot do becomes an alarm, not a crash.

Of several processes one publishes (`registry.published.lead`); the others listen to what it tells.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog

from ledger.errors import MalanError
from registry.published.asking import Asker
from registry.published.boot_gate import AHEAD, Witnessed, ahead, nobody
from registry.published.lead import Lead
from registry.published.publishing import Publisher
from registry.service import Service

STOP_SECONDS = 30.0  # a publication in progress may end

log = structlog.get_logger()


class PublishingLoop:
    """One thread; `stop` waits for the publication in progress."""

    def __init__(
        self, service: Service, *, witnessed: Witnessed = nobody, asker: Asker | None = None
    ) -> None:
        self._service = service
        self._asker = asker or Asker(service)
        self._witnessed = witnessed
        self._lead = Lead(service.settings.home)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()
        self._asker.start()

    def stop(self) -> None:
        """Ends."""
        self._ended.set()
        self._thread.join(STOP_SECONDS)
        self._asker.stop()
        self._lead.leave()

    def _run(self) -> None:
        publisher: Publisher | None = None
        interval = self._service.settings.publish_interval_ms / 1000
        while True:
            try:
                if self._lead.take():
                    publisher = publisher or Publisher(self._service, witnessed=self._known_by_witnesses)
                    publisher.run_once()
                    self._asker.look()
                else:
                    self._listen()
            except MalanError as error:
                log.error("publishing_failed", code=error.code, where=error.where)
            except Exception as error:
                self._service.alarms.publishing = "INTERNAL"
                log.error("publishing_failed", code="INTERNAL", error=type(error).__name__)
                publisher = None  # its memory may be half a step ahead
            self._lead.tell(self._service.alarms.publishing)
            if self._ended.wait(interval):
                return

    def _known_by_witnesses(self) -> Sequence[bytes]:
        return [*self._witnessed(), *self._asker.heads()]

    def _listen(self) -> None:
        """What the leader found stands against this process as well."""
        alarms, code = self._service.alarms, self._lead.told()
        alarms.publishing = code
        if code in AHEAD | {"LOG_AHEAD"} and alarms.read_only is None:
            alarms.read_only = ahead(code)
