"""Door: whose witnesses are in force, and up to which size the log stands under their quorum.

Promises: the policy comes from the acts in the database and the checkpoints at which sets changed hands,
never from a file that says so; the same for every process. An entry is final when its place is below the size
under a quorum. Source: design decision 9, `issuers.witnesses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from issuers.acts import read_act
from issuers.acts.parties import ServiceKey
from issuers.acts.words import ServicePurpose
from issuers.authority.party_facts import Key, NewestWitnessSet, WitnessSetFact
from issuers.enrolment import open_enrolment
from issuers.witnesses import terms_of
from ledger.checkpoint import Cosignature, OpenedCheckpoint, open_checkpoint, parse_checkpoint
from ledger.errors import MalanError
from ledger.keys import ED25519_SPKI
from ledger.leaf import parse_leaf
from ledger.note import NoteKey, parse_note
from ledger.policy import Policy, satisfied
from ledger.statement import parse_statement
from ledger.succession import NOBODY, Term, policy_at
from registry.service import Service, note_signer
from registry.storage.facts import TableView, all_of
from registry.storage.places import leaves_about

_ALONE = (Term(-1, -1, NOBODY),)


@dataclass(frozen=True, slots=True)
class Quorum:
    """`policy` is in force now, appointed at leaf `since`.

    `size`: entries below it stand under a quorum, None where nobody witnesses. `cosignatures` are those of
    the checkpoint of that size.
    """

    policy: Policy
    size: int | None
    cosignatures: tuple[Cosignature, ...] = ()
    since: int = 0

    def covers(self, seq: int) -> bool | None:
        """Whether the entry is final; None where nobody witnesses the log."""
        return None if self.size is None else seq < self.size


def terms_now(
    service: Service,
    connection: sa.Connection,
    *,
    at: int | None = None,
    size: int | None = None,
    handovers: Sequence[bytes] | None = None,
) -> tuple[Term, ...]:
    """The terms of the policies as acts, handovers and clock give them now.

    `at`: as of that second; `size`: of the acts below it alone; `handovers`: these, whatever is kept by now.
    Raises what `issuers.witnesses.terms_of` raises, Unavailable FILE_READ.
    """
    view = TableView(connection)
    newest = view.get(NewestWitnessSet, "log")
    if newest is None:
        return _ALONE
    if handovers is None:
        handovers = service.witnessed.handovers()
    keys = log_keys(service, connection) if handovers else (note_signer(service).key,)
    sets = [one for one in all_of(connection, WitnessSetFact) if size is None or one.seq < size]
    now = service.clock.now_ms() // 1000 if at is None else at
    return terms_of(sets, handovers, log_keys=keys, at=now)


def terms_with(service: Service, connection: sa.Connection, note: bytes) -> tuple[Term, ...]:
    """As `terms_now`, if this note were kept as a handover."""
    sets, known = all_of(connection, WitnessSetFact), service.witnessed.handovers()
    now = service.clock.now_ms() // 1000
    return terms_of(sets, (*known, note), log_keys=log_keys(service, connection), at=now)


def quorum_now(service: Service, connection: sa.Connection) -> Quorum:
    """Raises as `terms_now`; a note that does not stand under its policy counts for nothing."""
    terms = terms_now(service, connection)
    policy = terms[-1].policy
    if policy.needed == 0:
        return Quorum(policy, None)
    note = service.witnessed.final()
    opened = None if note is None else opened_under(note, terms, log_keys(service, connection))
    if opened is None:
        return Quorum(policy, 0, since=terms[-1].seq)
    return Quorum(policy, opened.checkpoint.size, opened.cosignatures, terms[-1].seq)


def opened_under(note: bytes, terms: tuple[Term, ...], keys: tuple[NoteKey, ...]) -> OpenedCheckpoint | None:
    """The checkpoint, if the quorum of the policy that judges its size cosigned it."""
    try:
        policy = policy_at(terms, parse_checkpoint(parse_note(note).text).size)
        opened = open_checkpoint(note, log_keys=keys, cosigners=policy.cosigner_keys)
    except MalanError:
        return None
    names = [one.name for one in opened.cosignatures]
    return opened if policy.needed > 0 and satisfied(policy, names) else None


def log_keys(service: Service, connection: sa.Connection) -> tuple[NoteKey, ...]:
    """The checkpoint key in use, then every other there ever was: quorums stand under all of them."""
    own, view, found = note_signer(service).key, TableView(connection), []
    for data in leaves_about(connection, f"service/{ServicePurpose.CHECKPOINT}"):
        act = read_act(parse_statement(parse_leaf(data).statement))
        if isinstance(act, ServiceKey):
            key = view.get(Key, open_enrolment(act.enrolment)[0].kid.hex())
            if key is not None and key.purpose == ServicePurpose.CHECKPOINT:
                found.append(NoteKey(service.origin, key.spki[len(ED25519_SPKI) :]))
    return (own, *(key for key in dict.fromkeys(found) if key != own))
