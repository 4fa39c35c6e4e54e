"""Receipts: whether the service's promises hold, checked with the keys the log itself names."""

from __future__ import annotations

from dataclasses import dataclass

from issuers.sign.desk.desk import Desk
from issuers.sign.desk.trust import check_item_proof, check_receipt, load_trust
from ledger.errors import BadSignature, MalanError, Malformed, ProofFailed


@dataclass(frozen=True, slots=True)
class ReceiptReport:
    """How many receipts were checked, how many entries the log showed, and which do not hold, by seq."""

    checked: int
    proved: int
    broken: tuple[tuple[int, MalanError], ...]


def check_receipts(desk: Desk, *, ask_log: bool) -> ReceiptReport:
    """Every logged statement of this home; with `ask_log` its published proof as well.

    An entry that is not published yet is not counted as proved. Raises Unavailable, and as `load_trust`.
    """
    trust = load_trust(desk)
    key = trust.receipt_key()
    items = desk.outbox.logged()
    proved, broken = 0, []
    for done, item in enumerate(items, start=1):
        assert item.answer is not None  # logged items have one
        try:
            check_receipt(item, key, trust.bundle.origin)
            proof = desk.client.proof(item.answer.seq) if ask_log else None
            if proof is not None:
                check_item_proof(item, proof, trust)
                proved += 1
        except (BadSignature, Malformed, ProofFailed) as error:
            broken.append((item.answer.seq, error))
        desk.progress("receipts", done, len(items))
    return ReceiptReport(len(items), proved, tuple(broken))
