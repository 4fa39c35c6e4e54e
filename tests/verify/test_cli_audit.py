"""`malan-verify audit` as a supervisor runs it: arguments, files, exit codes, and what it prints where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from issuers.carried import ACTS
from issuers.evidence import to_json
from tests.verify.logs import forge, said_in, whole_world
from tests.world import World
from verify.__main__ import main
from verify.commands.options import time_asked
from verify.pins import PinStore
from verify.trust import Pin

AT = "2026-03-16T12:00:00+08:00"


@dataclass
class Program:
    """A folder with a world's published log and files, and the program run in it."""

    folder: Path
    world: World
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.monkeypatch.setattr("sys.argv", ["malan-verify", "audit", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self.capfd.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in err
        return ended.value.code, out, err

    def json(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        code, out, _ = self.run(*arguments, "--json", "--at", AT)
        document = json.loads(out)
        assert document["exit"] == code
        return code, document


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Program:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MALAN_HOME", raising=False)
    world = whole_world()
    world.publish(tmp_path / "log")
    (tmp_path / "policy.txt").write_bytes(world.policy())
    (tmp_path / "trust.cbor").write_bytes(world.bundle())
    (tmp_path / "acts.cbor").write_bytes(world.bundle(ACTS))
    (tmp_path / "evidence.json").write_bytes(to_json(world.evidence()))
    past = world.copy()
    past.now = world.times[99] + 1_000
    (tmp_path / "kept").write_bytes(past.checkpoint(size=100))
    return Program(tmp_path, world, monkeypatch, capfd)


def test_a_sound_log_exits_0_and_says_what_to_compare(program: Program) -> None:
    code, out, err = program.run("log", "--at", AT)
    assert code == 0
    assert "未发现偏离" in out
    assert "compare this fingerprint" in out
    assert err == ""
    assert all(len(line) <= 80 for line in out.split("\n"))


def test_with_everything_it_has_every_part_is_checked(program: Program) -> None:
    given = ["--trust", "trust.cbor", "--acts", "acts.cbor", "--since", "kept", "--evidence", "evidence.json"]
    code, document = program.json("log", *given)
    assert code == 0
    assert {one["state"] for one in document["checks"]} == {"sound"}
    assert document["log"]["pinned"] is True
    assert document["log"]["genesis"] == program.world.said[0].hash.hex()
    assert document["notes"] == []


def test_a_changed_byte_exits_1_and_names_the_entry(program: Program) -> None:
    path = program.folder / "log" / "tile" / "entries" / "000.p" / "181"
    data = bytearray(path.read_bytes())
    data[50_000] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))
    code, document = program.json("log")
    assert code == 1
    assert document["departures"][0]["code"] == "ENTRY_ALTERED"
    code, out, _ = program.run("log", "--at", AT)
    assert code == 1
    assert "ENTRY_ALTERED" in out
    assert "发现偏离" in out


def test_an_unknown_kind_exits_2(program: Program) -> None:
    world = program.world
    raw = world.sign("class-audited", "signatory", "class/00", {"what": 1})
    forge(world, [*said_in(world), (world.now, raw)]).publish(program.folder / "longer")
    code, document = program.json("longer")
    assert code == 2
    assert document["could_not_check"][0]["code"] == "KIND_UNKNOWN"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nowhere",), "SOURCE_DIRECTORY"),
        (("ftp://x.example/log",), "SOURCE_URL"),
        (("log", "--trust", "nowhere.cbor"), "FILE_READ"),
        (("log", "--since", "nowhere"), "FILE_READ"),
        (("log", "--evidence", "nowhere"), "FILE_READ"),
        (("log", "--genesis", "abc"), "HEX_FORM"),
        (("log", "--at", "yesterday"), "TIME_FORM"),
    ],
)
def test_what_cannot_be_read_exits_2_with_a_code(
    program: Program, arguments: tuple[str, ...], code: str
) -> None:
    exit_code, out, err = program.run(*arguments)
    assert exit_code == 2
    assert out == ""
    assert code in err


def test_a_directory_without_a_log_exits_2(program: Program) -> None:
    (program.folder / "empty").mkdir()
    code, document = program.json("empty")
    assert code == 2
    (finding,) = document["could_not_check"]
    assert (finding["code"], finding["where"]) == ("CHECKPOINT_MISSING", "checkpoint")


def test_the_page_is_written_and_nothing_else_on_stdout(program: Program) -> None:
    code, out, err = program.run("log", "--html", "report.html", "--json", "--at", AT)
    assert code == 0
    assert json.loads(out)["state"] == "sound"
    assert "report.html" in err
    page = (program.folder / "report.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "未发现偏离" in page


def test_the_genesis_is_compared_with_the_one_given(program: Program) -> None:
    assert program.json("log", "--genesis", program.world.said[0].hash.hex())[0] == 0
    code, document = program.json("log", "--genesis", "07" * 32)
    assert code == 1
    assert document["departures"][0]["code"] == "GENESIS_OTHER"


def test_the_genesis_this_verifier_pinned_before_is_used(program: Program) -> None:
    PinStore(program.folder / "malan-home").write(program.world.origin, Pin(program.world.said[0].hash))
    code, document = program.json("log")
    assert (code, document["log"]["pinned"]) == (0, True)
    home = program.folder / "other-home"
    PinStore(home).write(program.world.origin, Pin(b"\7" * 32))
    program.monkeypatch.setenv("MALAN_HOME", str(home))
    assert program.json("log")[0] == 1


def test_without_at_the_clock_decides_what_is_outstanding(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: (program.world.now + 5_000) * 1_000_000)
    code, out, _ = program.run("log", "--json")
    assert code == 0
    assert json.loads(out)["at"] == "2026-03-16T10:00:06+08:00"
    monkeypatch.setattr("time.time_ns", lambda: (program.world.now - 86_400_000) * 1_000_000)
    assert program.run("log", "--json")[0] == 2


def test_a_time_without_an_offset_is_shanghais() -> None:
    assert time_asked("2026-03-16T12:00:00") == time_asked(AT)
