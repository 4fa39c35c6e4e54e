"""Door: handovers out of a `trust.cbor` that somebody kept, where ours are lost.

Promises: only checkpoints of our rows by which the acts in them put a set of witnesses in force come in, so
no file can bring anybody but whom the former quorum agreed to; what is kept already stays, its sets in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
import structlog

from issuers.authority.party_facts import GenesisFact
from issuers.bundle import BYTES_MAX, Bundle, open_parts
from issuers.carried import TRUST
from issuers.files import read_file
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.cosigned import merged
from ledger.errors import BadSignature, Malformed, Refused
from ledger.note import parse_note
from ledger.succession import Term
from registry.published.boot_gate import Known, check_known
from registry.published.finality import log_keys, terms_now
from registry.published.policy_file import write_names
from registry.service import Service
from registry.storage.facts import TableView

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HandedBack:
    """How many handovers are kept now, and how many of them came from the file."""

    kept: int
    taken: int


def hand_back(service: Service, raw: bytes) -> HandedBack:
    """Takes what the bytes of a trust.cbor know and we do not; `policy.txt` follows.

    Raises Refused HANDOVERS_OTHER_LOG or HANDOVERS_SIZE; Unavailable LOG_AHEAD for a checkpoint that our rows
    do not fold to; of the bundle, of its notes, or of the files as they are read.
    """
    bundle = open_parts(raw).bundle
    _need_ours(service, bundle)
    with service.witnessed.locked():
        with service.database.reading() as connection:
            known, terms = _kept(service, connection)
            taken = _further(service, connection, bundle.handovers or (), known=known, terms=terms)
        if not taken:
            return HandedBack(len(known), 0)
        check_known(service, [Known(_checkpoint(note), TRUST.file, note) for note in taken])
        service.witnessed.keep_handovers([*known, *taken])
    write_names(service)
    return HandedBack(len(known) + len(taken), len(taken))


def _further(
    service: Service,
    connection: sa.Connection,
    notes: Iterable[bytes],
    *,
    known: tuple[bytes, ...],
    terms: tuple[Term, ...],
) -> list[bytes]:
    """Those by which sets follow the one that is in force by what we know, with the lines that count alone.

    What lies before stays as it is: another past would take a set out of it that verifiers hold.
    """
    keys, taken = log_keys(service, connection), list[bytes]()
    for note in sorted(notes, key=lambda one: (_checkpoint(one).size, one)):
        now = terms[-1]
        if _checkpoint(note).size <= now.above:
            continue
        bare = merged(parse_note(note), (), log_keys=keys, cosigners=now.policy.cosigner_keys).render()
        longer = terms_now(service, connection, handovers=(*known, *taken, bare))
        if len(longer) > len(terms):
            terms = longer
            taken.append(bare)
    return taken


def take_back(service: Service) -> None:
    """What our own trust.cbor knows and our file lost, so that no bundle names former witnesses again.

    Where that bundle does not open, there is nothing to take. Raises Unavailable FILE_READ or FILE_WRITE.
    """
    path = service.settings.home / TRUST.file
    if path.exists():
        with suppress(Malformed, Refused, BadSignature):
            found = hand_back(service, read_file(path, bytes_max=BYTES_MAX))
            if found.taken:
                log.warning("handovers_taken_back", kept=found.kept, taken=found.taken)


def _need_ours(service: Service, bundle: Bundle) -> None:
    with service.database.reading() as connection:
        genesis = TableView(connection).get(GenesisFact, "log")
    ours = None if genesis is None else (genesis.origin, genesis.statement)
    if (bundle.origin, bundle.genesis) != ours:
        fix = "Take a trust.cbor of this log, from a verifier or a district."
        raise Refused("HANDOVERS_OTHER_LOG", "the bundle is of another log", where=TRUST.file, fix=fix)


def _kept(service: Service, connection: sa.Connection) -> tuple[tuple[bytes, ...], tuple[Term, ...]]:
    """Those of our file, and their terms. A file that does not open is as good as none."""
    try:
        known = service.witnessed.handovers()
        return known, terms_now(service, connection, handovers=known)
    except (Malformed, BadSignature):
        return (), terms_now(service, connection, handovers=())


def _checkpoint(note: bytes) -> Checkpoint:
    return parse_checkpoint(parse_note(note).text)
