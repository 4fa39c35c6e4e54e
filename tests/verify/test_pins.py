"""What a verifier remembers: whole or not at all, and never less than before."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import MalanError
from verify.pins import PINS, PinStore
from verify.trust import Pin

ORIGIN = "log.malan.example/2026"
PIN = Pin(b"\x01" * 32, 10, "quorum none\n")


def code_of(store: PinStore, pin: Pin) -> str:
    with pytest.raises(MalanError) as caught:
        store.write(ORIGIN, pin)
    return caught.value.code


def test_a_pin_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    store = PinStore(tmp_path / "home")
    assert not store.exists
    assert store.read(ORIGIN) is None
    store.write(ORIGIN, PIN)
    store.write("other.example", Pin(b"\x02" * 32))
    assert store.exists
    assert PinStore(tmp_path / "home").read(ORIGIN) == PIN
    assert store.read("other.example") == Pin(b"\x02" * 32, 0, None)
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


def test_reading_makes_no_folder(tmp_path: Path) -> None:
    store = PinStore(tmp_path / "home")
    store.read(ORIGIN)
    store.read_trust()
    assert list(tmp_path.iterdir()) == []


def test_a_pin_never_gets_smaller_nor_another_genesis(tmp_path: Path) -> None:
    store = PinStore(tmp_path)
    store.write(ORIGIN, PIN)
    assert code_of(store, Pin(PIN.genesis, 9, PIN.policy)) == "TRUST_OLDER"
    assert code_of(store, Pin(b"\x02" * 32, 11, PIN.policy)) == "TRUST_GENESIS"
    store.write(ORIGIN, Pin(PIN.genesis, 11, None))
    assert store.read(ORIGIN) == Pin(PIN.genesis, 11, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 3, "logs": {}}',
        '{"version": 1, "logs": {"a": {"genesis": "00", "size": 1, "policy": null}}}',
        '{"version": 1, "logs": {"a": {"genesis": "' + "00" * 32 + '", "size": -1, "policy": null}}}',
        '{"version": 1, "logs": {"a": {"genesis": "' + "00" * 32 + '", "size": true, "policy": null}}}',
        '{"version": 1, "logs": {"a": {"genesis": "' + "00" * 32 + '", "size": 1}}}',
        '{"version": 1, "logs": {}, "more": 1}',
    ],
)
def test_a_file_of_pins_that_cannot_be_read_stops_the_program(tmp_path: Path, text: str) -> None:
    (tmp_path / PINS).write_text(text, encoding="utf-8")
    store = PinStore(tmp_path)
    with pytest.raises(MalanError):
        store.read(ORIGIN)
    with pytest.raises(MalanError):
        store.write(ORIGIN, PIN)
    assert (tmp_path / PINS).read_text(encoding="utf-8") == text


def test_the_bundle_last_fetched_is_kept(tmp_path: Path) -> None:
    store = PinStore(tmp_path / "home")
    store.write_trust(b"one")
    store.write_trust(b"two")
    assert store.read_trust() == b"two"


def test_the_bundle_and_pins_of_other_programs_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    """`malan-sign` and the service keep files of these names in their homes."""
    (tmp_path / "pins.json").write_text('{"genesis": "00", "size": 1}', encoding="utf-8")
    (tmp_path / "trust.cbor").write_bytes(b"published")
    store = PinStore(tmp_path)
    assert store.read_trust() == b"published"
    store.write(ORIGIN, PIN)
    store.write_trust(b"fetched")
    assert store.read_trust() == b"fetched"
    assert (tmp_path / "pins.json").read_text(encoding="utf-8") == '{"genesis": "00", "size": 1}'
    assert (tmp_path / "trust.cbor").read_bytes() == b"published"
