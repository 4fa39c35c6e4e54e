"""Door: handovers out of a `trust.cbor` that somebody kept, where ours are lost.

Promises: only checkpoints by which the acts in the database put a set of witnesses in force come in, so no
file can bring anybody but whom the former quorum agreed to; what is kept already stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from issuers.authority.party_facts import GenesisFact
from issuers.bundle import Bundle, open_bundle
from ledger.checkpoint import parse_checkpoint
from ledger.errors import BadSignature, Malformed, Refused
from ledger.note import parse_note
from ledger.succession import Term
from registry.published.finality import terms_now
from registry.published.publishing import write_names
from registry.service import Service
from registry.storage.facts import TableView


@dataclass(frozen=True, slots=True)
class HandedBack:
    """How many handovers are kept now, and how many of them came from the file."""

    kept: int
    taken: int


def hand_back(service: Service, raw: bytes) -> HandedBack:
    """Takes what the bytes of a trust.cbor know and we do not; `policy.txt` follows.

    Raises Refused HANDOVERS_OTHER_LOG; of the bundle, of its notes, or of the files as they are read.
    """
    bundle, _ = open_bundle(raw)
    _need_ours(service, bundle)
    with service.witnessed.locked(), service.database.reading() as connection:
        known, before = _kept(service, connection)
        notes = (*known, *(bundle.handovers or ()))
        terms = terms_now(service, connection, handovers=notes)
        if len(terms) <= len(before):
            return HandedBack(len(known), 0)
        sizes = {term.above for term in terms[2:]}
        used = {size: note for note in reversed(notes) if (size := _size(note)) in sizes}
        service.witnessed.keep_handovers([used[size] for size in sorted(used)])
    write_names(service)
    return HandedBack(len(used), sum(note not in known for note in used.values()))


def _need_ours(service: Service, bundle: Bundle) -> None:
    with service.database.reading() as connection:
        genesis = TableView(connection).get(GenesisFact, "log")
    ours = None if genesis is None else (genesis.origin, genesis.statement)
    if (bundle.origin, bundle.genesis) != ours:
        fix = "Take a trust.cbor of this log, from a verifier or a district."
        raise Refused("HANDOVERS_OTHER_LOG", "the bundle is of another log", where="trust.cbor", fix=fix)


def _kept(service: Service, connection: sa.Connection) -> tuple[tuple[bytes, ...], tuple[Term, ...]]:
    """Those of our file, and their terms. A file that does not open is as good as none."""
    try:
        known = service.witnessed.handovers()
        return known, terms_now(service, connection, handovers=known)
    except (Malformed, BadSignature):
        return (), terms_now(service, connection, handovers=())


def _size(note: bytes) -> int:
    return parse_checkpoint(parse_note(note).text).size
