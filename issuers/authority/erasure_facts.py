"""Facts about erasure: which committed entries nothing opens any more, by whose order. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Erased:
    """A committed entry whose person was erased; `order` is the 16-byte id of the order in force."""

    statement: bytes
    place: int
    order: bytes

    @property
    def key(self) -> str:
        return erased_key(self.statement, self.place)


def erased_key(statement: bytes, place: int) -> str:
    """Key of an Erased."""
    return f"{statement.hex()}/{place}"
