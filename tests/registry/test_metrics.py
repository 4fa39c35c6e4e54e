"""Metrics: what is counted, for whom it is shown, labels that stay few and say nothing of anybody; alarms."""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from issuers.bundle import BYTES_MAX
from issuers.carried import FORMS, Form
from ledger.note import parse_note
from registry.alarms import (
    CATALOGUE,
    LAG,
    LARGE,
    LARGE_BYTES,
    LISTS,
    OTHER,
    QUORUM,
    QUORUM_SECONDS,
    looked_up,
    standing,
)
from registry.http.app import create_app
from registry.http.metrics import PASSED_ON
from registry.metrics.gathered import gathered
from registry.published.lead import Lead
from registry.published.loop import PublishingLoop
from registry.published.standing import log_standing
from registry.service import Service
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal, item
from tests.registry.witnessed import appoint, bring, cosigned
from tests.world_exports import witnesses

MARK = "沈明310104198802290004"


def shown(service: Service) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Samples by name and labels."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(gathered(service).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def asked_from(stage: Stage, host: str, **headers: str) -> int:
    with TestClient(create_app(stage.service), client=(host, 5000)) as client:
        return client.get("/metrics", headers=headers).status_code


def test_requests_entries_refusals_and_writes_are_counted(stage: Stage) -> None:
    before = shown(stage.service)["malan_appended_total"][()]
    body = item(dismissal(stage))
    assert stage.client.post("/api/statements", json=body).status_code == 200
    assert stage.client.post("/api/statements", json=body).status_code == 200  # known: no entry of its own
    assert stage.post(b"\x00").status_code == 400
    assert stage.client.get("/log/tile/nothing").status_code == 404
    told = shown(stage.service)
    assert told["malan_appended_total"][()] == before + 1
    posted = (("method", "POST"), ("route", "/api/statements"), ("status", "200"))
    assert told["malan_requests_total"][posted] >= 2
    assert told["malan_refused_total"][(("code", "TILE_UNKNOWN"),)] == 1
    assert told["malan_request_seconds_count"][(("route", "/api/statements"),)] >= 3
    assert told["malan_database_write_seconds_count"][()] >= 1
    assert told["malan_log_entries"][()] == stage.size()


def test_each_service_counts_for_itself(stage: Stage) -> None:
    other = replace(stage.service, metrics=type(stage.service.metrics)())
    stage.client.get("/healthz")
    assert "malan_requests_total" not in shown(other)


def test_labels_stay_few_and_carry_nothing_of_anybody(desk: Desk) -> None:
    code = desk.certified[0].item.code
    client = desk.stage.client
    for number in range(50):
        client.get(f"/nowhere/{MARK}/{number}")
    client.request("BREW", "/healthz")
    client.get(f"/api/certificates/{code}")
    client.post("/api/verify", json={"qr": MARK})
    text = gathered(desk.stage.service).decode()
    assert MARK not in text and "沈明" not in text and code not in text
    routes = set(re.findall(r'route="([^"]*)"', text))
    assert "unmatched" in routes
    assert not any("nowhere" in one for one in routes)
    assert "BREW" not in text
    assert 'method="other"' in text


def test_metrics_are_for_this_machine_and_whoever_the_settings_name(stage: Stage) -> None:
    assert asked_from(stage, "127.0.0.1") == 200
    assert asked_from(stage, "::1") == 200
    assert asked_from(stage, "::ffff:127.0.0.1") == 200
    assert asked_from(stage, "192.0.2.7") == 404
    assert asked_from(stage, "testclient") == 404
    named = stage.service.settings.model_copy(update={"metrics_from": ("192.0.2.0/24",)})
    stage.service = replace(stage.service, settings=named)
    assert asked_from(stage, "192.0.2.7") == 200
    assert asked_from(stage, "127.0.0.1") == 404


@pytest.mark.parametrize("name", PASSED_ON)
def test_what_a_proxy_passed_on_never_sees_them(stage: Stage, name: str) -> None:
    """A proxy on this very machine would else show them to the world."""
    assert asked_from(stage, "127.0.0.1", **{name: "192.0.2.7"}) == 404


