"""Which witness policy an audit goes by: the auditor's own, the bundle's, or the one beside the log. Pure."""

from __future__ import annotations

from ledger.errors import MalanError, Unavailable
from ledger.policy import Policy, parse_policy
from verify.audit.findings import Findings
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


def _read(raw: bytes, findings: Findings) -> Policy | None:
    try:
        return parse_policy(raw)
    except MalanError as error:
        findings.could_not_check("POLICY_UNREADABLE", f"policy, {error.code}")
        return None
