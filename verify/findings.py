"""The findings of a check, step by step, and the verdict they add up to. Pure.

Promises: the state is the first of `verdict.PRECEDENCE` that a finding calls for; every step is accounted
for, and has words in both languages. Knows nothing of what the steps look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.errors import MalanError
from verify.verdict import PRECEDENCE, State, Step, StepNumber, StepResult, Verdict, VerifiedFacts
from verify.words import CODES, FAILED, words_of


@dataclass(frozen=True, slots=True)
class Finding:
    """A step, and the state it calls for, if any."""

    step: Step
    state: State | None = None


def passed(number: StepNumber, code: str = "") -> Finding:
    """A step that passed, with a code where there is something to add."""
    words = words_of(code, number, passed=True)
    return Finding(Step(number, StepResult.PASSED, code, words.zh, words.en))


def unknown(number: StepNumber, code: str, state: State | None = None) -> Finding:
    """A step that could not be checked; with a state, that decides."""
    words = words_of(code, number, passed=False)
    return Finding(Step(number, StepResult.COULD_NOT_CHECK, code, words.zh, words.en), state)


def failed(number: StepNumber, state: State, reason: str | MalanError) -> Finding:
    """A code of our own has words in both languages; an error of the rooms below says its part in English."""
    code = reason if isinstance(reason, str) else reason.code
    words = words_of(code, number, passed=False)
    english = words.en
    if isinstance(reason, MalanError) and code not in CODES and reason.what != english:
        english = f"{FAILED[number].en}: {reason.what}"
    return Finding(Step(number, StepResult.FAILED, code, words.zh, english), state)


def conclude(
    findings: Sequence[Finding],
    *,
    now: int,
    complete: bool = False,
    final: bool = False,
    cosigned: int = 0,
    witnesses: int = 0,
    fresh: bool | None = None,
    facts: VerifiedFacts | None = None,
    life: Mapping[str, str | int | None] | None = None,
) -> Verdict:
    """The verdict of these steps, in order; steps that were not reached are added."""
    wanted = {finding.state for finding in findings}
    state = next((one for one in PRECEDENCE if one in wanted), State.VALID)
    code = next((one.step.code for one in findings if one.state is state), "")
    done = len(findings)
    rest = [unknown(number, "NOT_REACHED") for number in StepNumber if number > done]
    return Verdict(
        state=state,
        code=code,
        steps=tuple(finding.step for finding in (*findings, *rest)),
        complete=complete,
        final=final,
        cosigned=cosigned,
        witnesses=witnesses,
        status_fresh=fresh,
        facts=facts,
        checked_at=now,
        life=life,
    )


def could_not_trust(error: MalanError, *, now: int) -> Verdict:
    """The verdict when there is no trust to check by: step 3 failed; nothing is said of the credential."""
    early = [unknown(number, "NO_TRUST") for number in (StepNumber.READ, StepNumber.DECODE)]
    return conclude([*early, failed(StepNumber.TRUST, State.COULD_NOT_CHECK, error)], now=now)


def could_not_read(error: MalanError, *, now: int) -> Verdict:
    """The verdict when not even a text or credential was found in what was shown."""
    return conclude([failed(StepNumber.READ, State.UNREADABLE, error)], now=now)


def altered(error: MalanError, *, now: int) -> Verdict:
    """The verdict on a file that was changed after its signer sealed it: nothing in it is looked at."""
    return conclude([failed(StepNumber.READ, State.TAMPERED, error)], now=now)
