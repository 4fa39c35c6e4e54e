"""Door: where in the log an act stands: of a desk's bundle, of a class, about any other subject.

Three indexes that follow from the log; of class and subject, every entry stands in exactly one.
"""

from __future__ import annotations

import sqlalchemy as sa

from issuers.acts.certificates import CertificateIssued
from issuers.carried import ACTS
from ledger.statement import Statement
from ledger.store import entry
from registry.callers.subjects import hex_id
from registry.storage.rows import Rows
from registry.storage.tables import bundled, class_entry, named_entry


def add_places(rows: Rows, statement: Statement, act: object, *, seq: int) -> None:
    """Indexes the leaf that was just linked."""
    if statement.kind in ACTS.kinds:
        rows.add(bundled, {"seq": seq})
    class_id = class_of(statement, act)
    if class_id is not None:
        rows.add(class_entry, {"class_id": class_id, "seq": seq})
    else:
        rows.add(named_entry, {"subject": statement.subject, "seq": seq})


def class_of(statement: Statement, act: object) -> bytes | None:
    """The class whose evidence this act belongs to: acts about the class, and its certificates.

    Raises Malformed SUBJECT_ID for a subject no judge lets pass.
    """
    if isinstance(act, CertificateIssued):
        return act.class_id
    return hex_id(statement.subject, "class") if statement.subject.startswith("class/") else None


def leaves_of_class(connection: sa.Connection, class_id: bytes) -> list[bytes]:
    """Leaf bytes of the acts of a class, in log order."""
    query = sa.select(entry.c.leaf).join(class_entry, class_entry.c.seq == entry.c.seq)
    query = query.where(class_entry.c.class_id == class_id).order_by(entry.c.seq)
    return list(connection.execute(query).scalars())


def bundled_leaves(connection: sa.Connection, *, start: int, stop: int) -> list[bytes]:
    """Leaf bytes of the acts of a bundle in the leaves [start, stop), in log order."""
    query = sa.select(entry.c.leaf).join(bundled, bundled.c.seq == entry.c.seq)
    query = query.where(entry.c.seq >= start, entry.c.seq < stop).order_by(entry.c.seq)
    return list(connection.execute(query).scalars())


def seqs_about(connection: sa.Connection, subject: str, *, limit: int) -> list[int]:
    """Places of the newest acts that name a subject, in log order; of a class: see `leaves_of_class`."""
    query = sa.select(named_entry.c.seq).where(named_entry.c.subject == subject)
    newest = connection.execute(query.order_by(named_entry.c.seq.desc()).limit(limit)).scalars()
    return sorted(newest)


def leaves_about(connection: sa.Connection, subject: str, *, limit: int = 200) -> list[bytes]:
    """Leaf bytes of the acts that name a subject, in log order; of a class: see `leaves_of_class`."""
    query = sa.select(entry.c.leaf).join(named_entry, named_entry.c.seq == entry.c.seq)
    query = query.where(named_entry.c.subject == subject).order_by(entry.c.seq).limit(limit)
    return list(connection.execute(query).scalars())
