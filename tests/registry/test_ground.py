"""Settings, clock and secrets: what the service stands on before it does anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import Malformed, Unavailable
from registry.clock import Clock
from registry.secrets import ESCROW, PURPOSES, create_secrets, encode_secret, read_secrets
from registry.settings import Settings, described, read_settings


def test_every_setting_says_what_it_is_its_unit_and_who_is_trusted_with_it(tmp_path: Path) -> None:
    told = described(Settings(home=tmp_path))
    assert len(told) == len(Settings.model_fields)
    for one in told:
        assert all(one[name] for name in ("variable", "what", "unit", "trust")), one
    limits = {one["variable"]: one["limit"] for one in told}
    assert limits["MALAN_STATUS_TTL_SECONDS"] == "at least 60, at most 604800"


def test_a_setting_without_a_description_is_noticed() -> None:
    class Careless(Settings):
        forgotten: int = 1

    with pytest.raises(TypeError, match="forgotten"):
        described(Careless())


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALAN_PUBLISH_INTERVAL_MS", "250")
    monkeypatch.setenv("MALAN_QR_HOSTS", '["https://old.example"]')
    settings = read_settings()
    assert settings.publish_interval_ms == 250
    assert settings.accepted_hosts == ("https://cert.malan.example", "https://old.example")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLISH_INTERVAL_MS", "49"),
        ("PUBLISH_INTERVAL_MS", "often"),
        ("STATUS_TTL_SECONDS", "604801"),
        ("QR_ORIGIN", "https://cert.malan.example/"),
        ("QR_ORIGIN", "ftp://cert.malan.example"),
    ],
)
def test_an_improper_setting_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"MALAN_{name}", value)
    with pytest.raises(Malformed) as caught:
        read_settings()
    assert caught.value.where == f"MALAN_{name}"
    assert value not in str(caught.value)


def test_no_setting_holds_a_secret() -> None:
    files = {name for name in Settings.model_fields if "key" in name or name.startswith("kek")}
    assert len(files) == len(PURPOSES)
    assert all(name.endswith("_file") for name in files)


def test_the_clock_tells_drift_from_time_passing() -> None:
    wall, steady = [1_000_000_000_000], [0]
    clock = Clock(lambda: wall[0] * 10**6, lambda: steady[0] * 10**6)
    wall[0] += 60_000
    steady[0] += 60_000
    clock.check_steady()
    assert (clock.now_ms(), clock.drift_ms()) == (1_000_000_060_000, 0)
    wall[0] += 5_000
    clock.check_steady()
    wall[0] += 1
    with pytest.raises(Unavailable) as caught:
        clock.check_steady()
    assert caught.value.code == "CLOCK_JUMPED"


def test_secrets_are_made_once_readable_by_their_owner_alone(tmp_path: Path) -> None:
    place = Settings(home=tmp_path).secret_file
    create_secrets(place)
    secrets = read_secrets(place)
    for purpose in PURPOSES:
        assert place(purpose).stat().st_mode & 0o777 == 0o600
    kept = {purpose: place(purpose).read_bytes() for purpose in PURPOSES}
    with pytest.raises(Unavailable, match="FILE_EXISTS"):
        create_secrets(place)
    assert {purpose: place(purpose).read_bytes() for purpose in PURPOSES} == kept
    assert len({secrets.kek, secrets.index, secrets.nullifier}) == 3
    assert "kek" not in repr(secrets)


def test_every_secret_has_words_about_its_loss() -> None:
    assert ESCROW.keys() == set(PURPOSES)
    assert all(one.holds and one.loss and one.theft and one.keep for one in ESCROW.values())


def test_a_secret_others_may_read_is_refused(tmp_path: Path) -> None:
    place = Settings(home=tmp_path).secret_file
    create_secrets(place)
    place("kek").chmod(0o640)
    with pytest.raises(Unavailable) as caught:
        read_secrets(place)
    assert (caught.value.code, caught.value.where) == ("SECRET_MODE", "kek")


def test_a_secret_serves_one_purpose(tmp_path: Path) -> None:
    place = Settings(home=tmp_path).secret_file
    create_secrets(place)
    place("index").write_bytes(place("kek").read_bytes())
    with pytest.raises(Malformed, match="SECRET_PURPOSE"):
        read_secrets(place)


@pytest.mark.parametrize("secret", [b"", b"short", b"k" * 33])
def test_a_key_of_another_size_is_refused(tmp_path: Path, secret: bytes) -> None:
    place = Settings(home=tmp_path).secret_file
    create_secrets(place)
    place("nullifier").write_bytes(encode_secret("nullifier", secret))
    with pytest.raises(Malformed, match="SECRET_FORM"):
        read_secrets(place)


def test_a_signing_key_of_another_suite_is_refused(tmp_path: Path) -> None:
    place = Settings(home=tmp_path).secret_file
    create_secrets(place)
    receipt = place("receipt").read_text().split("\n")[1]
    place("checkpoint").write_text(f"malan-service-secret 1 checkpoint\n{receipt}\n")
    with pytest.raises(Malformed, match="SECRET_FORM"):
        read_secrets(place)
