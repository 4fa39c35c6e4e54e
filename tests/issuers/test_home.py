"""The home of a party: settings from file and environment, pins that never go back, JSON without tricks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import pytest

from issuers.json_in import from_hex, from_object, read_object
from issuers.shape import Id16, Size
from issuers.sign.home import Config, Home, merged, need
from ledger.errors import MalanError
from tests.world_parts import seeded

GENESIS, OTHER = b"\x01" * 32, b"\x02" * 32


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        call()
    return caught.value.code


def test_settings_come_back_and_the_environment_stands_above_them(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    config = Config(
        server="https://a.example", party="body-shenlan", origin="log.example/1", genesis=GENESIS, demo=True
    )
    home.write_config(config)
    assert home.read_config({}) == config
    told = {"MALAN_SERVER": "https://b.example", "MALAN_PARTY": "", "MALAN_GENESIS": OTHER.hex(), "HOME": "x"}
    read = home.read_config(told)
    assert (read.server, read.party, read.genesis) == ("https://b.example", "body-shenlan", OTHER)


def test_a_home_without_settings_has_none_and_is_not_made(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert home.read_config({}) == Config() and home.key_names() == [] and not home.path.exists()
    assert code_of(lambda: need(home.read_config({}).server, "server")) == "SETTING_MISSING"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("JSON_FORM", "{"),
        ("JSON_FORM", '{"party": "a", "party": "b"}'),
        ("JSON_FORM", '{"demo": 1.5}'),
        ("SHAPE_UNKNOWN", '{"passphrase": "x"}'),
        ("SHAPE_FORM", '{"party": "Body"}'),
        ("SHAPE_TYPE", '{"demo": "yes"}'),
        ("HEX_FORM", '{"genesis": "zz"}'),
    ],
)
def test_a_broken_settings_file_is_named(tmp_path: Path, code: str, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(MalanError) as caught:
        Home(tmp_path).read_config({})
    assert caught.value.code == code and "config.json" in caught.value.fix


def test_a_broken_variable_is_refused() -> None:
    assert code_of(lambda: merged(Config(), {"party": "Body"})) == "SHAPE_FORM"


def told(size: int, *, other: int = 99) -> bytes:
    """The hash of the acts below a size, in a log of which the acts from `other` on are others."""
    return seeded(f"{min(size, other)} of {size}", 32)


def test_the_first_genesis_is_pinned_and_no_other_is_believed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.pin(genesis=GENESIS, size=5, acts=told, expected=None) is True
    assert home.pin(genesis=GENESIS, size=9, acts=told, expected=None) is False
    assert code_of(lambda: home.pin(genesis=OTHER, size=99, acts=told, expected=None)) == "GENESIS_OTHER"
    assert code_of(lambda: home.pin(genesis=GENESIS, size=8, acts=told, expected=None)) == "BUNDLE_OLD"
    assert home.pin(genesis=GENESIS, size=9, acts=told, expected=GENESIS) is False


def test_the_genesis_of_the_settings_stands_above_first_contact(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert code_of(lambda: home.pin(genesis=OTHER, size=1, acts=told, expected=GENESIS)) == "GENESIS_OTHER"
    assert home.pin(genesis=GENESIS, size=1, acts=told, expected=GENESIS) is False
    assert (tmp_path / "pins.json").exists()


def test_acts_that_were_told_are_told_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.pin(genesis=GENESIS, size=5, acts=told, expected=None) is True
    other = partial(told, other=4)
    for size in (5, 9):
        assert code_of(partial(home.pin, genesis=GENESIS, size=size, acts=other, expected=None)) == (
            "BUNDLE_ACTS_OTHER"
        )
    later = partial(told, other=5)
    assert home.pin(genesis=GENESIS, size=9, acts=later, expected=None) is False
    assert (
        code_of(partial(home.pin, genesis=GENESIS, size=9, acts=told, expected=None)) == "BUNDLE_ACTS_OTHER"
    )


def test_a_pin_of_a_former_version_learns_the_acts(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "pins.json").write_text(f'{{"genesis": "{GENESIS.hex()}", "size": 5}}')
    assert home.pin(genesis=GENESIS, size=5, acts=told, expected=None) is False
    other = partial(told, other=4)
    assert (
        code_of(partial(home.pin, genesis=GENESIS, size=5, acts=other, expected=None)) == "BUNDLE_ACTS_OTHER"
    )


@dataclass(frozen=True, slots=True)
class _Inner:
    id: Id16


@dataclass(frozen=True, slots=True)
class _Outer:
    ids: Annotated[tuple[Id16, ...], Size(0, 3)]
    inner: _Inner
    name: str | None = None


def test_hex_becomes_bytes_wherever_the_shape_has_bytes() -> None:
    told = {"ids": ["ab" * 16], "inner": {"id": "cd" * 16}, "name": None}
    assert from_object(_Outer, told, where="x") == _Outer((b"\xab" * 16,), _Inner(b"\xcd" * 16))
    assert code_of(lambda: from_object(_Outer, {**told, "more": 1}, where="x")) == "SHAPE_UNKNOWN"
    assert from_object(_Outer, {**told, "more": 1}, where="x", lenient=True).name is None
    with pytest.raises(MalanError) as caught:
        from_object(_Outer, {**told, "inner": {"id": "CD" * 16}}, where="x")
    assert (caught.value.code, caught.value.where) == ("HEX_FORM", "x.inner.id")


@pytest.mark.parametrize("text", ["AB", "a", "0x", " ab", "ab ", 7, None])
def test_hex_has_one_spelling(text: object) -> None:
    assert code_of(lambda: from_hex(text, where="x")) == "HEX_FORM"
    assert from_hex("ab", where="x") == b"\xab"


def test_a_document_too_large_or_not_an_object_is_refused() -> None:
    assert code_of(lambda: read_object(b"{}" + b" " * 99, where="x", bytes_max=50)) == "JSON_SIZE"
    for data in (b"[]", b"1", b"null", b'{"a": NaN}', b'{"a": 1e400}', b"\xff"):
        assert code_of(lambda data=data: read_object(data, where="x")) == "JSON_FORM"  # type: ignore[misc]
