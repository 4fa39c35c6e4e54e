"""How often a caller may ask: one row for each route that has a limit, held before its handler runs.

The look-up of a code (`certificates.looking_up`), the holder's page (`holders.visits`, `holders.links`),
documents at a counter (`callers.misses`) and unmasking count by themselves: what counts there is whether a
code was one or a document fits, and who is signed in.
"""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from registry.callers.limiting import (
    CHANGES,
    COSIGN,
    NONCE,
    PAPER,
    PREPARE,
    READS,
    SCAN,
    SIGN_IN,
    VERIFY,
    Limit,
    caller_named,
    count,
)
from registry.service import Service

LIMITS: Final[dict[tuple[str, str], Limit]] = {
    ("POST", "/api/sessions/nonce"): NONCE,
    ("POST", "/api/sessions"): SIGN_IN,
    ("POST", "/api/sessions/ticket"): SIGN_IN,
    ("POST", "/api/verify"): VERIFY,
    ("POST", "/api/scan"): SCAN,
    ("GET", "/api/holder/certificates/{certificate}/{form}"): PAPER,
    ("GET", "/api/holder/reads"): READS,
    ("GET", "/api/changes"): CHANGES,
    ("POST", "/api/cosignatures"): COSIGN,
    ("POST", "/api/certificates/prepare"): PREPARE,
    ("POST", "/api/subsidy/check"): PREPARE,
    ("POST", "/api/subsidy/claims/prepare"): PREPARE,
    ("POST", "/api/staff"): PREPARE,
    ("POST", "/api/classes/evidence"): PREPARE,
}


def caller_of(request: Request) -> str:
    """Who asks, by the address the server names: a proxy's word counts only if the settings trust it."""
    return caller_named(None if request.client is None else request.client.host)


async def keep_limit(request: Request) -> None:
    """Raises TooMany; Unavailable when a limit that keeps a secret cannot be counted."""
    limit = LIMITS.get((request.method, request.scope["route"].path))
    if limit is None:
        return
    service: Service = request.app.state.service
    if limit.shared:
        await run_in_threadpool(count, service, limit, caller_of(request))
    else:
        count(service, limit, caller_of(request))
