"""What each raw column is at the source → `ops.source_column`: the audit trail speaks of the source's models and fields, dbt of ours."""

from __future__ import annotations

import psycopg

from sources.contract import Entity


def record(conn: psycopg.Connection, source: str, entity: Entity) -> None:
    """Write the entity's mapping within the caller's transaction; what did not change is not rewritten."""
    conn.execute(
        "delete from ops.source_column where source = %s and entity = %s and not (column_name = any(%s))",
        [source, entity.name, [c.name for c in entity.read]])
    conn.execute(
        """insert into ops.source_column as c (source, entity, model, column_name, field, column_type)
           select %s, %s, %s, f.* from unnest(%s::text[], %s::text[], %s::text[]) as f
           on conflict (source, entity, column_name) do update
               set model = excluded.model, field = excluded.field, column_type = excluded.column_type
               where (c.model, c.field, c.column_type) is distinct from (excluded.model, excluded.field, excluded.column_type)""",
        [source, entity.name, entity.model, *map(list, zip(*((c.name, c.source, c.type) for c in entity.read), strict=True))])
