"""A desk: one officer's key, outbox and way to the service, and how a statement leaves it.

Promises the one order of every act: sign, store, send, keep the answer. Whatever is cut off where, running it
again sends what was stored and signs nothing twice. Clock and randomness are the desk's, handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from issuers.request import sign_request
from issuers.sign.client import Client, SignRequest
from issuers.sign.drafting import Speaker
from issuers.sign.home import Config, Home
from issuers.sign.outbox import Item, ItemState, Outbox
from issuers.sign.parcel import Answer, Parcel, need_appended
from ledger import cbor
from ledger.errors import Refused

SEND_AT_ONCE: Final = 200
"""Statements in one request: some 200 KB, a second or two of the service's time."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, of how many."""


def no_progress(what: str, done: int, total: int) -> None:
    """For callers that show none."""


def no_message(text: str) -> None:
    """For callers that show none."""


@dataclass(frozen=True, slots=True)
class Desk:
    """`clock` gives milliseconds since 1970, `fresh` random bytes; `tell` takes messages to a person."""

    home: Home
    config: Config
    speaker: Speaker
    client: Client
    outbox: Outbox
    clock: Callable[[], int]
    fresh: Callable[[int], bytes]
    progress: Progress = no_progress
    tell: Callable[[str], None] = no_message

    def say(self, kind: str, subject: str, body: Mapping[str, cbor.Value]) -> bytes:
        """The signed bytes of an act said now; nothing is stored yet."""
        return self.speaker.say(kind, subject, body, now_ms=self.clock(), fresh=self.fresh(10))

    def request(self, name: str, subject: str, body: Mapping[str, cbor.Value]) -> SignRequest:
        """A request that is signed anew, at its own time and with its own id, whenever it is sent."""

        def sign() -> bytes:
            claims = self.speaker.claims(subject, now_ms=self.clock(), fresh=self.fresh(10))
            return sign_request(self.speaker.signer, name=name, claims=claims, body=body)

        return sign

    def post(self, batch: str, parcel: Parcel) -> Answer:
        """Stores and sends one statement. Raises Refused (the service's code, SAID_ALREADY), Unavailable."""
        (item,) = self.outbox.store(batch, [parcel])
        return self.finish(item)

    def finish(self, item: Item) -> Answer:
        """The answer to a stored statement, sent once more if there is none yet. Raises as `post`."""
        if item.state is ItemState.READY:
            (item,) = self.deliver([item])
        assert item.answer is not None  # only a ready item has none
        return need_appended(item.answer)

    def said(self, key: str) -> Answer | None:
        """The answer to what was said under this key, sent again if it is on its way; None if nothing was.

        Raises Refused when the log refuses it now: then it may be said anew.
        """
        item = self.outbox.live(key)
        return None if item is None else self.finish(item)

    def deliver(self, items: Sequence[Item], *, what: str = "sending") -> list[Item]:
        """Sends stored items in parts, and keeps each part's answers before the next. The items anew.

        Raises Unavailable when the service does not answer: what it answered before is kept.
        """
        answered: list[Item] = []
        for start in range(0, len(items), SEND_AT_ONCE):
            part = items[start : start + SEND_AT_ONCE]
            answers = self._transmit(part)
            # Crash before this line: the log may hold the part, the outbox does not know, and a retry asks.
            self.outbox.record(zip(part, answers, strict=True))
            answered += [self.outbox.again(item) for item in part]
            self.progress(what, len(answered), len(items))
        return answered

    def send_waiting(self, batch: str | None = None) -> list[Item]:
        """Sends all that has no answer yet, of one batch or of all."""
        waiting = self.outbox.waiting(batch)
        claims = [item for item in waiting if _is_claim(item)]
        return self.deliver([item for item in waiting if not _is_claim(item)]) + self.deliver(claims)

    def _transmit(self, part: Sequence[Item]) -> list[Answer]:
        if any(_is_claim(item) for item in part):
            # A claim has an address of its own, where the service holds project and slot with it.
            return [self.client.submit_claim(item.parcel) for item in part]
        return self.client.send([item.parcel for item in part])


def _is_claim(item: Item) -> bool:
    return item.kind.startswith("claim-")


def refusals(items: Iterable[Item]) -> list[tuple[Item, Refused]]:
    """The refused ones with what the service said."""
    found = []
    for item in items:
        if item.answer is not None and item.answer.refused:
            answer = item.answer
            found.append((item, Refused(answer.code, answer.what, where=answer.where, fix=answer.fix)))
    return found
