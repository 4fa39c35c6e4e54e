"""Door: what GET /metrics answers: the counts of all processes, and the state of the log at this moment."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from ledger.errors import MalanError
from registry.alarms import CATALOGUE, OTHER, standing
from registry.published.standing import Standing, log_standing
from registry.service import Service

DIRECTORY_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


def gathered(service: Service) -> bytes:
    """The text of Prometheus, whichever of the processes is asked."""
    directory = os.environ.get(DIRECTORY_VARIABLE)
    registry = service.metrics.registry
    if directory is not None:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    state = CollectorRegistry()
    state.register(_State(service))
    return generate_latest(registry) + generate_latest(state)


def forget_process(pid: int, directory: str) -> None:
    """A process is gone: what it counted stays, what it showed of the moment does not."""
    if Path(directory).is_dir():
        mark_process_dead(pid, directory)  # type: ignore[no-untyped-call]


class _State(Collector):
    """Read at the moment it is asked for: the same for all processes but for their own clock and alarms."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterable[Metric]:
        info = GaugeMetricFamily("malan_build_info", "Versions.", labels=("version", "python", "database"))
        kind = self._service.database.writer.dialect.name
        info.add_metric((version("malan"), platform.python_version(), kind), 1)
        yield info
        yield from _of_alarms(standing(self._service))
        try:
            found = log_standing(self._service)
        except MalanError:
            return  # the database cannot be read; readyz and the alarms say so
        yield from _of_log(found)


def _of_alarms(codes: list[str]) -> Iterable[Metric]:
    alarms = GaugeMetricFamily("malan_alarm", "1 while the alarm stands.", labels=("code",))
    known = [alarm.code for alarm in CATALOGUE]
    for code in known:
        other = code == OTHER and any(one not in known for one in codes)
        alarms.add_metric((code,), float(code in codes or other))
    yield alarms


def _of_log(found: Standing) -> Iterable[Metric]:
    yield GaugeMetricFamily("malan_log_entries", "Entries in the database.", value=found.size)
    yield GaugeMetricFamily(
        "malan_published_entries", "Entries in the newest checkpoint.", value=found.published
    )
    lag = (found.waiting_ms or 0) / 1000
    yield GaugeMetricFamily("malan_publisher_lag_seconds", "Age of the oldest unpublished entry.", value=lag)
    if found.checkpoint_age_s is not None:
        text = "Since the newest checkpoint was written."
        yield GaugeMetricFamily("malan_checkpoint_age_seconds", text, value=found.checkpoint_age_s)
    yield GaugeMetricFamily(
        "malan_checkpoint_cosignatures", "Witnesses of the policy that cosigned it.", value=found.cosigned
    )
    yield GaugeMetricFamily(
        "malan_checkpoint_cosignatures_needed", "How many the policy asks for.", value=found.needed
    )
    if found.final is not None:
        yield GaugeMetricFamily("malan_final_entries", "Entries under a quorum.", value=found.final)
        text, waited = "Age of the oldest published entry not under one.", (found.unfinal_ms or 0) / 1000
        yield GaugeMetricFamily("malan_finality_lag_seconds", text, value=waited)
