"""The values a world is made of, and its constants. Pure. See `tests.world`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from issuers.authority.case import SHANGHAI
from issuers.standard import DEFAULT_STANDARD
from ledger.keys import SoftwareSigner
from verify.subsidy.policy import POLICY_DEMO

ORIGIN = "log.malan.example/2026"
HOST = "https://cert.malan.example"
START = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)

PROJECT, STANDARD_ID, POLICY_ID = "001", "startup-2026", "demo-2026"
BODY, INSTITUTION, OPERATOR = "body-shenlan", "school-qingmu", "city-app"
DISTRICT = "district-310104"
FIRST, LAST = date(2026, 1, 1), date(2028, 12, 31)
CLASS_FIRST, CLASS_LAST = date(2026, 3, 9), date(2026, 3, 11)
AMOUNT_FEN = 180_000
STANDARD = replace(DEFAULT_STANDARD, id=STANDARD_ID, project=PROJECT, title="创业初创期培训")
POLICY: Mapping[str, Any] = replace(POLICY_DEMO, id=POLICY_ID).to_body()


def seeded(label: str, size: int) -> bytes:
    """Bytes that stand for randomness: the same label gives the same bytes."""
    return hashlib.shake_256(label.encode()).digest(size)


def millis(time: datetime) -> int:
    """Milliseconds since 1970."""
    return int(time.timestamp() * 1000)


def moment(day: int, hour: int, minute: int = 0) -> int:
    """Milliseconds of a time in Shanghai in March 2026, the month of the class."""
    return millis(datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI))


@dataclass(frozen=True, slots=True)
class Person:
    """An officer as the tests name them; `staff` is one id for each name, whatever the party."""

    name: str
    party: str
    staff: bytes
    signer: SoftwareSigner = field(compare=False)


@dataclass(frozen=True, slots=True)
class Trainee:
    """One invented trainee: the opening values of the roster, and the marks each evaluator gives (tenths)."""

    candidate: bytes
    fields: Mapping[str, Any]
    marks: tuple[Mapping[str, int], ...]
    passes: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a holder and the log have of one certificate."""

    id: bytes
    holder: Trainee
    number: str
    code: str
    credential: bytes
    qr: str
    statement: bytes
    seq: int
