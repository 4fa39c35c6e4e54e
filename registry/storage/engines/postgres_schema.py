"""Door: the schema of a PostgreSQL database as text, and the same of what the migrations would build.

The server itself writes both texts, so they agree on every version of it. What is expected is built among the
temporary tables of one transaction, which is rolled back: that needs no right but TEMPORARY.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from registry.storage.engines.interface import Schema

READ_AUDIT_GUARDS = (
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
"""Beside the ledger's own (`ledger.store`); the migrations carry both."""

# Names of the schema are cut out: a temporary table lives in another one.
DESCRIBE = r"""
WITH here AS (SELECT oid, quote_ident(nspname) || '.' AS prefix
                FROM pg_namespace WHERE nspname = current_schema()),
     relation AS (SELECT c.* FROM pg_class c JOIN here ON c.relnamespace = here.oid),
     found (kind, name, definition) AS (
SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' ELSE 'relation ' || relkind::text END, relname,
       concat_ws(' ', 'rls', relrowsecurity, relforcerowsecurity)
  FROM relation WHERE relkind NOT IN ('i', 't', 'I')
UNION ALL
SELECT 'column', relname || '.' || attname,
       concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                 pg_get_expr(adbin, adrelid), collname)
  FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
       LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
       LEFT JOIN pg_collation ON pg_collation.oid = attcollation
  WHERE relkind IN ('r', 'p')
UNION ALL
SELECT 'constraint', relname || '.' || conname, pg_get_constraintdef(pg_constraint.oid, true) || convalidated
  FROM pg_constraint JOIN relation ON conrelid = relation.oid WHERE contype <> 'n'
UNION ALL
SELECT 'index', i.relname, pg_get_indexdef(i.oid, 0, true) || indisvalid
  FROM pg_index JOIN relation ON indrelid = relation.oid JOIN pg_class i ON i.oid = indexrelid
UNION ALL
SELECT 'trigger', tgname, pg_get_triggerdef(pg_trigger.oid, true) || ' ' || tgenabled::text
  FROM pg_trigger JOIN relation ON tgrelid = relation.oid WHERE NOT tgisinternal
UNION ALL
SELECT 'trigger', 'of ' || conname || ' ' || tgtype, tgenabled::text
  FROM pg_trigger JOIN pg_constraint ON pg_constraint.oid = tgconstraint
       JOIN relation ON tgrelid = relation.oid
  WHERE tgisinternal AND tgenabled <> 'O'
UNION ALL
SELECT 'function', proname, concat_ws(' ', lanname, prosecdef, proconfig::text, prosrc)
  FROM pg_proc JOIN here ON pronamespace = here.oid JOIN pg_language l ON l.oid = prolang
UNION ALL
SELECT 'rule', rulename, pg_get_ruledef(pg_rewrite.oid, true)
  FROM pg_rewrite JOIN relation ON ev_class = relation.oid
UNION ALL
SELECT 'policy', polname, relname::text
  FROM pg_policy JOIN relation ON polrelid = relation.oid)
SELECT kind, name, replace(replace(definition, (SELECT prefix FROM here), ''), 'pg_temp.', '') FROM found
"""


def build_in_temporary(
    connection: sa.Connection,
    build: Callable[[sa.Connection], None],
    describe: Callable[[sa.Connection], Schema],
) -> Schema:
    """What `describe` says of the schema that `build` makes of nothing."""
    transaction = connection.begin()
    try:
        connection.exec_driver_sql("SET TRANSACTION READ WRITE")  # before any query, a reader's may be turned
        connection.exec_driver_sql("SET LOCAL search_path = pg_temp")
        build(connection)
        return describe(connection)
    finally:
        transaction.rollback()
