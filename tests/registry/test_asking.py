"""The publisher takes checkpoints to real witnesses, and waits for none of them; their clocks judge ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from issuers.identifiers.districts import DISTRICTS
from ledger.checkpoint import cosign
from ledger.errors import Unavailable
from ledger.note import NoteKey, parse_note
from ledger.policy import Log, Policy, Witness
from registry.alarms import at_hand
from registry.published.asking import FRESH_SECONDS, Asker, heads_now
from registry.published.boot_gate import check_not_ahead
from registry.published.finality import quorum_now
from registry.published.loop import PublishingLoop
from registry.published.publishing import Publisher
from registry.published.witness_clock import APART_MAX_MS, FRESH_MS, WitnessClock
from registry.service import note_signer
from tests.registry.stage import Stage, dismissal
from tests.registry.witnessed import appoint
from tests.world_exports import witnesses
from tests.world_parts import seeded
from verify.witness.asking import UNREACHABLE, Answered
from verify.witness.home import create, open_home
from verify.witness.serving import Server


@contextmanager
def served(stage: Stage, place: int, folder: Path) -> Iterator[str]:
    """A district's witness over HTTP, with the stage's clock; its address."""
    code, (key,) = list(DISTRICTS)[place], [note_signer(stage.service).key]
    logs = Policy((Log(key),), (), (), "none")
    create(folder, name=witnesses()[place].name, logs=logs, seed=seeded(f"witness {code}", 32))
    server = Server(open_home(folder), "127.0.0.1", 0, now=lambda: stage.hands.now_ms // 1000, quiet=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def final_size(stage: Stage) -> int | None:
    with stage.service.database.reading() as connection:
        return quorum_now(stage.service, connection).size


def test_real_witnesses_cosign_each_new_checkpoint(stage: Stage, tmp_path: Path) -> None:
    with ExitStack() as stack:
        urls = {n: stack.enter_context(served(stage, n, tmp_path / f"w{n}")) for n in range(2)}
        appoint(stage, urls, count=3, quorum=2)
        asker = Asker(stage.service)
        assert asker.ask_once() == 2  # the third has no address: it pulls
        assert final_size(stage) == stage.size()
        assert asker.ask_once() == 0  # nothing new, and the times are fresh
        stage.post(dismissal(stage))
        stage.publish()
        assert asker.ask_once() == 2
        assert final_size(stage) == stage.size()
        # What they hold is what the boot gate asks for at the start.
        assert {parse_note(one).text for one in heads_now(stage.service)} == {
            parse_note(stage.service.log.checkpoint()).text
        }
        check_not_ahead(stage.service, witnessed=lambda: heads_now(stage.service))


def test_a_running_service_becomes_final_by_itself(stage: Stage, tmp_path: Path) -> None:
    with ExitStack() as stack:
        urls = {n: stack.enter_context(served(stage, n, tmp_path / f"w{n}")) for n in range(2)}
        appoint(stage, urls, count=2, quorum=2)
        loop = PublishingLoop(stage.service)
        loop.start()
        try:
            pause = threading.Event()
            for _ in range(200):
                if final_size(stage) == stage.size():
                    break
                pause.wait(0.05)
        finally:
            loop.stop()
    assert final_size(stage) == stage.size()


class Fake:
    """Witnesses that answer as they are told; `asked` by round."""

    def __init__(
        self, stage: Stage, *, silent: Sequence[int] = (), apart_s: Sequence[int] = (0, 0, 0)
    ) -> None:
        self.stage, self.silent, self.apart_s = stage, set(silent), list(apart_s)
        self.asked: list[list[str]] = []

    def __call__(self, note: bytes, _: Sequence[NoteKey], due: Sequence[Witness]) -> list[Answered]:
        self.asked.append([one.name for one in due])
        text, now = parse_note(note).text, self.stage.hands.now_ms // 1000
        people = {one.name: (place, one) for place, one in enumerate(witnesses())}
        answers = []
        for one in due:
            place, signer = people[one.key.name]
            line = cosign(text, signer, time=now + self.apart_s[place])
            silent = place in self.silent
            answers.append(Answered(one, None if silent else line, UNREACHABLE if silent else None))
        return answers


ALL = {place: f"http://w{place}.example" for place in range(3)}


def test_who_does_not_answer_is_asked_later_each_time(stage: Stage) -> None:
    appoint(stage, ALL, count=3, quorum=2)
    steady, fake = [0.0], Fake(stage, silent=[2])
    asker = Asker(stage.service, ask=fake, steady=lambda: steady[0])
    times = []
    for second in range(40):
        steady[0] = float(second)
        before = len(fake.asked)
        asker.ask_once()
        if len(fake.asked) > before:
            times.append(second)
    assert times == [0, 2, 6, 14, 30]
    assert fake.asked[0] == ["district-310101", "district-310104", "district-310105"]
    assert fake.asked[1:] == [["district-310105"]] * 4
    assert final_size(stage) == stage.size()  # two of three are enough
    steady[0] = FRESH_SECONDS + 1
    asker.ask_once()
    assert len(fake.asked[-1]) == 3  # asked again for a fresh time


def test_a_witness_that_hangs_holds_up_neither_publishing_nor_the_stop(stage: Stage) -> None:
    appoint(stage, ALL, count=3, quorum=2)
    hanging, release = threading.Event(), threading.Event()

    def hang(*_: object) -> list[Answered]:
        hanging.set()
        release.wait(20)
        return []

    loop = PublishingLoop(stage.service, asker=Asker(stage.service, ask=hang))
    loop.start()
    try:
        assert hanging.wait(20)
        stage.post(dismissal(stage))
        size, pause = stage.size(), threading.Event()
        for _ in range(200):
            if stage.service.log.size() == size:
                break
            pause.wait(0.05)
        assert stage.service.log.size() == size
    finally:
        release.set()
        loop.stop()


def test_without_witnesses_nobody_is_asked(stage: Stage) -> None:
    stage.publish()
    fake = Fake(stage)
    assert Asker(stage.service, ask=fake).ask_once() == 0
    assert fake.asked == []
    appoint(stage, count=3, quorum=2)  # all of them pull
    assert Asker(stage.service, ask=fake).ask_once() == 0
    assert fake.asked == []


# Clocks.

APART_S = APART_MAX_MS // 1000 + 1


@pytest.mark.parametrize(
    ("apart", "stops"),
    [
        ((0, 0, 0), False),
        ((APART_S, 0, 0), False),  # one of three may be wrong
        ((APART_S, -APART_S, 0), False),  # two that do not agree with each other prove nothing
        ((APART_S, APART_S, 0), True),
        ((-APART_S, -APART_S, -APART_S), True),
        ((APART_S - 2, APART_S - 2, APART_S - 2), False),
    ],
)
def test_appending_stops_when_the_witnesses_clocks_are_far_from_ours(
    stage: Stage, apart: tuple[int, int, int], stops: bool
) -> None:
    appoint(stage, ALL, count=3, quorum=2)
    Asker(stage.service, ask=Fake(stage, apart_s=apart)).ask_once()
    answer = stage.post(dismissal(stage))
    assert (answer.status_code == 503) is stops
    assert ("CLOCK_WITNESSES" in at_hand(stage.service)) is stops
    if stops:
        assert answer.json()["code"] == "CLOCK_WITNESSES"
        Publisher(stage.service).run_once()  # publishing goes on
        Asker(stage.service, ask=Fake(stage)).ask_once()  # the clocks agree again
        assert stage.post(dismissal(stage)).status_code == 200


def test_what_witnesses_said_long_ago_says_nothing_about_now(tmp_path: Path) -> None:
    one, other = WitnessClock(tmp_path), WitnessClock(tmp_path)
    one.hear({"a": APART_MAX_MS + 1}, now_ms=10**12, needed=1)
    with pytest.raises(Unavailable, match="CLOCK_WITNESSES"):
        other.check(10**12 + FRESH_MS)
    other.check(10**12 + FRESH_MS + 1)
    other.check(10**12 - 1)  # an answer from the future is of a clock that was wrong then
    (tmp_path / "witnessed" / "clock").write_bytes(b"{")
    other.check(10**12)
