"""The witnesses that the acts of a log appoint, as a tlog-policy, and which set of them is in force. Pure.

Promises: whoever has the facts of the acts and the checkpoints at which sets changed works out the same
policies; nothing here believes a file or the service.

Source: design decision 9; `SPEC.md` 7; `ledger/SPEC.md` 11 and 13.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, time
from typing import Final

from issuers.authority.case import SHANGHAI
from issuers.authority.party_facts import WitnessSetFact
from ledger.checkpoint import parse_cosigner_vkey
from ledger.note import NoteKey
from ledger.policy import Log, Policy, Witness, k_of
from ledger.succession import Appointed, Term, succession

GROUP: Final = "districts"


def policy_of(fact: WitnessSetFact) -> Policy:
    """The set as a policy without a log line. Raises Malformed POLICY_* or as `parse_cosigner_vkey`."""
    named = [Witness(one.party, parse_cosigner_vkey(one.vkey), one.url) for one in fact.witnesses]
    return k_of(named, fact.quorum, name=GROUP)


def terms_of(
    sets: Iterable[WitnessSetFact], handovers: Iterable[bytes], *, log_keys: Collection[NoteKey], at: int
) -> tuple[Term, ...]:
    """The terms of the sets, as `ledger.succession.succession`; `at` in seconds since 1970.

    A set starts with its first day in Shanghai.
    """
    appointed = [Appointed(one.seq, _start(one), policy_of(one)) for one in sets]
    return succession(appointed, handovers, log_keys=log_keys, at=at)


def with_log(policy: Policy, key: NoteKey, url: str | None = None) -> Policy:
    """The same witnesses for this log: what stands in policy.txt."""
    return replace(policy, logs=(Log(key, url),))


def _start(fact: WitnessSetFact) -> int:
    return int(datetime.combine(fact.first_day, time(), SHANGHAI).timestamp())
