"""`malan-sign sign-in` against the service: the address is shown, signed over, and opens a browser once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from click.testing import Result
from typer.testing import CliRunner

from issuers.__main__ import app
from issuers.sign.commands import session
from issuers.sign.home import Config, Home
from issuers.sign.keyring import create_key_file, seal_key
from registry.http.app import create_app
from registry.serving.listening import listen, local_names
from tests.issuers.test_keyring import CHEAP, PASSPHRASE
from tests.registry.browser import Browser
from tests.registry.stage import Stage
from tests.world_parts import seeded

WHO = "intake-310101"


@pytest.fixture
def service_address(stage: Stage) -> Iterator[str]:
    listener = listen("127.0.0.1", 0)
    stage.service.addresses.extend(local_names(listener))
    config = uvicorn.Config(create_app(stage.service), log_config=None, access_log=False)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def home(stage: Stage, service_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    who = stage.world.people[WHO]
    made = Home(tmp_path / "officer")
    (made.path / "keys").mkdir(parents=True)
    data = seal_key(who.signer, PASSPHRASE, salt=seeded("salt", 16), nonce=seeded("nonce", 12), kdf=CHEAP)
    create_key_file(made.key_file("signer"), data)
    made.write_config(Config(server=service_address, party=who.party, origin=stage.world.origin))
    monkeypatch.setattr(session, "now_ms", lambda: stage.hands.now_ms)
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    monkeypatch.setenv("MALAN_PASSPHRASE_FILE", str(secret))
    return made.path


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["sign-in", "--home", str(home), *arguments])


def told(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_printed_address_signs_a_browser_in(stage: Stage, service_address: str, home: Path) -> None:
    result = run(home, "--yes", "--json")
    assert result.exit_code == 0, result.output
    address, _, ticket = told(result)["address"].partition("#")
    assert address == f"{service_address}/sign-in"
    browser = Browser(stage, service_address)
    answer = browser.client.post("/api/sessions", json={"ticket": ticket}, headers=browser.own())
    assert answer.json()["party"]["id"] == "district-310101"
    assert browser.get("/api/sessions/current").status_code == 200


def test_the_address_is_shown_before_anything_is_signed(home: Path, service_address: str) -> None:
    result = run(home, "--json")
    assert told(result)["error"]["code"] == "NOBODY_TO_ASK"
    assert service_address in result.stderr


def test_an_address_that_is_not_the_services_is_refused(home: Path) -> None:
    result = run(home, "--yes", "--json", "--at", "https://cert.malan-example.com")
    assert (result.exit_code, told(result)["error"]["code"]) == (1, "SESSION_HOST")
    result = run(home, "--yes", "--json", "--at", "http://evil.example.com")
    assert (result.exit_code, told(result)["error"]["code"]) == (2, "SERVER_URL")
