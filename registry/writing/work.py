"""A submission on its way to its answer, and what it takes with it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.errors import MalanError, Refused, Unavailable
from ledger.leaf import parse_leaf
from registry.writing.item import Item


@dataclass(slots=True)
class Work:
    """One item: `error` or `leaf` once it is decided. `checked`: its signatures and commitments held."""

    item: Item | None = None
    checked: bool = False
    error: MalanError | None = None
    leaf: bytes | None = None
    repeated: bool = False

    @property
    def decided(self) -> bool:
        """Whether there is an answer."""
        return self.error is not None or self.leaf is not None

    def repeat(self, leaf: bytes) -> None:
        """The answer of a statement whose id stands in the log already, in this leaf."""
        assert self.item is not None
        if parse_leaf(leaf).statement == self.item.statement.raw:
            self.leaf, self.repeated = leaf, True
        else:
            self.error = Refused(
                "CTI_REUSED", "another statement has this id", where="cti", fix="Sign it anew."
            )

    def forget(self) -> None:
        """As before the transaction that failed."""
        self.error, self.leaf, self.repeated = None, None, False


def unexpected() -> MalanError:
    """What the world is told of a fault of ours."""
    return Unavailable(
        "INTERNAL",
        "an unexpected fault of the service; nothing of this was stored",
        fix="Send it again; if it repeats, tell the operator.",
    )
