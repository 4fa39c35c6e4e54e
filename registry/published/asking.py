"""Door: the thread that takes each new checkpoint to the witnesses, all at once, and keeps what they answer.

Promises: neither issuing nor publishing ever waits for a witness; who does not answer is asked again, later
each time; who cosigned is asked again for a fresh time. A head that a witness shows in place of its line goes
to the boot gate, which knows whether it belongs to our log. Only the process that publishes asks.

Source: c2sp.org/tlog-witness; design decisions 6, 9, 21.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from ledger.checkpoint import check_cosignature, parse_checkpoint
from ledger.errors import MalanError
from ledger.note import Note, NoteKey, parse_note
from ledger.policy import Policy, Witness
from ledger.succession import policy_at
from registry.published.finality import log_keys, terms_now
from registry.published.taking import take_lines
from registry.service import Service
from verify.witness.asking import Answered, Sizes, ask_all, heads_of

FRESH_SECONDS: Final = 240.0
PAUSE_SECONDS: Final = 2.0
PAUSE_SECONDS_MAX: Final = 120.0
STOP_SECONDS: Final = 10.0

Ask = Callable[[bytes, Sequence[NoteKey], Sequence[Witness]], Sequence[Answered]]
"""A checkpoint with our line alone, our keys, whom to ask; the answers of those who gave one."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Told:
    """How it went with one witness: the size it cosigned, when to ask it next, how often it failed."""

    size: int = -1
    next: float = 0.0
    failed: int = 0


class Asker:
    """One thread; `look` tells it that there may be a new checkpoint."""

    def __init__(
        self, service: Service, *, ask: Ask | None = None, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._service = service
        self._sizes = Sizes()
        self._ask = ask or self._ask_all
        self._steady = steady
        self._told: dict[str, _Told] = {}
        self._heads: dict[str, bytes] = {}
        self._ended, self._looking = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="witnesses", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def look(self) -> None:
        """Something was published, or time went by."""
        self._looking.set()

    def stop(self) -> None:
        """Ends; answers under way are waited for no longer than they may take."""
        self._ended.set()
        self._looking.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def heads(self) -> Sequence[bytes]:
        """The heads that witnesses showed in place of a line, for the boot gate."""
        return tuple(self._heads.values())

    def _run(self) -> None:
        while not self._ended.is_set():
            self._looking.wait()
            self._looking.clear()
            if self._ended.is_set():
                return
            try:
                self.ask_once()
            except MalanError as error:
                log.warning("witnesses_not_asked", code=error.code, where=error.where)
            except Exception as error:
                log.error("witnesses_not_asked", code="INTERNAL", error=type(error).__name__)

    def ask_once(self) -> int:
        """Asks whoever is due about the newest checkpoint; how many lines came back.

        Raises what `terms_now` and `take_lines` raise.
        """
        service = self._service
        with service.database.reading() as connection:
            terms, keys = terms_now(service, connection), log_keys(service, connection)
        if terms[-1].policy.needed == 0:
            return 0
        public = parse_note(service.log.checkpoint())
        size = parse_checkpoint(public.text).size
        policy = policy_at(terms, size)
        due = self._due(policy, size)
        if not due:
            return 0
        own = tuple(line for line in public.signatures if any(line.is_by(key) for key in keys))
        answers = self._ask(Note(public.text, own).render(), keys, due)
        lines = [one.line for one in answers if one.line is not None]
        if lines:
            take_lines(service, public.text, lines)
        self._note(answers, size)
        self._compare_clocks(answers, public.text, policy)
        return len(lines)

    def _due(self, policy: Policy, size: int) -> list[Witness]:
        now = self._steady()
        told = [(self._told.setdefault(one.key.name, _Told()), one) for one in policy.witnesses if one.url]
        return [one for state, one in told if now >= state.next or (state.failed == 0 and state.size != size)]

    def _note(self, answers: Sequence[Answered], size: int) -> None:
        now = self._steady()
        for one in answers:
            name = one.witness.key.name
            state = self._told.setdefault(name, _Told())
            if one.line is not None:
                state.size, state.failed, state.next = size, 0, now + FRESH_SECONDS
                self._heads.pop(name, None)
                continue
            state.failed += 1
            state.next = now + min(PAUSE_SECONDS * 2 ** (state.failed - 1), PAUSE_SECONDS_MAX)
            log.warning("witness_gave_no_line", witness=one.witness.name, code=one.code, failed=state.failed)
            if one.head is not None:
                self._heads[name] = one.head.note

    def _compare_clocks(self, answers: Sequence[Answered], text: str, policy: Policy) -> None:
        now_ms = self._service.clock.now_ms()
        apart = {
            one.witness.key.name: check_cosignature(text, one.line, one.witness.key) * 1000 - now_ms
            for one in answers
            if one.line is not None
        }
        if apart:
            needed = policy.witness_count - policy.needed + 1
            self._service.witness_clock.hear(apart, now_ms=now_ms, needed=needed)

    def _ask_all(self, note: bytes, keys: Sequence[NoteKey], due: Sequence[Witness]) -> Sequence[Answered]:
        directory = self._service.settings.log_directory

        def fetch(path: str) -> bytes | None:
            try:
                return (directory / path).read_bytes()
            except FileNotFoundError:
                return None

        return ask_all(note, log_keys=keys, fetch=fetch, witnesses=due, sizes=self._sizes)


def heads_now(service: Service) -> Sequence[bytes]:
    """The newest heads the witnesses in force show, for the boot gate; those that answer within seconds."""
    with service.database.reading() as connection:
        terms, keys = terms_now(service, connection), log_keys(service, connection)
    answers = heads_of(terms[-1].policy.witnesses, origin=service.origin, log_keys=keys)
    return [one.head.note for one in answers if one.head is not None]
