"""The verdict: a state with reasons, never a boolean. Pure.

Promises: twelve numbered steps, each passed, failed or not to be checked, in the order of `issuers/SPEC.md`;
one state, the first of `PRECEDENCE` that any step calls for; no claim of a credential whose signature was not
verified. Knows no file, network or clock.

Source: design decision 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum
from typing import Final, NoReturn, TypeAlias

from issuers.acts.words import CertificateKind
from verify.times import instant
from verify.words import STATE_WORDS, STEP_NAMES, Words

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"


class State(StrEnum):
    """What is the matter with a certificate, in one word."""

    VALID = "valid"
    NOT_LOGGED = "not_logged"
    COULD_NOT_CHECK = "could_not_check"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    TAMPERED = "tampered"
    UNKNOWN_ISSUER = "unknown_issuer"
    OUT_OF_SCOPE = "out_of_scope"
    NOT_YET_VALID = "not_yet_valid"
    UNREADABLE = "unreadable"


PRECEDENCE: Final = (
    State.UNREADABLE,
    State.UNKNOWN_ISSUER,
    State.TAMPERED,
    State.OUT_OF_SCOPE,
    State.NOT_YET_VALID,
    State.NOT_LOGGED,
    State.REVOKED,
    State.CANCELLED,
    State.SUPERSEDED,
    State.SUSPENDED,
    State.EXPIRED,
    State.COULD_NOT_CHECK,
    State.VALID,
)
"""Where several steps call for a state, the first of these wins: what nobody may rely on before what ended,
and a known no before a "could not check"."""

_EXIT: Final = {State.VALID: 0, State.COULD_NOT_CHECK: 2, State.UNREADABLE: 2}


class StepNumber(IntEnum):
    """The steps of a check; the numbers are those of `issuers/SPEC.md`, the tests and every document."""

    READ = 1
    DECODE = 2
    TRUST = 3
    KEY = 4
    SIGNATURE = 5
    CODE = 6
    ISSUER = 7
    TIME = 8
    LOGGED = 9
    COMPROMISE = 10
    STATUS = 11
    FINAL = 12


class StepResult(StrEnum):
    """What became of a step."""

    PASSED = "passed"
    FAILED = "failed"
    COULD_NOT_CHECK = "could_not_check"


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `code` is stable and upper-case, "" where there is nothing to add; `zh` and `en` say it."""

    number: StepNumber
    result: StepResult
    code: str
    zh: str
    en: str

    @property
    def name(self) -> Words:
        """What the step looks at."""
        return STEP_NAMES[self.number]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedFacts:
    """What the signature covers, and what the bundle says of its signer. Personal values stay out of `repr`.

    `issued_on` is the day of first issue, `version_on` that of this version, counted from 1.
    `body` is the party's slug, `signatory` a staff id in hex, dates are Shanghai dates, `issued_at`,
    `expires_at` seconds, `logged_ms` milliseconds since 1970; `seq`, `logged_ms`, `certificate` (hex) come
    from the leaf and are None without a proof. `status` is the word of the status list, `status_at` its time.
    `genesis` is the hash (hex) that everything leads to.
    """

    number: str = field(repr=False)
    code: str = field(repr=False)
    name: str = field(repr=False)
    last_four: str | None = field(repr=False)
    course: str
    hours: int
    kind: CertificateKind
    stage: int
    project: str
    body: str
    body_name: str
    body_name_en: str
    signatory: str
    kid: str
    version: int
    issued_on: date
    version_on: date
    issued_at: int
    expires_at: int | None
    status: str | None
    status_at: int | None
    seq: int | None
    logged_ms: int | None
    certificate: str | None
    origin: str
    genesis: str

    def to_document(self) -> dict[str, Json]:
        """Plain JSON, the same keys always."""
        return {
            "number": self.number,
            "code": self.code,
            "name": self.name,
            "last_four": self.last_four,
            "course": self.course,
            "hours": self.hours,
            "kind": self.kind.value,
            "stage": self.stage,
            "project": self.project,
            "body": {"id": self.body, "zh": self.body_name, "en": self.body_name_en},
            "signatory": self.signatory,
            "kid": self.kid,
            "version": self.version,
            "issued_on": self.issued_on.isoformat(),
            "version_on": self.version_on.isoformat(),
            "issued_at": instant(self.issued_at),
            "expires_at": None if self.expires_at is None else instant(self.expires_at),
            "status": self.status,
            "status_at": None if self.status_at is None else instant(self.status_at),
            "seq": self.seq,
            "logged_at": None if self.logged_ms is None else instant(self.logged_ms // 1000),
            "certificate": self.certificate,
            "origin": self.origin,
            "genesis": self.genesis,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to "may I believe this certificate?".

    `code` is the reason that decided the state, "" when valid. `complete`: the entry in the log was checked.
    `life`: the act of the log that decided the status, with its reason and the version in force, if known.
    `final`: the quorum of the witness policy stands behind that entry; `cosigned` of `witnesses` do.
    `status_fresh` is None when the status could not be read. `facts` is None unless the signature held.
    """

    state: State
    code: str
    steps: tuple[Step, ...]
    complete: bool
    final: bool
    cosigned: int
    witnesses: int
    status_fresh: bool | None
    facts: VerifiedFacts | None
    checked_at: int
    life: Mapping[str, str | int | None] | None = None

    @property
    def exit_code(self) -> int:
        """0 valid, 1 a negative answer, 2 could not check or unreadable."""
        return _EXIT.get(self.state, 1)

    @property
    def words(self) -> Words:
        """The state in words."""
        return STATE_WORDS[self.state].title

    @property
    def advice(self) -> Words:
        """What to do next."""
        return STATE_WORDS[self.state].advice

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is not a boolean: look at its state")

    def to_document(self) -> dict[str, Json]:
        """Plain JSON with stable keys; `facts` is null unless the signature held."""
        return {
            "state": self.state.value,
            "code": self.code,
            "exit": self.exit_code,
            "title": {"zh": self.words.zh, "en": self.words.en},
            "advice": {"zh": self.advice.zh, "en": self.advice.en},
            "complete": self.complete,
            "final": self.final,
            "cosigned": self.cosigned,
            "witnesses": self.witnesses,
            "status_fresh": self.status_fresh,
            "checked_at": instant(self.checked_at),
            "life": None if self.life is None else dict(self.life),
            "steps": [
                {
                    "number": step.number.value,
                    "name": {"zh": step.name.zh, "en": step.name.en},
                    "result": step.result.value,
                    "code": step.code,
                    "zh": step.zh,
                    "en": step.en,
                }
                for step in self.steps
            ],
            "facts": None if self.facts is None else self.facts.to_document(),
        }
