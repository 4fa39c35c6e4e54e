"""Receipts: whether the service's promises hold, checked with the keys the log itself names.

What does not hold is kept as evidence (`contradictions`): a receipt the log contradicts, and one the log has
not honoured a day after it was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from issuers.sign.desk import contradictions
from issuers.sign.desk.desk import Desk
from issuers.sign.desk.trust import check_item_proof, check_receipt, load_trust
from ledger.errors import BadSignature, MalanError, Malformed, ProofFailed

DUE_MS: Final = 24 * 3_600 * 1_000


@dataclass(frozen=True, slots=True)
class ReceiptReport:
    """How many receipts were checked, how many entries the log showed, and which do not hold, by seq.

    `kept`: the folders with the evidence against the service.
    """

    checked: int
    proved: int
    broken: tuple[tuple[int, MalanError], ...]
    kept: tuple[str, ...] = ()


def check_receipts(desk: Desk, *, ask_log: bool) -> ReceiptReport:
    """Every logged statement of this home; with `ask_log` its published proof as well.

    An entry that is not published yet is not counted as proved; after a day it is RECEIPT_OVERDUE. Raises
    Unavailable, and as `load_trust`.
    """
    trust = load_trust(desk)
    key = trust.receipt_key()
    items = desk.outbox.logged()
    proved, broken, kept = 0, [], []
    for done, item in enumerate(items, start=1):
        assert item.answer is not None  # logged items have one
        proof = None
        try:
            check_receipt(item, key, trust.bundle.origin)
            proof = desk.client.proof(item.answer.seq) if ask_log else None
            if proof is not None:
                check_item_proof(item, proof, trust)
                proved += 1
            elif ask_log and desk.clock() - item.answer.time_ms > DUE_MS:
                raise _overdue(item.answer.seq)
        except (BadSignature, Malformed, ProofFailed) as error:
            broken.append((item.answer.seq, error))
            folder = contradictions.keep(desk.home, item, error, proof=proof, now_ms=desk.clock())
            kept.append(str(folder))
        desk.progress("receipts", done, len(items))
    return ReceiptReport(len(items), proved, tuple(broken), tuple(kept))


def _overdue(seq: int) -> ProofFailed:
    what = "the log has not shown this entry a day after it was promised; keep the receipt"
    return ProofFailed("RECEIPT_OVERDUE", what, where=f"seq {seq}")
