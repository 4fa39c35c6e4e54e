"""Which witness policy and keys an audit goes by: the auditor's own, the bundle's or the log's. Pure."""

from __future__ import annotations

from dataclasses import replace

from issuers.authority.party_facts import WitnessSetFact
from issuers.authority.view import MemoryView
from issuers.witnesses import policy_of, terms_of
from ledger.checkpoint import parse_checkpoint
from ledger.errors import MalanError, Unavailable
from ledger.note import Note, NoteKey, parse_vkey
from ledger.policy import Policy, parse_policy
from ledger.succession import NOBODY, policy_at
from verify.audit.findings import Findings
from verify.audit.signatures import log_keys
from verify.audit.status import StatusCheck
from verify.source import Source


def choose_policy(
    own: bytes | None, trust: StatusCheck | None, source: Source, findings: Findings
) -> tuple[Policy | None, str]:
    """The policy, and where it is from: "file", "trust", "log" or "none"; unreadable ones are findings."""
    if own is not None:
        return _read(own, findings), "file"
    if trust is not None and trust.policy is not None:
        return trust.policy, "trust"
    try:
        offered = source.offered_policy()
    except Unavailable:
        offered = None
    if offered is None:
        return None, "none"
    findings.note("POLICY_UNPINNED", "policy")
    return _read(offered, findings), "log"


def judging(
    policy: Policy | None,
    policy_from: str,
    note: Note,
    view: MemoryView,
    trust: StatusCheck | None,
    findings: Findings,
    *,
    at_ms: int,
) -> Policy | None:
    """The policy that judges this very checkpoint: at a change of witnesses it is still the former one, and
    above one that an older bundle does not know yet, the one the acts put in force since.

    What the log itself offers is held against the sets its acts appoint; `StatusCheck` does so for a bundle.
    """
    sets = view.all(WitnessSetFact)
    if policy is None or not sets:
        if policy is not None and policy.witnesses and policy_from == "log":
            findings.could_not_check("POLICY_NOT_APPOINTED", "policy")
        return policy
    bare = replace(policy, logs=())
    if policy_from == "log" and bare not in [NOBODY, *(policy_of(one) for one in sets)]:
        findings.could_not_check("POLICY_NOT_APPOINTED", "policy")
        return policy
    checkpoint = parse_checkpoint(note.text)
    handovers = () if trust is None or trust.bundle is None else trust.bundle.handovers or ()
    try:
        keys = log_keys(view, checkpoint.origin, revoked=True)
        terms = terms_of(sets, [*handovers, note.render()], log_keys=keys, at=at_ms // 1000)
    except MalanError:
        return policy  # a line that does not verify is named with the others
    if bare not in [term.policy for term in terms]:
        return policy
    return replace(policy_at(terms, checkpoint.size), logs=policy.logs)


def keys_given(policy: Policy | None, trust: StatusCheck | None, origin: str) -> tuple[NoteKey, ...]:
    """Where entries are missing and the log names no key: those of what the auditor was given."""
    keys = list(policy.log_keys) if policy is not None else []
    if trust is not None and trust.bundle is not None:
        try:
            keys.append(parse_vkey(trust.bundle.log_vkey))
        except MalanError:
            trust.findings.departure("TRUST_KEY_OTHER", trust.name)
    return tuple(key for key in keys if key.name == origin)


def _read(raw: bytes, findings: Findings) -> Policy | None:
    try:
        return parse_policy(raw)
    except MalanError as error:
        findings.could_not_check("POLICY_UNREADABLE", f"policy, {error.code}")
        return None
