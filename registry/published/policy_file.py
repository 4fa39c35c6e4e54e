"""Door: `policy.txt` and `log.vkey`, as the acts have them.

Promises: what stands in `policy.txt` on return is the policy that the acts, the kept handovers and the clock
put in force; nobody reads it from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from issuers.files import replace_file
from issuers.witnesses import with_log
from ledger.policy import render_policy
from registry.published.finality import terms_now
from registry.service import Service, note_signer

_PUBLIC: Final = 0o644


def write_names(service: Service) -> None:
    """Writes `log.vkey`, and `policy.txt` as the acts have it."""
    home, key = service.settings.home, note_signer(service).key
    replace_file(home / "log.vkey", f"{key.vkey}\n".encode(), mode=_PUBLIC)
    with service.database.reading() as connection:
        policy_in_force(service, connection)


def policy_in_force(
    service: Service,
    connection: sa.Connection,
    *,
    at: int | None = None,
    size: int | None = None,
    handovers: Sequence[bytes] | None = None,
) -> bytes:
    """The tlog-policy of the witnesses in force, as `terms_now`; it stands in `policy.txt` on return."""
    terms = terms_now(service, connection, at=at, size=size, handovers=handovers)
    policy = with_log(terms[-1].policy, note_signer(service).key)
    path, rendered = service.settings.home / "policy.txt", render_policy(policy)
    if not path.exists() or path.read_bytes() != rendered:
        replace_file(path, rendered, mode=_PUBLIC)
    return rendered
