"""What became of a certificate, by acts that stand in the log: its end, and the version in force. Pure.

Promises: an act counts only if it stands under a checkpoint of the log, after the entry of this credential,
about the same certificate, signed by a signatory in office of the body that issued it. What does not hold
says nothing: the status list decides without it. Whoever brings these acts can leave some out, so they make
a verdict worse and explain it, and never better.

Source: domain B7; design decision 15; `issuers/SPEC.md`, Verifying.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from issuers.acts import read_act
from issuers.acts.certificates import (
    CertificateCancelled,
    CertificateCorrected,
    CertificateReissued,
    CertificateRestored,
    CertificateRevoked,
    CertificateSuspended,
)
from issuers.acts.reasons import cause_of
from issuers.acts.words import Duty
from issuers.authority.case import officer_in_force
from issuers.authority.party_facts import Key
from ledger.errors import MalanError, Refused
from ledger.keys import public_key
from ledger.statement import check_statement
from verify.logged import Logged, open_logged
from verify.times import day_of
from verify.trust import Trust
from verify.verdict import State

PROOFS_MAX: Final = 16
"""Of later entries so many are looked at, and so the newest of them are asked for."""

LIVED: Final = frozenset({State.REVOKED, State.SUPERSEDED, State.SUSPENDED})
"""States of which the log can say more than the list does: why, since when, and which version is in force."""

_ENDS: Final = (CertificateRevoked, CertificateCancelled)
_VERSIONS: Final = (CertificateCorrected, CertificateReissued)
_KINDS: Final = (*_ENDS, *_VERSIONS, CertificateSuspended, CertificateRestored)


@dataclass(frozen=True, slots=True)
class Said:
    """One act: kind, reason, place and Shanghai date; `version` that it made, if it made one."""

    kind: str
    reason: str
    seq: int
    on: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Life:
    """`ended`: revoked or cancelled. `followed`: made the version after this one; `current` the newest one.

    `suspended`: the last suspension, if nothing ended it.
    """

    ended: Said | None = None
    followed: Said | None = None
    current: Said | None = None
    suspended: Said | None = None

    def document(self, decisive: Said) -> Mapping[str, str | int | None]:
        """Why the state is what it is: plain JSON, the same keys always."""
        cause = cause_of(decisive.kind, decisive.reason)
        return {
            "kind": decisive.kind,
            "reason": decisive.reason,
            "zh": cause.zh,
            "en": cause.en,
            "national": cause.national.value,
            "on": decisive.on,
            "seq": decisive.seq,
            "current_version": None if self.current is None else self.current.version,
            "current_on": None if self.current is None else self.current.on,
        }


def read_life(proofs: Sequence[bytes], logged: Logged | None, trust: Trust, *, version: int) -> Life:
    """The life after this version's own leaf. Never raises; without that leaf, nothing can be bound to it."""
    if logged is None:
        return Life()
    found = (_said(raw, logged, trust) for raw in proofs[:PROOFS_MAX])
    acts = sorted((one for one in found if one is not None), key=lambda one: one.seq)
    ended, followed, current, suspended = None, None, None, None
    for one in acts:
        match one.kind:
            case "certificate-revoked" | "certificate-cancelled":
                ended = ended or one
            case "certificate-suspended":
                suspended = one
            case "certificate-restored":
                suspended = None
            case _ if one.version is not None and one.version > version:
                current = one
                followed = one if one.version == version + 1 else followed
    return Life(ended, followed or current, current, suspended)


def _said(raw: bytes, logged: Logged, trust: Trust) -> Said | None:
    try:
        told = open_logged(raw, trust, kinds=_KINDS)
        _check_signer(told, logged, trust)
    except MalanError:
        return None
    act = read_act(told.statement)
    assert isinstance(act, _KINDS)
    number = act.version if isinstance(act, _VERSIONS) else None
    on = day_of(told.leaf.time_ms // 1000).isoformat()
    return Said(told.statement.kind, str(act.reason), told.leaf.seq, on, number)


def _check_signer(told: Logged, logged: Logged, trust: Trust) -> None:
    """By a signatory of the issuing body, as things stood at the act's own place.

    Raises Refused LIFE_OTHER, LIFE_SIGNER; of the signature.
    """
    if told.certificate != logged.certificate or told.leaf.seq <= logged.leaf.seq:
        raise Refused("LIFE_OTHER", "the act is about another certificate, or older")
    if told.statement.audience != trust.origin or told.statement.issuer != logged.statement.issuer:
        raise Refused("LIFE_OTHER", "the act is of another log or body")
    past = trust.history.before(told.leaf.seq)
    key = past.get(Key, told.statement.kid.hex())
    if key is None or key.staff is None or key.revoked_seq is not None or key.party != told.statement.issuer:
        raise Refused("LIFE_SIGNER", "no key in force of the body signed the act")
    day = day_of(told.leaf.time_ms // 1000)
    if officer_in_force(past, key.party, key.staff, Duty.SIGNATORY, day) is None:
        raise Refused("LIFE_SIGNER", "the signer was no signatory of the body on that day")
    check_statement(told.statement, public_key(key.alg, key.spki))
