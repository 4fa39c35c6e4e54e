"""The fetched library: only the pinned bytes are unpacked, and only they are given out."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from ledger.errors import Malformed, Refused, Unavailable
from registry import scanner_library
from registry.http import pages


def package(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def test_another_package_is_not_unpacked() -> None:
    with pytest.raises(Malformed) as caught:
        scanner_library.unpack(package(x=b"x"))
    assert caught.value.code == "LIBRARY_OTHER"


def test_a_registry_that_does_not_answer_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9/")
    monkeypatch.setattr(scanner_library, "here", lambda: False)
    assert scanner_library.main() == 1
    assert "LIBRARY_UNREACHABLE" in capsys.readouterr().err
    with pytest.raises(Unavailable):
        scanner_library.fetch("http://127.0.0.1:9")


def served(place: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The library's files that the pages give out when these lie in their folder."""
    found = {path.name: path for path in place.iterdir()}
    monkeypatch.setattr(pages, "_listed", lambda folder: found)
    names = []
    for name in scanner_library.PINS:
        try:
            names.append(pages.asset("registry/pages", name).media_type)
        except Refused as error:
            assert error.code == "PAGE_UNKNOWN"
    return names


def test_only_the_pinned_bytes_are_given_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert served(tmp_path, monkeypatch) == []
    for name in scanner_library.PINS:
        (tmp_path / name).write_bytes(b"somebody else's")
    assert served(tmp_path, monkeypatch) == []
    pins = {name: hashlib.sha256(b"somebody else's").hexdigest() for name in scanner_library.PINS}
    monkeypatch.setattr(scanner_library, "PINS", pins)
    assert served(tmp_path, monkeypatch) == ["text/javascript; charset=utf-8", "application/wasm"]
