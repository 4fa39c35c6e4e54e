"""Key files: sealed, whole or absent, never written over, and of no use without the passphrase."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from issuers.files import create_file, read_file, replace_file
from issuers.sign.keyring import (
    STRONG,
    Kdf,
    create_key_file,
    open_key,
    parse_key_file,
    read_key_file,
    read_passphrase_file,
    seal_key,
)
from ledger.errors import MalanError
from ledger.keys import EDDSA, ES256, SoftwareSigner, from_seed
from tests.world_parts import seeded

CHEAP = Kdf(2**10, 8, 1)  # the cheapest a reader accepts; written into the file like any other
PASSPHRASE = "correct horse battery"


def signer(alg: int = ES256) -> SoftwareSigner:
    return from_seed(alg, seeded("a key", 48 if alg == ES256 else 32))


def sealed(passphrase: str = PASSPHRASE, **options: Any) -> bytes:
    told = {"salt": seeded("salt", 16), "nonce": seeded("nonce", 12), "kdf": CHEAP, **options}
    return seal_key(signer(), passphrase, **told)


@pytest.mark.parametrize("alg", [ES256, EDDSA])
def test_a_sealed_key_opens_and_signs_as_before(alg: int) -> None:
    key = signer(alg)
    data = seal_key(key, PASSPHRASE, salt=seeded("s", 16), nonce=seeded("n", 12), kdf=CHEAP)
    opened = open_key(parse_key_file(data), PASSPHRASE)
    key.public.verify(b"message", opened.sign(b"message"))
    assert opened.public == key.public


def test_the_file_says_who_it_is_and_hides_the_key() -> None:
    document = json.loads(sealed())
    assert document["kid"] == signer().public.kid.hex() and document["alg"] == "ES256"
    assert signer().pkcs8() not in sealed() and signer().pkcs8().hex() not in sealed().decode()
    assert document["kdf"]["n"] == 1024


def test_a_real_key_file_costs_what_the_standard_asks() -> None:
    assert (STRONG.n, STRONG.r, STRONG.p) == (2**17, 8, 1)
    data = sealed(kdf=STRONG)
    assert open_key(parse_key_file(data), PASSPHRASE).public == signer().public


@pytest.mark.parametrize("wrong", ["", "correct horse batterY", PASSPHRASE + " ", "完全不同的口令"])
def test_a_wrong_passphrase_is_told_as_one(wrong: str) -> None:
    with pytest.raises(MalanError) as caught:
        open_key(parse_key_file(sealed()), wrong)
    assert caught.value.code == "KEY_PASSPHRASE"
    assert not wrong or wrong not in str(caught.value)


def test_one_passphrase_composed_or_decomposed_is_the_same() -> None:
    assert open_key(parse_key_file(sealed("pass\u00e9 compos\u00e9")), "passe\u0301 compose\u0301")


@pytest.mark.parametrize("short", ["", "seven77"])
def test_a_short_passphrase_is_refused(short: str) -> None:
    with pytest.raises(MalanError) as caught:
        sealed(short)
    assert caught.value.code == "KEY_PASSPHRASE_SHORT"


def _set(path: tuple[str, ...], value: object) -> bytes:
    document = json.loads(sealed())
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return json.dumps(document).encode()


OTHER = from_seed(ES256, seeded("another key", 48)).public


@pytest.mark.parametrize(
    ("code", "path", "value"),
    [
        ("KEY_FILE", ("malan-key",), 2),
        ("KEY_FILE", ("kid",), OTHER.kid.hex()),
        ("KEY_FILE", ("alg",), "RS256"),
        ("KEY_SPKI", ("alg",), "EdDSA"),
        ("KEY_FILE", ("more",), 1),
        ("KEY_KDF", ("kdf", "n"), 2**30),
        ("KEY_KDF", ("kdf", "n"), 1000),
        ("KEY_KDF", ("kdf", "n"), 2**9),
        ("KEY_KDF", ("kdf", "n"), True),
        ("KEY_KDF", ("kdf", "r"), 1000),
        ("KEY_KDF", ("kdf", "p"), 0),
        ("KEY_FILE", ("kdf", "name"), "pbkdf2"),
        ("BASE64URL", ("kdf", "salt"), "A"),
        ("BASE64URL", ("sealed",), "=="),
    ],
)
def test_a_key_file_of_another_form_is_refused(code: str, path: tuple[str, ...], value: object) -> None:
    parse_key_file(sealed())  # negative control
    with pytest.raises(MalanError) as caught:
        parse_key_file(_set(path, value))
    assert caught.value.code == code


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"{", b"\xff", b" " * 5000])
def test_what_is_no_key_file_is_refused(data: bytes) -> None:
    with pytest.raises(MalanError) as caught:
        parse_key_file(data)
    assert caught.value.code == "KEY_FILE"


def test_the_cost_and_the_salt_are_bound_into_the_seal() -> None:
    for path, value in ((("kdf", "n"), 2048), (("kdf", "salt"), "AAAAAAAAAAAAAAAAAAAAAA")):
        with pytest.raises(MalanError) as caught:
            open_key(parse_key_file(_set(path, value)), PASSPHRASE)
        assert caught.value.code == "KEY_PASSPHRASE"


def test_the_sealed_key_of_another_file_does_not_open_under_this_name() -> None:
    other = seal_key(
        from_seed(ES256, seeded("another key", 48)),
        PASSPHRASE,
        salt=seeded("salt", 16),
        nonce=seeded("nonce", 12),
        kdf=CHEAP,
    )
    mixed = _set(("sealed",), json.loads(other)["sealed"])
    with pytest.raises(MalanError) as caught:
        open_key(parse_key_file(mixed), PASSPHRASE)
    assert caught.value.code == "KEY_PASSPHRASE"


def test_a_key_file_is_made_private_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "signer.key"
    create_key_file(path, sealed())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(MalanError) as caught:
        create_key_file(path, b"another")
    assert caught.value.code == "FILE_EXISTS"
    assert read_key_file(path).public == signer().public
    assert [item.name for item in tmp_path.iterdir()] == ["signer.key"]


def test_a_passphrase_file_loses_only_its_last_newline(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    for written, read in (("a b \n", "a b "), ("a b \r\n", "a b "), ("a b", "a b"), ("a\n\n", "a\n")):
        path.write_bytes(written.encode())
        assert read_passphrase_file(path) == read
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(MalanError) as caught:
        read_passphrase_file(path)
    assert caught.value.code == "KEY_PASSPHRASE_FILE"


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept"
    replace_file(path, b"first")

    def full(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for write in (replace_file, create_file):
        with pytest.raises(MalanError) as caught:
            write(path if write is replace_file else tmp_path / "new", b"second")
        assert caught.value.code == "FILE_WRITE"
    assert path.read_bytes() == b"first"
    assert [item.name for item in tmp_path.iterdir()] == ["kept"]


def test_reading_has_a_limit_and_a_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * 11)
    with pytest.raises(MalanError) as caught:
        read_file(tmp_path / "long", bytes_max=10)
    assert caught.value.code == "FILE_TOO_LARGE"
    assert read_file(tmp_path / "long", bytes_max=11) == b"x" * 11
    with pytest.raises(MalanError) as caught:
        read_file(tmp_path / "absent", bytes_max=10)
    assert caught.value.code == "FILE_READ" and str(tmp_path) not in str(caught.value)
