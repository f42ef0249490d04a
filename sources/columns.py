"""What each raw column is at the source → `ops.source_column`: the audit trail speaks of the source's models and fields, dbt of ours."""

from __future__ import annotations

import psycopg

from sources.contract import Entity


def record(conn: psycopg.Connection, source: str, entity: Entity) -> None:
    """Write the entity's mapping within the caller's transaction; what did not change is not rewritten."""
    conn.execute(
        "delete from ops.source_column where source = %s and entity = %s and not (column_name = any(%s))",
        [source, entity.name, [c.name for c in entity.read]])
    conn.cursor().executemany(
        """insert into ops.source_column (source, entity, column_name, model, field, column_type) values (%s, %s, %s, %s, %s, %s)
           on conflict (source, entity, column_name) do update
               set model = excluded.model, field = excluded.field, column_type = excluded.column_type
               where (ops.source_column.model, ops.source_column.field, ops.source_column.column_type)
                   is distinct from (excluded.model, excluded.field, excluded.column_type)""",
        [(source, entity.name, c.name, entity.model, c.source, c.type) for c in entity.read])
