"""What a desk believes of the service: only what the log's own acts say.

Promises: the bundle leads to the pinned genesis, is never older than the one before and takes no act of it
back; a standard, an enrolled key and a receipt key come from acts in it; a receipt and a proof are checked
against the bytes that were sent. So the service cannot hand a body another roster, a sheet nobody signed, or
a receipt for something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from issuers.acts import read_act
from issuers.acts.classes import ClassOpened
from issuers.authority.class_facts import StandardFact
from issuers.authority.judge import signing_key
from issuers.authority.party_facts import Key
from issuers.authority.view import MemoryView
from issuers.bundle import Bundle, open_bundle, service_key
from issuers.bundled_acts import acts_hash
from issuers.carried import ACTS
from issuers.evidence import Evidence, EvidenceStatement, of_kind, withheld
from issuers.sign.desk.desk import Desk
from issuers.sign.outbox import Item
from issuers.standard import Standard
from ledger.errors import ProofFailed, Refused
from ledger.keys import PublicKey, public_key
from ledger.leaf import leaf_hash, parse_leaf
from ledger.note import parse_vkey
from ledger.proof import check_proof, parse_proof
from ledger.receipt import Receipt, open_receipt
from ledger.statement import check_statement, parse_statement

_TRY_LATER = "If it was registered minutes ago, try again when the log is published."


@dataclass(frozen=True, slots=True)
class Trust:
    """An opened bundle and the facts its acts add up to."""

    bundle: Bundle
    view: MemoryView

    def standard(self, name: str) -> Standard:
        """The published standard. Raises Refused STANDARD_UNKNOWN, Malformed of its document."""
        fact = self.view.get(StandardFact, name)
        if fact is None:
            raise Refused("STANDARD_UNKNOWN", "the log publishes no such standard", fix=_TRY_LATER)
        return Standard.from_body(fact.document)

    def receipt_key(self) -> PublicKey:
        """The key receipts are signed with. Raises Refused SERVICE_KEY_MISSING."""
        key = service_key(self.view, "receipt")
        return public_key(key.alg, key.spki)


def load_trust(desk: Desk) -> Trust:
    """The service's bundle for desks, checked and pinned.

    Raises Refused LOG_OTHER, GENESIS_OTHER, BUNDLE_OLD or BUNDLE_ACTS_OTHER, and as
    `issuers.bundle.open_bundle`.
    """
    bundle, view = open_bundle(desk.client.acts(), ACTS)
    if bundle.origin != desk.speaker.origin:
        raise Refused("LOG_OTHER", "the service keeps another log than this home speaks to", where="origin")
    told = partial(acts_hash, bundle.acts)
    if desk.home.pin(genesis=bundle.genesis, size=bundle.size, acts=told, expected=desk.config.genesis):
        desk.tell(
            f"First contact with {bundle.origin}: its genesis is {bundle.genesis.hex()}."
            " From now on no other is believed; compare it with the one the city published."
        )
    return Trust(bundle, view)


def check_evidence(trust: Trust, evidence: Evidence) -> None:
    """Every statement bears the signature of an enrolled person of the party whose business it is.

    The institution of the class opened it and sealed its roster; sheets and result are by the body the class
    names, each sheet by another person.
    Where somebody was erased, the city ordered it. Raises Refused KEY_UNKNOWN, KEY_PARTY, LOG_OTHER,
    PARTY_OTHER, SHEET_SIGNER_TWICE or OPENING_WITHHELD, BadSignature.
    """
    for where in withheld(evidence, trust.view):
        what = "the service shows nothing of an entry that no order in the log has erased"
        raise Refused("OPENING_WITHHELD", what, where=where, fix=_TRY_LATER)
    staff = {item.seq: _signer_of(trust, item) for item in evidence.statements}
    for item in of_kind(evidence, "class-opened"):
        statement = parse_statement(item.statement)
        act = read_act(statement)
        assert isinstance(act, ClassOpened)  # the kind says so
        for kind in ("class-opened", "roster"):
            _need_issuer(evidence, kind, statement.issuer)
        for kind in ("sheet", "evaluation-confirmed", "certificate-issued", "number-voided"):
            _need_issuer(evidence, kind, act.body)
    scorers = [staff[item.seq] for item in of_kind(evidence, "sheet")]
    if len(set(scorers)) < len(scorers):
        raise Refused("SHEET_SIGNER_TWICE", "two sheets of the class are by one person")


def check_receipt(item: Item, key: PublicKey, origin: str) -> Receipt:
    """The receipt of a logged item. Raises BadSignature, Malformed, ProofFailed RECEIPT_OTHER."""
    assert item.answer is not None  # only a logged item is asked about
    receipt = open_receipt(item.answer.receipt, key)
    answer = item.answer
    if (receipt.origin, receipt.seq, receipt.time_ms) != (origin, answer.seq, answer.time_ms):
        raise ProofFailed("RECEIPT_OTHER", "the receipt is for another entry", where=f"seq {answer.seq}")
    return receipt


def check_item_proof(item: Item, data: bytes, trust: Trust) -> None:
    """The proof shows exactly this statement, where the receipt put it, under a checkpoint of the log's key.

    Raises ProofFailed PROOF_OTHER, RECEIPT_BROKEN or of the tree, BadSignature, Malformed.
    """
    receipt = check_receipt(item, trust.receipt_key(), trust.bundle.origin)
    where = f"seq {receipt.seq}"
    proof = parse_proof(data)
    if proof.extra is None or proof.index != receipt.seq:
        raise ProofFailed("PROOF_OTHER", "the proof is for another entry, or lacks the leaf", where=where)
    leaf = parse_leaf(proof.extra)
    if leaf.statement != item.parcel.statement or leaf.seq != receipt.seq:
        raise ProofFailed("PROOF_OTHER", "the log holds another statement there", where=where)
    if leaf_hash(proof.extra) != receipt.leaf_hash:
        what = "the log shows another entry than the receipt promised; keep the receipt, it convicts"
        raise ProofFailed("RECEIPT_BROKEN", what, where=where)
    key = parse_vkey(trust.bundle.log_vkey)
    check_proof(proof, leaf_hash=receipt.leaf_hash, log_keys=[key])


def _need_issuer(evidence: Evidence, kind: str, party: str) -> None:
    for item in of_kind(evidence, kind):
        if parse_statement(item.statement).issuer != party:
            what = "a statement of the class is by a party whose business it is not"
            raise Refused("PARTY_OTHER", what, where=f"seq {item.seq}")


def _signer_of(trust: Trust, item: EvidenceStatement) -> bytes:
    statement = parse_statement(item.statement)
    where = f"seq {item.seq}"
    if statement.audience != trust.bundle.origin:
        raise Refused("LOG_OTHER", "a statement was made for another log", where=where)
    try:
        check_statement(statement, signing_key(trust.view, statement))
    except Refused as error:
        raise Refused(error.code, error.what, where=where, fix=_TRY_LATER) from error
    key = trust.view.get(Key, statement.kid.hex())
    if key is None or key.staff is None or key.party != statement.issuer:
        raise Refused("KEY_PARTY", "the key speaks for another party", where=where)
    return key.staff
