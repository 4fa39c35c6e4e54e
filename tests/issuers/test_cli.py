"""`malan-sign` as a person or a script runs it: exit codes, one document, no traceback, nothing personal."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from issuers.__main__ import app
from issuers.enrolment import open_enrolment
from issuers.sign.commands import session, setup
from issuers.sign.home import Config, Home
from issuers.sign.keyring import create_key_file, seal_key
from issuers.sign.outbox import Outbox
from tests.issuers.fake_service import FakeService
from tests.issuers.office_data import office_file
from tests.issuers.test_keyring import CHEAP, PASSPHRASE
from tests.world import World
from tests.world_parts import moment, seeded


class Office:
    """People of a world with homes on this disk, running commands against a service on a real port."""

    def __init__(self, fake: FakeService, folder: Path, server: str) -> None:
        self.fake, self.folder, self.server = fake, folder, server

    @property
    def class_id(self) -> str:
        return self.fake.world.class_id.hex()

    def home(self, name: str) -> Path:
        """The home of a person, with their key."""
        who = self.fake.world.people[name]
        home = Home(self.folder / name)
        if not home.path.exists():
            (home.path / "keys").mkdir(parents=True)
            salt, nonce = seeded(f"salt {name}", 16), seeded(f"nonce {name}", 12)
            data = seal_key(who.signer, PASSPHRASE, salt=salt, nonce=nonce, kdf=CHEAP)
            create_key_file(home.key_file("signer"), data)
            home.write_config(Config(server=self.server, party=who.party, origin=self.fake.world.origin))
        return home.path

    def run(self, name: str, *arguments: str, **environment: str) -> Result:
        """One command of one person."""
        env = {"MALAN_HOME": str(self.home(name)), **environment}
        return CliRunner().invoke(app, arguments, env=env)

    def file(self, name: str, data: bytes) -> str:
        """An input file."""
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A class whose teaching is over; the machine's clock is the world's and nobody sleeps."""
    fake = FakeService(World.founded().with_standard().with_class())
    for module in (session, setup):
        monkeypatch.setattr(module, "now_ms", lambda: fake.world.now)
    monkeypatch.setattr(session.time, "sleep", lambda _: None)
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    monkeypatch.setenv("MALAN_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    with fake.listening() as server:
        yield Office(fake, tmp_path, server)


def document(result: Result) -> dict[str, Any]:
    """The one JSON document on stdout."""
    told = json.loads(result.stdout)
    assert isinstance(told, dict)
    return told


def test_from_roster_to_certificates_and_a_revocation(office: Office) -> None:
    roster = office.file("roster.csv", office_file("roster.csv"))
    sealed = office.run("registrar", "roster", roster, "--class", office.class_id, "--yes")
    assert sealed.exit_code == 0, sealed.output
    office.fake.world.now = moment(12, 14)
    for number in (1, 2):
        sheet = office.file(f"sheet-{number}.csv", office_file(f"sheet-evaluator-{number}.csv"))
        scored = office.run(f"evaluator-{number}", "evaluate", sheet, "--class", office.class_id, "-y")
        assert scored.exit_code == 0, scored.output
    diverging = office.run("signatory", "confirm", office.class_id, "--yes", "--json")
    assert diverging.exit_code == 1 and document(diverging)["error"]["code"] == "THIRD_MARK_NEEDED"
    third = "姓名,证件号码,理论成绩,创业计划书,答辩\n于晓桂,{},70,70,70\n"
    number = next(
        line.split(",")[2] for line in office_file("roster.csv").decode().split("\n") if "于晓桂" in line
    )
    file = office.file("third.csv", third.format(number).encode())
    assert office.run("evaluator-3", "evaluate", file, "--class", office.class_id, "-y").exit_code == 0
    confirmed = office.run("signatory", "confirm", office.class_id, "--yes", "--json")
    told = document(confirmed)
    assert confirmed.exit_code == 0 and told["candidates"] == 30 and told["passed"] > 20
    office.fake.world.now = moment(13, 10)
    out = office.folder / "folders"
    arguments = ("issue", office.class_id, "--yes", "--json", "--no-cards", "--out", str(out))
    issued = document(office.run("signatory", *arguments))
    assert issued["ok"] and issued["new"] == told["passed"] == len(list(out.iterdir()))
    assert all(one["proved"] for one in issued["certificates"])
    assert document(office.run("signatory", *arguments))["new"] == 0
    number = issued["certificates"][0]["number"]
    revoked = office.run("signatory", "revoke", number, "--reason", "fraud", "--yes", "--json")
    assert (
        revoked.exit_code == 0
        and document(revoked)["certificate"] == issued["certificates"][0]["certificate"]
    )
    checked = document(office.run("signatory", "receipts", "check", "--log", "--json"))
    assert checked["broken"] == [] and checked["checked"] == checked["proved"] == told["passed"] + 2


def test_a_messy_roster_exits_with_1_and_names_each_row_in_one_document(office: Office) -> None:
    roster = office.file("messy.csv", office_file("roster-messy.csv"))
    result = office.run("registrar", "roster", roster, "--class", office.class_id, "--yes", "--json")
    told = document(result)
    assert result.exit_code == 1 and told["ok"] is False and told["taken"] == 8
    assert [row["row"] for row in told["rows"]] == [3, 4, 7, 9, 11, 12, 15, 16, 17, 18]
    assert all(row["column"] and row["code"] and row["what"] for row in told["rows"])
    for held in ("310104199005170001", "错一位", "名反转"):
        assert held not in result.output


def test_nothing_is_signed_when_nobody_agrees(office: Office) -> None:
    roster = office.file("roster.csv", office_file("roster.csv"))
    result = office.run("registrar", "roster", roster, "--class", office.class_id)
    assert result.exit_code == 2 and "NOBODY_TO_ASK" in result.stderr
    assert not office.fake.sent
    with Outbox(office.home("registrar") / "outbox.db") as outbox:
        assert not outbox.waiting()


def test_a_file_without_a_good_row_signs_nothing(office: Office) -> None:
    head, bad = office_file("roster-messy.csv").split(b"\n")[:3:2]
    file = office.file("bad.csv", head + b"\n" + bad + b"\n")
    result = office.run("registrar", "roster", file, "--class", office.class_id, "--yes", "--json")
    assert result.exit_code == 1 and document(result)["taken"] == 0 and not office.fake.sent


def test_a_wrong_passphrase_is_told_in_one_line(office: Office) -> None:
    wrong = office.file("wrong", b"another passphrase\n")
    result = office.run("registrar", "send", MALAN_PASSPHRASE_FILE=wrong)
    assert result.exit_code == 2
    assert result.stderr == "KEY_PASSPHRASE: the key does not open with this passphrase. Type it again.\n"
    assert result.stdout == ""


def test_an_unreachable_service_exits_with_2_and_the_next_run_goes_on(office: Office) -> None:
    file = office.file("act.json", b'{"reason": "left"}')
    subject = f"officer/{office.fake.world.people['evaluator-3'].staff.hex()}"
    arguments = ("act", "officer-dismissed", file, "--subject", subject, "--yes", "--json")
    down = office.run("admin-body-shenlan", *arguments, MALAN_SERVER="http://127.0.0.1:9")
    assert down.exit_code == 2 and document(down)["error"]["code"] == "SERVICE_UNREACHABLE"
    sent = office.run("admin-body-shenlan", "send", "--json")
    assert sent.exit_code == 0 and document(sent)["sent"] == 1
    assert office.fake.world.said[-1].kind == "officer-dismissed"


def test_an_act_is_shown_as_it_will_be_signed(office: Office) -> None:
    file = office.file("act.json", '{"reason": "left"}'.encode("utf-8-sig"))
    subject = f"officer/{office.fake.world.people['evaluator-3'].staff.hex()}"
    result = office.run("admin-body-shenlan", "act", "officer-dismissed", file, "--subject", subject, "--yes")
    assert result.exit_code == 0
    for shown in ("officer-dismissed v1", "body-shenlan", subject, "body.reason  left"):
        assert shown in result.stderr
    assert office.fake.world.said[-1].hash.hex() in result.stdout


def test_a_refused_act_exits_with_1(office: Office) -> None:
    file = office.file("act.json", b'{"reason": "left"}')
    result = office.run(
        "signatory", "act", "body-suspended", file, "--subject", "party/body-shenlan", "--yes"
    )
    assert result.exit_code == 1 and result.stderr.rstrip().splitlines()[-1].startswith("ROLE_WRONG: ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("issue", "zz"), "HEX_FORM"),
        (("roster", "absent.csv", "--class", "00" * 16), "FILE_READ"),
        (("act", "party-withdrawn", "absent.json", "--subject", "party/x"), "FILE_READ"),
        (("approve", "00" * 32), "APPROVE_WHAT"),
        (("revoke", "zz", "--reason", "because"), "REASON_UNKNOWN"),
        (("revoke", "zz", "--reason", "fraud", "--yes"), "CERTIFICATE_REFERENCE"),
    ],
)
def test_unusable_input_exits_with_2_and_a_code(
    office: Office, arguments: tuple[str, ...], code: str
) -> None:
    result = office.run("signatory", *arguments)
    assert result.exit_code == 2 and result.stderr.startswith(code), result.output
    assert "Traceback" not in result.output and not office.fake.sent


