"""`malan-verify audit --state FILE`: the user's own file, from one run of the program to the next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.verify.test_audit_kept import _long
from verify.__main__ import main


def test_the_program_keeps_it_in_the_users_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    world = _long().copy()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MALAN_HOME", raising=False)
    world.publish(tmp_path / "log")
    (tmp_path / "policy.txt").write_bytes(world.policy())

    def run() -> tuple[int, dict[str, Any], str]:
        at = "2026-03-16T12:00:00+08:00"
        words = [
            "malan-verify",
            "audit",
            "log",
            "--policy",
            "policy.txt",
            "--state",
            "mine",
            "--json",
            "--at",
            at,
        ]
        monkeypatch.setattr("sys.argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, json.loads(out), err

    (first_code, first, _), (again_code, again, _) = run(), run()
    assert (first_code, again_code) == (0, 0)
    assert (first["log"].pop("audited_before"), again["log"].pop("audited_before")) == (0, 512)
    assert first == again
    (tmp_path / "mine").write_bytes(b"not one of ours")
    code, report, err = run()
    assert (code, report["log"]["audited_before"]) == (0, 0) and "KEPT_TORN (mine)" in err
    assert run()[1]["log"]["audited_before"] == 512
