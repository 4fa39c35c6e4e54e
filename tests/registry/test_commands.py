"""`malan` as an operator runs it: init, publish, fsck, evidence, settings, migrate; and no traceback ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from issuers.acts.parties import Genesis, GenesisKey
from issuers.enrolment import open_enrolment, sign_enrolment
from issuers.evidence_document import from_json
from issuers.shape import to_map
from issuers.sign.desk.parties import genesis_file
from ledger import cbor
from ledger.cose import Claims
from ledger.keys import ES256, from_seed
from ledger.statement import sign_statement, statement_hash, uuid7
from registry.__main__ import app
from registry.clock import Clock
from registry.migrations import newest
from registry.secrets import PURPOSES
from tests.ground import Ground
from tests.insider import insider
from tests.registry.stage import Stage

ORIGIN = "log.malan.example/test"


def run(*arguments: str, home: Path | None = None) -> Any:
    told = list(arguments) + ([] if home is None else ["--home", str(home)])
    return CliRunner().invoke(app, told)


def document(result: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def genesis(*, approved_by: int = 1, now_ms: int | None = None) -> list[bytes]:
    """Genesis by the first of three keys, its approval by another."""
    now_ms = now_ms or Clock().now_ms()
    signers = [from_seed(ES256, os.urandom(48)) for _ in range(3)]

    def claims(subject: str) -> Claims:
        cti = uuid7(time_ms=now_ms, randomness=os.urandom(10))
        return Claims("city", subject, ORIGIN, now_ms // 1000, cti)

    keys = []
    for signer in signers:
        staff = os.urandom(16)
        keys.append(GenesisKey(staff, sign_enrolment(signer, claims(f"officer/{staff.hex()}"))))
    act = to_map(Genesis(ORIGIN, "市就业促进中心(示例)", "City (example)", tuple(keys), 1))
    first = sign_statement(signers[0], kind="genesis", version=1, claims=claims("log"), body=act)
    subject = f"statement/{statement_hash(first).hex()}"
    second = sign_statement(signers[approved_by], kind="approve", version=1, claims=claims(subject), body={})
    return [first, second]


@pytest.fixture
def _database(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty database for whoever starts a registry, named as an operator would."""
    settings = ground.fresh(tmp_path / "elsewhere")
    if settings.database:
        monkeypatch.setenv("MALAN_DATABASE", settings.database)
        monkeypatch.setenv("MALAN_DATABASE_OWNER", settings.database_owner)
    yield
    ground.drop(settings)


@pytest.fixture
def file(tmp_path: Path, _database: None) -> Path:
    path = tmp_path / "genesis.json"
    path.write_bytes(genesis_file(genesis()))
    return path


@pytest.fixture
def home(tmp_path: Path, file: Path) -> Path:
    result = run("init", "--genesis", str(file), home=tmp_path / "home")
    assert result.exit_code == 0, result.output
    return tmp_path / "home"


def test_init_makes_a_registry_and_says_what_each_secret_is_worth(
    tmp_path: Path, file: Path, ground: Ground
) -> None:
    result = run("init", "--genesis", str(file), "--json", home=tmp_path / "home")
    told = document(result)
    assert (result.exit_code, told["ok"], told["origin"]) == (0, True, ORIGIN)
    assert [one["purpose"] for one in told["secrets"]] == list(PURPOSES)
    assert all(one["loss"] and one["keep"] for one in told["secrets"])
    for purpose, one in told["enrolments"].items():
        _, claims = open_enrolment(Path(one["file"]).read_bytes())
        assert (claims.iss, claims.sub, claims.aud) == ("city", f"service/{purpose}", ORIGIN)
        assert bytes.fromhex(one["enrolment"]) == Path(one["file"]).read_bytes()
    home = tmp_path / "home"
    if ground.kind == "sqlite":
        assert (home / "malan.db").stat().st_mode & 0o077 == 0
    assert all((home / name).exists() for name in ("log/checkpoint", "log.vkey", "policy.txt"))
    assert run("fsck", home=home).exit_code == 0


def test_init_takes_the_two_statements_as_cbor_as_well(tmp_path: Path, _database: None) -> None:
    path = tmp_path / "genesis.cbor"
    path.write_bytes(cbor.encode(genesis()))
    assert run("init", "--genesis", str(path), home=tmp_path / "home").exit_code == 0


def test_init_refuses_a_registry_that_is_there(home: Path, file: Path) -> None:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    result = run("init", "--genesis", str(file), "--json", home=home)
    assert (result.exit_code, document(result)["error"]["code"]) == (1, "STORE_EXISTS")
    (home / "log" / "checkpoint").unlink()
    assert run("init", "--genesis", str(file), home=home).exit_code == 1
    after = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    del before[home / "log" / "checkpoint"]
    assert after == before


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        (lambda: genesis()[:1], "GENESIS_FILE"),
        (lambda: genesis(approved_by=0), "APPROVER_SAME"),
        (lambda: [genesis()[0], genesis()[1]], "KEY_UNKNOWN"),
        (lambda: genesis(now_ms=1_700_000_000_000), "STATEMENT_TIME"),
    ],
)
def test_init_makes_nothing_for_a_genesis_that_does_not_stand(
    tmp_path: Path, statements: Any, code: str, _database: None
) -> None:
    path = tmp_path / "genesis.json"
    path.write_bytes(genesis_file(statements()))
    result = run("init", "--genesis", str(path), "--json", home=tmp_path / "home")
    assert result.exit_code != 0
    assert document(result)["error"]["code"] == code
    assert not (tmp_path / "home").exists()


