"""The proof that a certificate is logged: leaf, tree, checkpoint, witnesses, bound to the credential. Pure.

Promises: `open_logged` answers only with a leaf that stands in the log under a checkpoint of the log's own
key; `bind` lets it pass only for the credential whose hash the leaf carries. Knows no state of a certificate.

Source: design decision 14; C2SP tlog-proof, with the leaf's bytes in the `extra` line.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias, cast

from issuers.acts import read_act
from issuers.acts.certificates import CertificateCorrected, CertificateIssued, CertificateReissued
from issuers.credential import Credential
from issuers.identifiers.numbers import parse_number
from ledger.checkpoint import Checkpoint, Cosignature, OpenedCheckpoint, parse_checkpoint
from ledger.errors import Malformed, ProofFailed, Refused
from ledger.keys import PublicKey
from ledger.leaf import Leaf, leaf_hash, parse_leaf
from ledger.note import parse_note
from ledger.policy import Policy, satisfied
from ledger.proof import check_proof, parse_proof
from ledger.statement import Statement, check_statement, parse_statement
from verify.times import day_of
from verify.trust import Trust

Making: TypeAlias = CertificateIssued | CertificateCorrected | CertificateReissued
"""Acts that carry the hash of a credential."""

_MAKING: Final = (CertificateIssued, CertificateCorrected, CertificateReissued)


@dataclass(frozen=True, slots=True)
class Logged:
    """An issuing act in its place in the log, and the checkpoint it was shown under.

    `certificate` is the id in the subject; `policy` judges a checkpoint of this size, and `cosignatures` are
    those of its witnesses.
    """

    leaf: Leaf
    statement: Statement
    act: Making
    certificate: bytes
    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    policy: Policy

    @property
    def made_on(self) -> date:
        """The Shanghai date the act gives this very version."""
        return self.act.issued_on if isinstance(self.act, CertificateIssued) else self.act.version_on

    def quorum(self, *, before: int | None = None) -> bool:
        """Whether the policy's quorum cosigned, counting only times before `before` (seconds) if given.

        A policy that asks for no witness is never a quorum here: nobody outside then vouches for the log.
        """
        names = [one.name for one in self.cosignatures if before is None or one.time < before]
        return self.policy.needed > 0 and satisfied(self.policy, names)


def open_logged(raw: bytes, trust: Trust, *, kinds: tuple[type, ...] = _MAKING) -> Logged:
    """The issuing act that a `.tlog-proof` shows; with other `kinds`, `act` is one of those.

    Raises what proof, checkpoint, leaf, statement and act raise; Malformed PROOF_NO_LEAF; ProofFailed
    PROOF_PLACE, PROOF_OTHER (another kind of act), LOG_FORKED (another root than the bundle's at its size).
    """
    proof = parse_proof(raw)
    if proof.extra is None:
        raise Malformed("PROOF_NO_LEAF", "the proof does not carry its entry in the extra line")
    policy = trust.policy_at(parse_checkpoint(parse_note(proof.checkpoint).text).size)
    opened = check_proof(
        proof,
        leaf_hash=leaf_hash(proof.extra),
        log_keys=trust.log_keys,
        cosigners=policy.cosigner_keys,
    )
    leaf = parse_leaf(proof.extra)
    if leaf.seq != proof.index:
        raise ProofFailed("PROOF_PLACE", "the entry names another place than the proof")
    statement = parse_statement(leaf.statement)
    act = read_act(statement)
    noun, _, identifier = statement.subject.partition("/")
    if not isinstance(act, kinds) or noun != "certificate":
        raise ProofFailed("PROOF_OTHER", "the entry is not the issuing of a certificate")
    cosignatures = _cosignatures(opened, trust)
    return Logged(
        leaf, statement, cast(Making, act), _id(identifier), opened.checkpoint, cosignatures, policy
    )


def bind(logged: Logged, *, credential: bytes, key: PublicKey, trust: Trust) -> None:
    """The leaf is about exactly this credential, and its own signature is by the key that signed it.

    Raises ProofFailed PROOF_OTHER, or what `check_statement` raises.
    """
    ours = hashlib.sha256(credential).digest()
    if logged.act.credential != ours or logged.statement.audience != trust.origin:
        raise ProofFailed("PROOF_OTHER", "the entry is about another credential or log")
    check_statement(logged.statement, key)


def check_agreement(logged: Logged, claims: Credential, *, party: str) -> None:
    """What leaf and credential both say, they say alike. Raises Refused LEAF_DIFFERS, naming the field.

    The signatory signed both; where they differ, the place in the status list or the date would be a lie.
    """
    act, made_on = logged.act, logged.made_on
    version = 1 if isinstance(act, CertificateIssued) else act.version
    first = None if isinstance(act, CertificateIssued) else act.issued_on
    expiry = None if claims.expires_at is None else day_of(claims.expires_at - 1)
    pairs = {
        "iss": (logged.statement.issuer, party),
        "status list": ((act.status_list, act.status_index), (claims.status_list, claims.status_index)),
        "kind": (act.kind, parse_number(claims.number).kind),
        "date of the leaf": (made_on, day_of(logged.leaf.time_ms // 1000)),
        "date of the credential": (made_on, day_of(claims.issued_at)),
        "version": (version, claims.version),
        "date of first issue": (first, claims.first_issued_on),
        "expiry": (act.expires_on, expiry),
    }
    for where, (logged_value, signed_value) in pairs.items():
        if logged_value != signed_value:
            raise Refused("LEAF_DIFFERS", "the credential and the log contradict each other", where=where)


def _cosignatures(opened: OpenedCheckpoint, trust: Trust) -> tuple[Cosignature, ...]:
    """Those on the proof's checkpoint, with those the bundle has for the very same checkpoint."""
    ours = trust.checkpoint
    if opened.checkpoint.size == ours.checkpoint.size and opened.checkpoint != ours.checkpoint:
        raise ProofFailed("LOG_FORKED", "the log shows two roots at one size", fix="Report this at once.")
    if opened.checkpoint != ours.checkpoint:
        return opened.cosignatures
    earliest: dict[str, int] = {}
    for one in (*opened.cosignatures, *ours.cosignatures):
        earliest[one.name] = min(one.time, earliest.get(one.name, one.time))
    return tuple(Cosignature(name, time) for name, time in earliest.items())


def _id(text: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != 16 or value.hex() != text:
        raise Malformed("PROOF_SUBJECT", "the entry names no certificate")
    return value
