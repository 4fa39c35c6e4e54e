"""Door: verdicts on many QR texts and masked answers to many codes, asked in one request.

Promises: the very answers that each would get alone, in their order; an item that is refused or cannot be
answered leaves the others as they are. Each text counts as one verification and each code as one look-up:
asking together is quicker, not a way around a limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.concurrency import run_in_threadpool

from ledger.errors import MalanError
from registry.callers.limiting import VERIFY, count
from registry.certificates.looking_up import look_up
from registry.certificates.verifying import verdict_soon
from registry.service import Service
from verify.verdict import Verdict

ITEMS_MAX: Final = 100
"""Some 0.1 s of work when all are QR texts."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A QR text, or the 16 digits somebody typed; neither is shown by `repr`."""

    qr: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)


Answered = Verdict | dict[str, object] | MalanError
"""A verdict on a text, the masked answer to a code, or why there is none."""


async def answer_each(
    service: Service, items: Sequence[Asked | MalanError], *, caller: str
) -> list[Answered]:
    """One answer an item; an item that is an error already stays one.

    Raises TooMany before any is answered when the texts are more than the caller may still ask for.
    """
    texts = sum(isinstance(item, Asked) and item.qr is not None for item in items)
    if texts > 1:  # the request itself was counted as one
        count(service, VERIFY, caller, times=texts - 1)
    answers: list[Answered] = []
    for item in items:
        answers.append(await _answer(service, item, caller))
        await asyncio.sleep(0)  # checks stay on the event loop; in between, others are heard
    return answers


async def _answer(service: Service, item: Asked | MalanError, caller: str) -> Answered:
    if isinstance(item, MalanError):
        return item
    if item.qr is not None:
        return await verdict_soon(service, item.qr)
    assert item.code is not None, "an item is a text or a code"
    try:
        return await run_in_threadpool(look_up, service, item.code, caller=caller)
    except MalanError as error:
        return error
