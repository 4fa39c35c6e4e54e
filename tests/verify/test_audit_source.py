"""Where a published log is read from: a directory or a server, neither of them believed or feared."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from ledger.errors import Unavailable
from tests.verify.logs import codes, look, names, published, whole_world
from verify import source
from verify.audit.findings import Severity
from verify.source import DirectorySource, HttpSource, open_source

Answer = Callable[[httpx.Request], httpx.Response]


def served(answer: Answer, url: str = "https://log.malan.example/2026/log/") -> HttpSource:
    return HttpSource(url, transport=httpx.MockTransport(answer))


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(Unavailable) as caught:
        action()
    return caught.value.code


def test_a_directory_gives_its_files_and_none_for_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "tile" / "0").mkdir(parents=True)
    (tmp_path / "tile" / "0" / "000").write_bytes(b"x")
    (tmp_path / "checkpoint").write_bytes(b"y")
    log = DirectorySource(tmp_path)
    assert log.list_files() == ["checkpoint", "tile/0/000"]
    assert log.fetch("tile/0/000") == b"x"
    assert log.fetch("tile/0/001") is None
    assert log.fetch("checkpoint/000") is None


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname", "tile/../../secret"])
def test_nothing_outside_the_directory_is_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "secret").write_text("x")
    assert code_of(lambda: DirectorySource(tmp_path / "log").fetch(path)) == "SOURCE_PATH"


def test_a_pipe_in_the_place_of_a_file_does_not_hold_the_auditor_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "checkpoint")
    assert code_of(lambda: DirectorySource(tmp_path).fetch("checkpoint")) == "SOURCE_READ"


def test_an_endless_file_is_read_to_the_largest_a_log_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "FILE_BYTES_MAX", 100)
    (tmp_path / "checkpoint").write_bytes(b"x" * 1_000)
    data = source._read(tmp_path / "checkpoint", "checkpoint", limit=source.FILE_BYTES_MAX)
    assert data is not None
    assert len(data) == 101


def test_a_directory_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    assert code_of(lambda: open_source(str(tmp_path / "nowhere"))) == "SOURCE_DIRECTORY"


def test_the_policy_stands_beside_the_directory(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    assert DirectorySource(tmp_path / "log").offered_policy() is None
    (tmp_path / "policy.txt").write_bytes(b"quorum none\n")
    assert DirectorySource(tmp_path / "log").offered_policy() == b"quorum none\n"


def test_a_server_is_asked_below_its_prefix() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=b"bytes")

    assert served(answer).fetch("tile/entries/x001/000.p/7") == b"bytes"
    assert served(answer).offered_policy() == b"bytes"
    assert asked == [
        "https://log.malan.example/2026/log/tile/entries/x001/000.p/7",
        "https://log.malan.example/2026/log/policy",
    ]
    assert served(answer).list_files() is None


@pytest.mark.parametrize("status", [404, 410])
def test_what_the_server_does_not_have_is_none(status: int) -> None:
    assert served(lambda _: httpx.Response(status)).fetch("checkpoint") is None


@pytest.mark.parametrize(
    ("status", "code"),
    [(301, "SOURCE_REDIRECT"), (302, "SOURCE_REDIRECT"), (403, "SOURCE_STATUS"), (500, "SOURCE_STATUS")],
)
def test_any_other_answer_is_no_answer(status: int, code: str) -> None:
    log = served(lambda _: httpx.Response(status, headers={"location": "https://elsewhere.example/"}))
    assert code_of(lambda: log.fetch("checkpoint")) == code


def test_a_passing_failure_is_asked_again() -> None:
    answers = iter([httpx.Response(503), httpx.ConnectError("no"), httpx.Response(200, content=b"ok")])

    def answer(_: httpx.Request) -> httpx.Response:
        one = next(answers)
        if isinstance(one, Exception):
            raise one
        return one

    assert served(answer).fetch("checkpoint") == b"ok"


def test_a_server_that_never_answers_is_unreachable() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    assert code_of(lambda: served(answer).fetch("checkpoint")) == "SOURCE_UNREACHABLE"


def test_an_endless_answer_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "FILE_BYTES_MAX", 1_000)
    data = served(lambda _: httpx.Response(200, content=b"x" * 10_000)).fetch("checkpoint")
    assert data is not None
    assert len(data) == 1_001


@pytest.mark.parametrize(
    "url",
    [
        "ftp://log.malan.example/log",
        "https://user@log.malan.example/log",
        "https://log.malan.example/log?x=1",
        "https://log.malan.example/log#x",
        "https://",
    ],
)
def test_a_url_that_is_not_a_logs_is_refused(url: str) -> None:
    assert code_of(lambda: open_source(url)) == "SOURCE_URL"


@pytest.mark.parametrize("path", ["../x", "tile/..", "//other.example/x", "a b", ""])
def test_a_path_that_leaves_the_log_is_never_asked_for(path: str) -> None:
    assert code_of(lambda: served(lambda _: httpx.Response(200)).fetch(path)) == "SOURCE_PATH"


def test_a_log_is_audited_over_http_like_from_disk() -> None:
    world = whole_world()
    files = published(world).files
    prefix = "/2026/log/"

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix(prefix)
        known = {**files, "policy": world.policy()}
        return httpx.Response(200, content=known[path]) if path in known else httpx.Response(404)

    report = look(world, source=served(answer), policy=None)
    assert (report.exit_code, names(report)) == (0, [])
    assert {one.id: one.state.value for one in report.checks}["files"] == "not_asked"


def test_a_server_that_fails_half_way_is_a_doubt_and_no_departure() -> None:
    files = published(whole_world()).files

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/log/", 1)[1]
        return httpx.Response(200, content=files[name]) if name == "checkpoint" else httpx.Response(500)

    report = look(whole_world(), source=served(answer))
    assert names(report) == []
    assert report.exit_code == 2
    assert "FILE_UNAVAILABLE" in codes(report, Severity.COULD_NOT_CHECK)
