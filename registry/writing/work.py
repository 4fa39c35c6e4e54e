"""A submission on its way to its answer, and what it takes with it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.errors import MalanError, Refused, Unavailable
from ledger.leaf import leaf_hash, parse_leaf
from ledger.receipt import Receipt
from registry.writing.item import Item, Submission


@dataclass(slots=True)
class Work:
    """One submission: `item` once it is parsed, `error` or `promise` once it is decided.

    `checked`: its signatures and commitments held. `promise`: what its receipt says; `receipt`: that, signed.
    """

    submission: Submission
    item: Item | None = None
    checked: bool = False
    error: MalanError | None = None
    promise: Receipt | None = None
    repeated: bool = False
    receipt: bytes | None = None

    @property
    def decided(self) -> bool:
        """Whether there is an answer."""
        return self.error is not None or self.promise is not None

    def repeat(self, leaf: bytes, *, origin: str) -> None:
        """The answer of a statement whose id stands in the log already, in this leaf."""
        assert self.item is not None
        parsed = parse_leaf(leaf)
        if parsed.statement == self.item.statement.raw:
            self.promise = Receipt(origin, parsed.seq, leaf_hash(leaf), parsed.time_ms)
            self.repeated = True
        else:
            self.error = Refused(
                "CTI_REUSED", "another statement has this id", where="cti", fix="Sign it anew."
            )

    def forget(self) -> None:
        """As before the transaction that failed."""
        self.error, self.promise, self.repeated = None, None, False


def unexpected() -> MalanError:
    """What the world is told of a fault of ours."""
    return Unavailable(
        "INTERNAL",
        "an unexpected fault of the service; nothing of this was stored",
        fix="Send it again; if it repeats, tell the operator.",
    )
