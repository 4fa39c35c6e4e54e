"""The ground: the ledger with its guards, facts, people, sealed openings, reservations, holds, audits.

Literal on purpose: what a released revision does must not change when `tables` does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger.errors import Unavailable

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SQLITE_GUARDS = (
    "CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER ledger_entry_in_order BEFORE INSERT ON ledger_entry "
    "WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), -1) + 1 FROM ledger_entry) OR EXISTS "
    "(SELECT 1 FROM ledger_entry WHERE cti = NEW.cti OR statement_hash = NEW.statement_hash) "
    "BEGIN SELECT RAISE(ABORT, 'the ledger grows by one'); END",
    "CREATE TRIGGER read_audit_no_update BEFORE UPDATE ON read_audit "
    "BEGIN SELECT RAISE(ABORT, 'the read audit is append-only'); END",
    "CREATE TRIGGER read_audit_no_delete BEFORE DELETE ON read_audit "
    "BEGIN SELECT RAISE(ABORT, 'the read audit is append-only'); END",
    "CREATE TRIGGER read_audit_in_order BEFORE INSERT ON read_audit "
    "WHEN NEW.id IS NOT (SELECT COALESCE(MAX(id), 0) + 1 FROM read_audit) "
    "BEGIN SELECT RAISE(ABORT, 'the read audit grows by one'); END",
)

_POSTGRES_GUARDS = (
    "CREATE FUNCTION {schema}.ledger_entry_no_change() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
    "RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'integrity_constraint_violation'; END$$",
    "CREATE FUNCTION {schema}.ledger_entry_in_order() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
    "IF NEW.seq IS DISTINCT FROM (SELECT COALESCE(MAX(seq), -1) + 1 FROM {schema}.ledger_entry) THEN "
    "RAISE EXCEPTION 'the ledger grows by one' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
    "RETURN NEW; END$$",
    "CREATE TRIGGER ledger_entry_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.ledger_entry "
    "FOR EACH STATEMENT EXECUTE FUNCTION {schema}.ledger_entry_no_change()",
    "CREATE TRIGGER ledger_entry_in_order BEFORE INSERT ON {schema}.ledger_entry "
    "FOR EACH ROW EXECUTE FUNCTION {schema}.ledger_entry_in_order()",
    "ALTER TABLE {schema}.ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_no_change",
    "ALTER TABLE {schema}.ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_in_order",
    "CREATE FUNCTION {schema}.read_audit_no_change() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
    "RAISE EXCEPTION 'the read audit is append-only' USING ERRCODE = 'integrity_constraint_violation'; END$$",
    "CREATE FUNCTION {schema}.read_audit_in_order() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
    "IF NEW.id IS DISTINCT FROM (SELECT COALESCE(MAX(id), 0) + 1 FROM {schema}.read_audit) THEN "
    "RAISE EXCEPTION 'the read audit grows by one' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
    "RETURN NEW; END$$",
    "CREATE TRIGGER read_audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.read_audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION {schema}.read_audit_no_change()",
    "CREATE TRIGGER read_audit_in_order BEFORE INSERT ON {schema}.read_audit "
    "FOR EACH ROW EXECUTE FUNCTION {schema}.read_audit_in_order()",
    "ALTER TABLE {schema}.read_audit ENABLE ALWAYS TRIGGER read_audit_no_change",
    "ALTER TABLE {schema}.read_audit ENABLE ALWAYS TRIGGER read_audit_in_order",
)


def upgrade() -> None:
    _ledger()
    _people()
    _certificates()
    _audits()
    for statement in _guards():
        op.execute(statement)


def _guards() -> list[str]:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        return list(_SQLITE_GUARDS)
    schema = connection.dialect.identifier_preparer.quote(
        connection.execute(sa.select(sa.func.current_schema())).scalar_one()
    )
    return [statement.format(schema=schema) for statement in _POSTGRES_GUARDS]


def downgrade() -> None:
    raise Unavailable("SCHEMA_DOWNGRADE", "a ledger is not taken down", fix="Restore a backup.")


def _ledger() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("cti", sa.LargeBinary(16), nullable=False, unique=True),
        sa.Column("statement_hash", sa.LargeBinary(32), nullable=False, unique=True),
    )
    op.create_table(
        "fact",
        sa.Column("kind", sa.String(40), primary_key=True),
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("seq", _SEQ, nullable=False),
    )
    op.create_index("fact_by_change", "fact", ["kind", "seq"])
    op.create_table("bundled", sa.Column("seq", _SEQ, primary_key=True, autoincrement=False))
    op.create_table(
        "class_entry",
        sa.Column("class_id", sa.LargeBinary(16), primary_key=True),
        sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
    )


def _people() -> None:
    op.create_table("person", sa.Column("person", sa.LargeBinary(16), primary_key=True))
    op.create_table(
        "person_document",
        sa.Column("document", sa.LargeBinary(32), primary_key=True),
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), nullable=False),
    )
    op.create_index("ix_person_document_person", "person_document", ["person"])
    op.create_table(
        "person_key",
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), primary_key=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "opening",
        sa.Column("statement", sa.LargeBinary(32), primary_key=True),
        sa.Column("place", sa.Integer(), primary_key=True),
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_opening_person", "opening", ["person"])
    op.create_table(
        "candidate",
        sa.Column("class_id", sa.LargeBinary(16), primary_key=True),
        sa.Column("candidate", sa.LargeBinary(16), primary_key=True),
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), nullable=False),
        sa.Column("roster", sa.LargeBinary(32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.UniqueConstraint("class_id", "person", name="candidate_once_a_class"),
    )
    op.create_table(
        "staff",
        sa.Column("staff", sa.LargeBinary(16), primary_key=True),
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), nullable=False, unique=True),
        sa.Column("party", sa.String(40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )


def _certificates() -> None:
    op.create_table(
        "number_series",
        sa.Column("issuer", sa.String(3), primary_key=True),
        sa.Column("year", sa.Integer(), primary_key=True),
        sa.Column("last", sa.Integer(), nullable=False),
    )
    op.create_table(
        "reservation",
        sa.Column("class_id", sa.LargeBinary(16), primary_key=True),
        sa.Column("candidate", sa.LargeBinary(16), primary_key=True),
        sa.Column("certificate", sa.LargeBinary(16), nullable=False, unique=True),
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), nullable=False),
        sa.Column("code_index", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("status_list", sa.Integer(), nullable=False),
        sa.Column("status_index", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("batch", sa.LargeBinary(16), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("status_list", "status_index", name="reservation_place_once"),
    )
    op.create_index("ix_reservation_batch", "reservation", ["batch"])
    op.create_table(
        "credential",
        sa.Column("certificate", sa.LargeBinary(16), primary_key=True),
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "hold",
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), primary_key=True),
        sa.Column("slot", sa.Integer(), primary_key=True),
        sa.Column("project", sa.String(40), nullable=False),
        sa.Column("claim", sa.LargeBinary(16), nullable=False, unique=True),
        sa.UniqueConstraint("person", "project", name="hold_project_once"),
        sa.CheckConstraint("slot BETWEEN 1 AND 3", name="hold_slot_range"),
    )


def _audits() -> None:
    op.create_table(
        "request_seen",
        sa.Column("cti", sa.LargeBinary(16), primary_key=True),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_request_seen_seen_ms", "request_seen", ["seen_ms"])
    op.create_table(
        "secret_mark",
        sa.Column("purpose", sa.String(20), primary_key=True),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
    )
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="heartbeat_one_row"),
    )
    op.create_table(
        "read_audit",
        sa.Column("id", _SEQ, primary_key=True, autoincrement=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.String(40), nullable=False),
        sa.Column("reader", sa.String(32), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("object", sa.String(128), nullable=False),
        sa.Column("fields", sa.String(200), nullable=False),
        sa.Column("chain", sa.LargeBinary(32), nullable=False),
    )
    op.create_table(
        "chain_head",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("size", _SEQ, nullable=False),
        sa.Column("chain", sa.LargeBinary(32), nullable=False),
    )
