"""Facts and how they are read: what the acts of a log add up to. Pure.

A fact is a frozen record under a key. Acts only ever add or replace facts; nothing is deleted, so a replay of
the log gives the same set everywhere. The service keeps them in a table, the auditor in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Fact(Protocol):
    """Any record below: `key` is unique among the facts of its class."""

    @property
    def key(self) -> str:
        """The object's name, as it stands in statement subjects."""


F = TypeVar("F", bound=Fact)


class View(Protocol):
    """The facts as they stand before the act being judged."""

    def get(self, kind: type[F], key: str) -> F | None:
        """The fact of this class and key, or None."""


class MemoryView:
    """Facts in memory, for auditors, bundles and tests."""

    def __init__(self) -> None:
        self.facts: dict[tuple[type, str], Fact] = {}

    def get(self, kind: type[F], key: str) -> F | None:
        return self.facts.get((kind, key))  # type: ignore[return-value]  # `put` keys by the class itself

    def put(self, changes: Iterable[Fact]) -> None:
        """Adds or replaces."""
        for fact in changes:
            self.facts[type(fact), fact.key] = fact

    def all(self, kind: type[F]) -> list[F]:
        """Every fact of a class, in order of first appearance."""
        return [fact for (known, _), fact in self.facts.items() if known is kind]  # type: ignore[misc]
