"""The raw tables: made from the mapping, widened when it grows, never narrowed."""

from __future__ import annotations

import psycopg
from psycopg import sql

from sources.contract import SQL_TYPE, Entity, MappingError

BOOKKEEPING = {"_source": "text not null", "_loaded_at": "timestamp with time zone not null", "_run_id": "bigint not null",
               "_deleted_at": "timestamp with time zone"}


def qualified(entity: Entity) -> sql.Composed:
    """`raw.<table>`, quoted."""
    return sql.SQL("{}.{}").format(sql.Identifier("raw"), sql.Identifier(entity.table))


def columns_ddl(entity: Entity) -> sql.Composed:
    """The mapped columns with their types, for a create table."""
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(SQL_TYPE[c.type])) for c in entity.columns
    )


def ensure(conn: psycopg.Connection, entity: Entity) -> list[str]:
    """Create the raw table or add the columns it lacks; returns the names added to a table that was there already.

    Raises MappingError when a column exists with another type: raw data is never converted behind anyone's back.
    """
    present = dict(conn.execute(
        """select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a
           where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped""",
        [qualified(entity).as_string(conn)],
    ).fetchall())
    if not present:
        extra = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(t)) for n, t in BOOKKEEPING.items())
        conn.execute(sql.SQL("create table {} ({}, {}, primary key ({}))").format(
            qualified(entity), columns_ddl(entity), extra, sql.Identifier(entity.key)))
        return []
    added = []
    for column in entity.columns:
        wanted = SQL_TYPE[column.type]
        if column.name not in present:
            conn.execute(sql.SQL("alter table {} add column {} {}").format(
                qualified(entity), sql.Identifier(column.name), sql.SQL(wanted)))
            added.append(column.name)
        elif present[column.name] != wanted:
            raise MappingError(
                f"{entity.file}:{column.line}: la columna {column.name} de {entity.name} es {wanted} en el mapeo y "
                f"{present[column.name]} en raw.{entity.table}. Devuelva el tipo anterior, o convierta la tabla a mano y replique con --full."
            )
    return added
