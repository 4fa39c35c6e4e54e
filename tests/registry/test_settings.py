"""Settings: contradictions refused with what to do, names nobody reads pointed out, values never told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledger.errors import MalanError
from registry.service import open_service
from registry.settings import Settings, described, read_settings
from registry.settings_check import check_settings, strays
from tests.registry.served import Served
from tests.registry.stage import Stage

SECRET = "hunter2"

CONFLICTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "http for strangers": ({"qr_origin": "http://cert.example.cn"}, "QR_ORIGIN", "MALAN_QR_ORIGIN"),
    "http beside": ({"qr_hosts": ("http://cert.example.cn",)}, "QR_ORIGIN", "MALAN_QR_HOSTS"),
    "punycode": ({"console_origins": ("https://xn--a.cn",)}, "QR_ORIGIN", "MALAN_CONSOLE_ORIGINS"),
    "lists stale at once": (
        {"publish_interval_ms": 600_000, "status_ttl_seconds": 60, "publish_lag_alarm_seconds": 86_400},
        "SETTING_CONFLICT",
        "MALAN_PUBLISH_INTERVAL_MS, MALAN_STATUS_TTL_SECONDS",
    ),
    "an alarm for ever": (
        {"publish_interval_ms": 60_000, "publish_lag_alarm_seconds": 60},
        "SETTING_CONFLICT",
        "MALAN_PUBLISH_INTERVAL_MS, MALAN_PUBLISH_LAG_ALARM_SECONDS",
    ),
    "one file for two secrets": (
        {"kek_file": Path("keys/index.key")},
        "SETTING_CONFLICT",
        "MALAN_KEK_FILE, MALAN_INDEX_KEY_FILE",
    ),
    "a password": (
        {"database": f"postgresql+psycopg://malan:{SECRET}@db/malan"},
        "SETTING_CONFLICT",
        "MALAN_DATABASE",
    ),
    "no URL": ({"database": "over there"}, "SETTING", "MALAN_DATABASE"),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_contradiction_is_refused_with_where_and_what_to_do(tmp_path: Path, name: str) -> None:
    change, code, where = CONFLICTS[name]
    with pytest.raises(MalanError) as error:
        check_settings(read_settings(home=tmp_path, **change))
    assert (error.value.code, error.value.where) == (code, where)
    assert error.value.fix
    assert SECRET not in str(error.value)


def test_what_comes_out_of_the_box_contradicts_nothing(tmp_path: Path) -> None:
    check_settings(read_settings(home=tmp_path))


def test_no_service_starts_on_a_contradiction(stage: Stage) -> None:
    broken = stage.service.settings.model_copy(update={"qr_origin": "http://cert.example.cn"})
    with pytest.raises(MalanError) as error:
        open_service(broken)
    assert error.value.code == "QR_ORIGIN"


def test_settings_that_others_may_write_are_refused(tmp_path: Path) -> None:
    (tmp_path / "malan.env").write_text("MALAN_LOG_LEVEL=debug\n")
    (tmp_path / "malan.env").chmod(0o666)
    with pytest.raises(MalanError) as error:
        check_settings(read_settings(home=tmp_path))
    assert error.value.code == "SETTINGS_MODE"
    (tmp_path / "malan.env").chmod(0o644)
    check_settings(read_settings(home=tmp_path))


def test_a_name_nobody_reads_is_pointed_out_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "malan.env").write_text(f"MALAN_QR_ORIGN={SECRET}\nMALAN_LOG_LEVEL=info\n# MALAN_NO=1\n")
    monkeypatch.setenv("MALAN_STOP_SECOND", SECRET)
    monkeypatch.setenv("MALAN_PASSPHRASE_FILE", "/nowhere")  # of malan-sign
    monkeypatch.setenv("MALAN_ZZZ", SECRET)
    found = strays(tmp_path)
    assert "MALAN_QR_ORIGN (did you mean MALAN_QR_ORIGIN?)" in found
    assert "MALAN_STOP_SECOND (did you mean MALAN_STOP_SECONDS?)" in found
    assert "MALAN_ZZZ" in found
    assert len(found) == 3
    assert SECRET not in str(found)


def test_serve_says_which_names_nobody_reads(stage: Stage) -> None:
    with Served(stage.service.settings.home, environment={"MALAN_LOG_LEVL": SECRET}) as served:
        pass
    assert "MALAN_LOG_LEVL (did you mean MALAN_LOG_LEVEL?) is no setting" in served.stderr
    assert SECRET not in served.stderr


def test_every_setting_says_what_it_is_and_whom_it_trusts(tmp_path: Path) -> None:
    told = described(read_settings(home=tmp_path))
    assert [one["variable"] for one in told] == [f"MALAN_{name.upper()}" for name in Settings.model_fields]
    assert all(one["what"] and one["unit"] and one["trust"] for one in told)