def test_an_init_that_broke_off_is_simply_run_again(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("registry.initialise.submit", broken)
    assert run("init", "--genesis", str(file), home=tmp_path / "home").exit_code == 130
    assert run("fsck", "--json", home=tmp_path / "home").exit_code == 2
    monkeypatch.undo()
    assert run("init", "--genesis", str(file), home=tmp_path / "home").exit_code == 0
    assert run("fsck", home=tmp_path / "home").exit_code == 0


def test_publish_says_size_and_root(home: Path) -> None:
    told = document(run("publish", "--json", home=home))
    assert told["size"] == 2
    assert len(bytes.fromhex(told["root"])) == 32


def test_migrate_says_from_where_to_where(home: Path) -> None:
    assert document(run("migrate", "--json", home=home)) | {"ok": True} == {
        "ok": True,
        "command": "migrate",
        "before": newest(),
        "schema": newest(),
    }


def test_fsck_exits_1_and_names_what_departed(results: Stage) -> None:
    with insider(results.service.settings) as raw:
        raw.run("DELETE FROM fact WHERE kind = 'Party' AND key = 'city'")
    result = run("fsck", "--json", home=results.service.settings.home)
    told = document(result)
    assert (result.exit_code, told["ok"]) == (1, False)
    (departure,) = told["departures"]
    assert (departure["code"], departure["where"]) == ("FACT_MISSING", "fact Party city")
    text = run("fsck", home=results.service.settings.home)
    assert text.stdout.startswith("FACT_MISSING (fact Party city): ")


def test_evidence_goes_to_stdout_or_into_a_private_file(results: Stage, tmp_path: Path) -> None:
    home, name = results.service.settings.home, results.world.class_id.hex()
    shown = run("evidence", name, home=home)
    assert from_json(shown.stdout.encode()) == results.world.evidence()
    path = tmp_path / "evidence.json"
    assert run("evidence", name, "--out", str(path), home=home).exit_code == 0
    assert from_json(path.read_bytes()) == results.world.evidence()
    assert path.stat().st_mode & 0o777 == 0o600
    assert run("evidence", name, "--out", str(path), home=home).exit_code == 2
    assert run("evidence", "ab" * 16, home=home).exit_code == 1
    assert run("evidence", "XY", home=home).exit_code == 2


def test_serve_answers_and_publishes_until_it_is_told_to_stop(home: Path) -> None:
    (home / "log" / "checkpoint").unlink()
    command = [sys.executable, "-m", "registry", "serve", "--port", "0", "--home", str(home), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            told = ""
            while not told.endswith("}\n"):
                line = process.stdout.readline()
                assert line, process.stderr.read()
                told += line
            address = json.loads(told)["address"]
            assert httpx.get(f"{address}/healthz").json() == {"status": "ok"}
            while httpx.get(f"{address}/log/checkpoint").status_code != 200:
                assert process.poll() is None
            taken = run("serve", "--port", address.rsplit(":", 1)[1], home=home)
        finally:
            process.terminate()
        said = process.stderr.read()
    assert (taken.exit_code, taken.stderr[:16]) == (2, "ADDRESS_UNUSABLE")
    events = [json.loads(line)["event"] for line in said.splitlines()]
    assert (events[0], events[-1], process.returncode) == ("started", "stopped", 0)
    assert set(events[1:-1]) == {"request"}
    assert "Traceback" not in said


def test_settings_shows_every_variable(home: Path) -> None:
    told = document(run("settings", "--json", home=home))["settings"]
    assert {"MALAN_HOME", "MALAN_KEK_FILE", "MALAN_QR_ORIGIN"} <= {one["variable"] for one in told}
    assert "trust:" in run("settings", home=home).stdout


@pytest.mark.parametrize("command", ["fsck", "publish", "migrate", "serve"])
def test_a_home_that_is_not_there_is_said_in_one_line(tmp_path: Path, command: str) -> None:
    result = run(command, "--json", home=tmp_path / "nowhere")
    assert result.exit_code in (1, 2)
    assert document(result)["error"]["code"] == "HOME_MISSING"
    assert result.stderr.startswith("HOME_MISSING")
    assert "Traceback" not in result.output


def test_an_unexpected_fault_is_a_sentence_without_its_message(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object) -> None:
        raise RuntimeError("沈明")

    monkeypatch.setattr("registry.commands.looking.check", faulty)
    result = run("fsck", home=home)
    assert result.exit_code == 2
    assert "INTERNAL" in result.stderr
    assert "沈明" not in result.output
