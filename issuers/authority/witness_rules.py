"""The rule for the set of witnesses that cosigns the log (rules version 1). Pure.

Here only who may be named; under which checkpoints a set is in force, `issuers.witnesses` works out from the
facts and the cosignatures that are known. Source: design decision 9; c2sp.org/tlog-policy, tlog-cosignature.
"""

from __future__ import annotations

from typing import Final

from issuers.acts.parties import NamedWitness, WitnessSet
from issuers.acts.words import Role
from issuers.authority.case import Case
from issuers.authority.party_facts import Key, NewestWitnessSet, Party, Witnessing, WitnessSetFact
from issuers.authority.view import Fact
from issuers.witnesses import policy_of
from ledger.checkpoint import CosignerKey, check_cosignature, parse_checkpoint, parse_cosigner_vkey
from ledger.errors import Refused
from ledger.keys import ED25519_SPKI, EDDSA, public_key
from ledger.note import parse_note

WITNESS: Final = "witness"
"""The purpose of a witness's key: a kid is enrolled once ever, so no other key of the log is one."""

POSSESSION_AGE_MAX: Final = 30 * 86_400  # seconds between the cosignature that proves the key and the leaf


def witness_set(case: Case, act: WitnessSet) -> list[Fact]:
    """Districts in office, each with a key it holds; any two quorums share a witness."""
    if case.statement.subject != "log":
        raise Refused("SUBJECT_KIND", "the subject of this act is log", where="sub")
    if not act.quorum <= len(act.witnesses) < 2 * act.quorum:
        raise Refused("WITNESS_QUORUM", "a quorum is more than half of the witnesses, and at most all")
    if len({one.party for one in act.witnesses}) < len(act.witnesses):
        raise Refused("WITNESS_TWICE", "a district has one witness")
    former = case.view.get(NewestWitnessSet, "log")
    if former is not None and act.first_day < former.first_day:
        raise Refused("WITNESS_START", "a set of witnesses starts no earlier than the one before it")
    keys = [key for one in act.witnesses if (key := _key(case, one)) is not None]
    named = tuple(Witnessing(one.party, one.vkey, one.url) for one in act.witnesses)
    fact = WitnessSetFact(case.seq, act.first_day, act.quorum, named)
    policy_of(fact)  # raises Malformed POLICY_*: a key or a name twice
    return [*keys, fact, NewestWitnessSet(case.seq, act.first_day)]


def _key(case: Case, one: NamedWitness) -> Key | None:
    """The witness's key as a fact; None where it was enrolled by an earlier set."""
    party = case.view.get(Party, one.party)
    if party is None or party.withdrawn_ms is not None or party.role is not Role.DISTRICT:
        raise Refused("WITNESS_PARTY", "a witness belongs to a district that is admitted and not withdrawn")
    cosigner = parse_cosigner_vkey(one.vkey)
    _check_possession(case, one, cosigner)
    public = public_key(EDDSA, ED25519_SPKI + cosigner.public_key)
    known = case.view.get(Key, public.kid.hex())
    if known is None:
        return Key(
            public.kid, EDDSA, public.spki, party.id, case.seq, case.time_ms, staff=None, purpose=WITNESS
        )
    if known.purpose != WITNESS or known.party != party.id:
        raise Refused("KEY_EXISTS", "a key is enrolled once ever")
    if known.revoked_seq is not None:
        raise Refused("KEY_REVOKED", "the witness's key was revoked")
    return None


def _check_possession(case: Case, one: NamedWitness, key: CosignerKey) -> None:
    """A cosignature by the key over a checkpoint of this very log, not older than 30 days."""
    note = parse_note(one.possession.encode())
    lines = [line for line in note.signatures if line.is_by(key)]
    if not lines or parse_checkpoint(note.text).origin != case.statement.audience:
        raise Refused("WITNESS_POSSESSION", "the key cosigned no checkpoint of this log there")
    time = max(check_cosignature(note.text, line, key) for line in lines)
    if abs(case.time_ms - time * 1000) > POSSESSION_AGE_MAX * 1000:
        raise Refused("WITNESS_POSSESSION_OLD", "the cosignature that proves the key is older than 30 days")
