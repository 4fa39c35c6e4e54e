"""The bundles that the log's own host hands out: compared whenever they can be had, and never believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from issuers.acts.parties import KeyRevoked
from issuers.acts.words import RevocationCause
from issuers.bundle import open_bundle
from issuers.carried import ACTS, FORMS, TRUST, Form
from tests.verify.logs import codes, forge, look, names, published, said_in, whole_world
from tests.world import World
from verify import __main__ as program
from verify.audit.findings import Severity
from verify.commands import audit as command
from verify.source import HttpSource

HOST = "https://registry.example/log"


@pytest.fixture
def world() -> World:
    """A whole world in which a signatory's key was stopped at last."""
    world = whole_world()
    kid = world.people["signatory"].signer.public.kid
    world.say_two("key-revoked", f"key/{kid.hex()}", KeyRevoked(RevocationCause.LOST))
    return world


def offered(world: World, **changed: Any) -> dict[Form, bytes]:
    return {form: world.bundle(form, **changed) for form in FORMS}


def without_revocation(world: World, form: Form) -> bytes:
    acts = open_bundle(world.bundle(form), form)[0].acts
    return world.bundle(form, acts=acts[:-2])


def test_what_is_offered_is_compared_and_pins_nothing(world: World) -> None:
    report = look(world, policy=None, offered=offered(world))
    assert (report.exit_code, names(report)) == (0, [])
    assert report.log is not None
    assert (report.log.pinned, report.log.policy_from) == (False, "log")
    notes = names(report, Severity.NOTE)
    assert {("TRUST_OFFERED", "trust"), ("TRUST_OFFERED", "acts"), ("GENESIS_UNPINNED", "seq 0")} <= {*notes}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.file)
def test_a_revocation_kept_out_of_what_is_offered_is_named(world: World, form: Form) -> None:
    told = {**offered(world), form: without_revocation(world, form)}
    assert codes(look(world, offered=told)) == ["TRUST_ACT_MISSING"] * 2
    assert codes(look(world)) == []  # the control: nobody offered anything


def test_a_genesis_of_their_own_is_no_pin(world: World) -> None:
    """Bundle and log of one mind say nothing about the right log."""
    report = look(world, offered=offered(world), genesis=b"\7" * 32)
    assert codes(report) == ["GENESIS_OTHER"]


def test_what_is_offered_of_a_larger_log_shows_a_rollback(world: World) -> None:
    report = look(forge(world, said_in(world)[:-1]), offered=offered(world))
    assert {("TRUST_AHEAD", "trust"), ("TRUST_AHEAD", "acts")} <= {*names(report)}


class Served:
    """A host; `asked` in order."""

    def __init__(self, world: World, bundles: dict[str, bytes]) -> None:
        self.files = {**published(world).files, **bundles}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/log/")
        self.asked.append(path)
        data = self.files.get(path)
        return httpx.Response(404) if data is None else httpx.Response(200, content=data)


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MALAN_HOME", raising=False)

    def audited(host: Served, *arguments: str) -> dict[str, Any]:
        source = HttpSource(HOST, transport=httpx.MockTransport(host))
        monkeypatch.setattr(command, "open_source", lambda _: source)
        told = [
            "malan-verify",
            "audit",
            HOST,
            "--json",
            "--jobs",
            "1",
            "--at",
            "2026-04-01T00:00:00Z",
            *arguments,
        ]
        monkeypatch.setattr("sys.argv", told)
        with pytest.raises(SystemExit):
            program.main()
        document: dict[str, Any] = json.loads(capfd.readouterr().out)
        return document

    return audited


def states(document: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["state"] for one in document["checks"]}


def test_a_url_alone_has_its_bundles_audited_before_its_checkpoint_is_read(
    world: World, run: Callable[..., Any]
) -> None:
    host = Served(world, {form.file: world.bundle(form) for form in FORMS})
    told = states(run(host))
    assert (told["trust"], told["acts"]) == ("sound", "sound")
    assert host.asked[:3] == ["trust.cbor", "acts.cbor", "checkpoint"]
    host = Served(world, {TRUST.file: without_revocation(world, TRUST), ACTS.file: world.bundle(ACTS)})
    told = states(run(host))
    assert (told["trust"], told["acts"]) == ("departures", "sound")


def test_a_host_of_files_alone_is_audited_as_before(world: World, run: Callable[..., Any]) -> None:
    told = states(run(Served(world, {})))
    assert (told["trust"], told["acts"]) == ("not_asked", "not_asked")


def test_what_the_auditor_holds_goes_before_what_is_offered(
    world: World, run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "mine.cbor").write_bytes(world.bundle())
    host = Served(world, {TRUST.file: b"PK", ACTS.file: b"PK"})
    told = states(run(host, "--trust", "mine.cbor"))
    assert "trust.cbor" not in host.asked
    assert (told["trust"], told["acts"]) == ("sound", "could_not_check")