def test_a_fault_of_the_program_shows_no_traceback_and_no_value(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("310104198802290004 沈明")

    monkeypatch.setattr(setup, "open_speaker", broken)
    result = office.run("signatory", "enrol", "00" * 16, "--json")
    assert result.exit_code == 2 and document(result)["error"]["code"] == "INTERNAL"
    assert (
        "RuntimeError" in result.stderr and "3101" not in result.output and "Traceback" not in result.output
    )


def test_a_home_without_settings_says_which_one_and_where(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ("send",), env={"MALAN_HOME": str(tmp_path / "empty")})
    assert result.exit_code == 2 and result.stderr.startswith("SETTING_MISSING (server)")
    assert "MALAN_SERVER" in result.stderr and not (tmp_path / "empty").exists()


def _run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root)}
    environment["MALAN_PASSPHRASE_FILE"] = str(cwd / "passphrase")
    command = [sys.executable, "-m", "issuers", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_a_key_is_made_and_enrolled_by_the_program_itself(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    told = (
        "--party",
        "body-shenlan",
        "--origin",
        "log.malan.example/2026",
        "--server",
        "http://localhost:8000",
    )
    made = _run("keygen", "alice", *told, "--json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    key = tmp_path / "malan-home" / "keys" / "alice.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and PASSPHRASE not in key.read_text()
    again = _run("keygen", "alice", "--json", cwd=tmp_path)
    assert again.returncode == 2 and json.loads(again.stdout)["error"]["code"] == "FILE_EXISTS"
    enrolled = _run("enrol", "ab" * 16, "--json", cwd=tmp_path)
    assert enrolled.returncode == 0, enrolled.stderr
    raw = Path(tmp_path, json.loads(enrolled.stdout)["file"]).read_bytes()
    public, claims = open_enrolment(raw)
    assert public.kid.hex() == json.loads(made.stdout)["kid"]
    assert (claims.iss, claims.sub, claims.aud) == ("body-shenlan", f"officer/{'ab' * 16}", told[3])


def test_no_command_takes_a_persons_number_or_name_as_an_argument() -> None:
    def commands(group: click.Command) -> Iterator[click.Command]:
        inner = getattr(group, "commands", {})
        for one in inner.values():
            yield from commands(one)
        if not inner:
            yield group

    found = list(commands(typer.main.get_command(app)))
    assert len(found) > 15
    for command in found:
        names = {parameter.name for parameter in command.params}
        assert not names & {"id_number", "id_type", "person", "applicant"}, command.name
        assert command.help
        if command.name not in ("genesis", "receipts"):
            assert "as_json" in names and "home" in names, command.name
