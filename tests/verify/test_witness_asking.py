"""Whoever asks the witnesses: parallel, in time, every dialect understood, no lie believed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from ledger.add_checkpoint import render_lines
from ledger.checkpoint import check_cosignature, cosign
from ledger.errors import MalanError
from ledger.heads import TWO_ROOTS, compare, see
from ledger.policy import Witness
from tests.verify.witnessing import NOW, ORIGIN, SIGNER, History, policy_of, witness
from verify.witness.answering import Witnessing, answer
from verify.witness.asking import Answered, Sizes, ask_all, heads_of

KEYS = [SIGNER.key]
Handler = Callable[[httpx.Request], httpx.Response]


class Town:
    """Witnesses behind a transport; a name in `lies` is answered by that handler instead."""

    def __init__(self, folder: Path, count: int) -> None:
        names = [f"w{number:02}.example/malan" for number in range(1, count + 1)]
        self.all = {f"w{n:02}.example": witness(folder / f"{n:02}", name) for n, name in enumerate(names, 1)}
        urls = {one.cosigner.name: f"https://{host}" for host, one in self.all.items()}
        self.policy = policy_of([one.cosigner for one in self.all.values()], needed=count, urls=urls)
        self.lies: dict[str, Handler] = {}
        self.asked: list[str] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        self.asked.append(f"{request.method} {host}")
        if host in self.lies:
            return self.lies[host](request)
        return honest(self.all[host], request)

    def ask(self, log: History, size: int, sizes: Sizes, *, seconds: float = 5.0) -> list[Answered]:
        return ask_all(
            log.note(size),
            log_keys=KEYS,
            fetch=log.files(size).fetch,
            witnesses=self.policy.witnesses,
            sizes=sizes,
            seconds=seconds,
            transport=httpx.MockTransport(self.handle),
        )


def honest(one: Witnessing, request: httpx.Request) -> httpx.Response:
    if request.method == "GET":
        head = one.state.latest(ORIGIN)
        return httpx.Response(404) if head is None else httpx.Response(200, content=head.note)
    told = answer(one, request.content, now=lambda: NOW)
    return httpx.Response(told.status, content=told.body, headers={"content-type": told.type})


@pytest.fixture
def log() -> History:
    return History().grow(600)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    yield Town(tmp_path, 3)


def test_all_lines_and_sizes_are_learnt(town: Town, log: History) -> None:
    sizes = Sizes()
    for size in (300, 301, 600):
        told = town.ask(log, size, sizes)
        assert [one.code for one in told] == [None] * 3
        for one, known in zip(told, town.policy.witnesses, strict=True):
            assert one.line is not None and one.size == size
            assert check_cosignature(log.checkpoint(size).body(), one.line, known.key) == NOW
    # Once each: nobody had to be asked twice, since the size is known from the last time.
    assert len(town.asked) == 9


def test_an_unknown_state_is_read_from_the_409(town: Town, log: History) -> None:
    town.ask(log, 300, Sizes())
    town.asked.clear()
    assert all(one.line is not None for one in town.ask(log, 600, Sizes()))
    assert len(town.asked) == 6


def reply(status: int, body: bytes = b"", kind: str = "text/plain") -> Handler:
    return lambda _request: httpx.Response(status, content=body, headers={"content-type": kind})


def slow(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("told by the test")


def dead(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("told by the test")


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (dead, "WITNESS_UNREACHABLE"),
        (slow, "WITNESS_UNREACHABLE"),
        (reply(429), "WITNESS_BUSY"),
        (reply(500), "WITNESS_BUSY"),
        (reply(503), "WITNESS_BUSY"),
        (reply(403), "WITNESS_REFUSES"),  # older: an unknown log
        (reply(404), "WITNESS_REFUSES"),
        (reply(422), "WITNESS_CONFLICT"),
        (reply(409), "WITNESS_CONFLICT"),  # version 1.0.0: same size, other root, no body
        (reply(409, b"junk\n"), "WITNESS_CONFLICT"),
        (reply(409, b"0\n", "text/x.tlog.size"), "WITNESS_ANSWER"),  # our own size: it contradicts itself
        (reply(409, b"601\n", "text/x.tlog.size"), "WITNESS_AHEAD"),
        (reply(409, b"7\n", "text/x.tlog.size"), "WITNESS_ANSWER"),  # then 7 again, whatever is asked
        (reply(200, b""), "WITNESS_ANSWER"),
        (reply(200, b"junk"), "WITNESS_ANSWER"),
        (reply(200, b"x" * 2**20), "WITNESS_UNREACHABLE"),
        (reply(302), "WITNESS_ANSWER"),
        (reply(400), "WITNESS_ANSWER"),
    ],
)
def test_what_is_no_cosignature_has_a_name_and_harms_nobody_else(
    town: Town, log: History, handler: Handler, code: str
) -> None:
    town.lies["w02.example"] = handler
    told = town.ask(log, 600, Sizes())
    assert [one.code for one in told] == [None, code, None]
    assert told[1].line is None


def test_a_line_by_another_over_another_or_twice_is_not_believed(town: Town, log: History) -> None:
    one = town.all["w02.example"].cosigner
    for line in (
        cosign(log.checkpoint(599).body(), one, time=NOW),
        cosign(log.checkpoint(600).body(), town.all["w01.example"].cosigner, time=NOW),
    ):
        town.lies["w02.example"] = reply(200, render_lines([line]))
        assert town.ask(log, 600, Sizes())[1].code == "WITNESS_ANSWER"
    extra = cosign(log.checkpoint(600).body(), town.all["w01.example"].cosigner, time=NOW)
    own = cosign(log.checkpoint(600).body(), one, time=NOW)
    town.lies["w02.example"] = reply(200, render_lines([extra, own]))
    assert town.ask(log, 600, Sizes())[1].line == own


def test_a_conflict_comes_with_the_head_that_proves_it(town: Town, log: History) -> None:
    other = log.fork(299)
    answer(town.all["w02.example"], other.request(0, 300), now=lambda: NOW)
    told = town.ask(log, 300, Sizes())[1]
    assert told.code == "WITNESS_CONFLICT" and told.head is not None
    ours = see(log.note(300), where="us", origin=ORIGIN, keys=KEYS)
    assert [one.code for one in compare([ours, told.head]).conflicts] == [TWO_ROOTS]


def test_a_witness_that_saw_more_shows_it(town: Town, log: History) -> None:
    answer(town.all["w02.example"], log.request(0, 500), now=lambda: NOW)
    told = town.ask(log, 300, Sizes())[1]
    assert (told.code, told.size) == ("WITNESS_AHEAD", 500)
    assert told.head is not None and told.head.checkpoint.size == 500


def test_a_head_nobody_signed_is_no_evidence(town: Town, log: History) -> None:
    junk = b"log.malan.example/ledger\n999\n" + b"A" * 43 + b"=\n\n"
    town.lies["w02.example"] = lambda request: httpx.Response(
        422 if request.method == "POST" else 200, content=junk if request.method == "GET" else b""
    )
    told = town.ask(log, 300, Sizes())[1]
    assert (told.code, told.head) == ("WITNESS_CONFLICT", None)


def test_nobody_waits_for_the_slowest(town: Town, log: History) -> None:
    def sleepy(_request: httpx.Request) -> httpx.Response:
        time.sleep(0.3)
        return httpx.Response(409, content=b"7\n")

    town.lies["w02.example"] = sleepy
    told = town.ask(log, 600, Sizes(), seconds=0.25)
    assert [one.code for one in told] == [None, "WITNESS_UNREACHABLE", None]


def test_a_smaller_checkpoint_than_was_cosigned_is_asked_for_once(town: Town, log: History) -> None:
    sizes = Sizes()
    town.ask(log, 600, sizes)
    assert {one.code for one in town.ask(log, 300, sizes)} == {"WITNESS_AHEAD"}


def test_only_witnesses_with_an_address_are_asked(town: Town, log: History) -> None:
    known = [Witness(one.name, one.key) for one in town.policy.witnesses]
    told = ask_all(
        log.note(5), log_keys=KEYS, fetch=log.files(5).fetch, witnesses=known, sizes=Sizes(), transport=None
    )
    assert told == []


def test_a_note_that_is_not_the_logs_is_not_sent(town: Town, log: History) -> None:
    with pytest.raises(MalanError):
        ask_all(b"junk", log_keys=KEYS, fetch=lambda _: None, witnesses=town.policy.witnesses, sizes=Sizes())
    assert town.asked == []


def test_heads_are_shown_by_those_who_have_one(town: Town, log: History) -> None:
    answer(town.all["w01.example"], log.request(0, 300), now=lambda: NOW)
    town.lies["w03.example"] = dead
    shown = heads_of(
        town.policy.witnesses, origin=ORIGIN, log_keys=KEYS, transport=httpx.MockTransport(town.handle)
    )
    assert [one.code for one in shown] == [None, "WITNESS_REFUSES", "WITNESS_UNREACHABLE"]
    assert shown[0].head is not None and shown[0].line is not None
