"""Door: the enrolled keys by which statements are signed, kept once they were read.

Promises the key a statement must verify under: a kid is enrolled once ever, so what was read once stays
right, also after a revocation, which the judge looks at and the signature does not.
"""

from __future__ import annotations

from collections.abc import Iterable

from issuers.authority.judge import signing_key
from ledger.errors import MalanError
from ledger.keys import PublicKey
from ledger.statement import Statement
from registry.storage.database import Database
from registry.storage.facts import TableView

KEYS_MAX = 50_000  # some 200 bytes each


class EnrolledKeys:
    """The keys by which statements of this log were signed, by kid."""

    def __init__(self) -> None:
        self._keys: dict[tuple[bytes, int], PublicKey] = {}

    def known(self, statement: Statement) -> PublicKey | None:
        """The key, if it was read before."""
        return self._keys.get((statement.kid, statement.alg))

    def read(self, database: Database, statements: Iterable[Statement]) -> None:
        """Reads those that are not known yet. One that is not enrolled is asked for again under the lock."""
        wanted = {(one.kid, one.alg): one for one in statements if self.known(one) is None}
        if not wanted:
            return
        if len(self._keys) + len(wanted) > KEYS_MAX:
            self._keys.clear()
        with database.reading() as connection:
            view = TableView(connection)
            for place, statement in wanted.items():
                try:
                    key = signing_key(view, statement)
                except MalanError:
                    continue
                if statement.kind != "genesis":  # before it is logged, its key rests on its own word
                    self._keys[place] = key