def test_an_entry_that_waits_too_long_is_an_alarm_until_it_is_published(stage: Stage) -> None:
    stage.publish()
    assert looked_up(stage.service) == []
    stage.post(dismissal(stage))
    limit = stage.service.settings.publish_lag_alarm_seconds * 1000
    stage.hands.set(stage.hands.now_ms + limit - 1_000)
    assert looked_up(stage.service) == []
    stage.hands.set(stage.hands.now_ms + 2_000)
    assert looked_up(stage.service) == [LAG]
    told = shown(stage.service)
    assert told["malan_publisher_lag_seconds"][()] >= limit / 1000
    assert told["malan_alarm"][(("code", LAG),)] == 1
    ready: Any = stage.client.get("/readyz")
    assert (ready.status_code, ready.json()["alarms"]) == (200, [LAG])
    stage.publish()
    assert looked_up(stage.service) == []
    assert shown(stage.service)["malan_alarm"][(("code", LAG),)] == 0


def test_lists_that_are_too_old_are_an_alarm(stage: Stage) -> None:
    stage.publish()
    old = time.time() - stage.service.settings.status_ttl_seconds - 60
    bundle = stage.service.settings.home / "trust.cbor"
    if not bundle.exists():
        bundle.write_bytes(b"")
    os.utime(bundle, (old, old))
    assert looked_up(stage.service) == [LISTS]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.file)
def test_a_bundle_with_half_of_what_anybody_opens_is_an_alarm(stage: Stage, form: Form) -> None:
    stage.publish()
    path = stage.service.settings.home / form.file
    assert LARGE_BYTES * 2 == BYTES_MAX
    for size, alarms in ((LARGE_BYTES, []), (LARGE_BYTES + 1, [LARGE])):
        os.truncate(path, size)
        assert looked_up(stage.service) == alarms
    assert shown(stage.service)["malan_alarm"][(("code", LARGE),)] == 1


def test_a_quorum_that_is_not_there_is_an_alarm(stage: Stage) -> None:
    appoint(stage, count=3, quorum=2)
    began = stage.hands.now_ms
    stage.hands.set(began + (QUORUM_SECONDS - 5) * 1000)
    assert looked_up(stage.service) == []  # offices that pull ask every few minutes
    # A log that goes on and publishes hides nothing: what counts is the oldest entry that is not final.
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    stage.hands.set(began + (QUORUM_SECONDS + 5) * 1000)
    assert looked_up(stage.service) == [QUORUM]
    told = shown(stage.service)
    assert (told["malan_final_entries"][()], told["malan_finality_lag_seconds"][()] > 900) == (0, True)
    bring(stage, cosigned(stage, witnesses()[:2]))
    assert looked_up(stage.service) == []
    assert shown(stage.service)["malan_final_entries"][()] == stage.size()


def test_all_sixteen_witnesses_count_though_the_checkpoint_shows_fifteen(stage: Stage) -> None:
    appoint(stage, count=16, quorum=16)
    assert bring(stage, cosigned(stage, witnesses())).json()["final"]
    assert len(parse_note(stage.service.log.checkpoint()).signatures) == 16
    told = log_standing(stage.service)
    assert (told.cosigned, told.needed, told.final) == (16, 16, stage.size())
    (stage.service.settings.home / "log" / "checkpoint.full").unlink()
    assert log_standing(stage.service).cosigned == 15


def test_an_alarm_nobody_listed_is_shown_and_counted_as_other(stage: Stage) -> None:
    stage.publish()
    stage.service.alarms.publishing = "POLICY_QUORUM"
    assert standing(stage.service) == ["POLICY_QUORUM"]
    assert shown(stage.service)["malan_alarm"][(("code", OTHER),)] == 1
    assert len({one.code for one in CATALOGUE}) == len(CATALOGUE)


def test_one_process_leads_and_the_next_takes_over(stage: Stage) -> None:
    home = stage.service.settings.home
    first, second = Lead(home), Lead(home)
    assert first.take() and first.take()
    assert not second.take()
    first.tell("ROWS_DEPART")
    assert second.told() == "ROWS_DEPART"
    first.tell(None)
    assert second.told() is None
    first.tell("LOG_DIRECTORY")
    first.leave()
    assert second.take() and second.told() is None
    second.leave()


def test_a_log_ahead_of_its_database_stops_every_process(stage: Stage) -> None:
    leader = Lead(stage.service.settings.home)
    assert leader.take()
    leader.tell("PUBLISH_BACKWARDS")
    loop = PublishingLoop(stage.service)
    with capture_logs():
        loop.start()
        deadline = time.monotonic() + 10
        while stage.service.alarms.read_only is None and time.monotonic() < deadline:
            time.sleep(0.02)
        loop.stop()
    leader.leave()
    assert stage.post(dismissal(stage)).json()["code"] == "LOG_AHEAD"
