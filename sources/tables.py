"""The raw tables: made from the mapping, widened when it grows, never narrowed."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

from sources.contract import SQL_TYPE, Entity, MappingError

BOOKKEEPING = {"_source": "text not null", "_loaded_at": "timestamp with time zone not null", "_run_id": "bigint not null",
               "_deleted_at": "timestamp with time zone"}

FILLFACTOR = 90  # a changed row finds room in its own page: no new entry in the key, and half of the pages to log


def qualified(entity: Entity) -> sql.Composed:
    """`raw.<table>`, quoted."""
    return sql.SQL("{}.{}").format(sql.Identifier("raw"), sql.Identifier(entity.table))


def columns_ddl(entity: Entity) -> sql.Composed:
    """The mapped columns with their types, for a create table."""
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(SQL_TYPE[c.type])) for c in entity.columns
    )


def stored(conn: psycopg.Connection, entity: Entity) -> dict[str, str]:
    """The columns that the raw table has, with their SQL types; none when there is no table."""
    return dict(conn.execute(
        """select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a
           where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped""",
        [qualified(entity).as_string(conn)],
    ).fetchall())


def lacking(entity: Entity, present: Mapping[str, str]) -> list[str]:
    """The mapped columns that a raw table with these columns does not have."""
    return [column.name for column in entity.columns if column.name not in present]


def filled(conn: psycopg.Connection, entity: Entity) -> bool:
    """Whether the raw table, which must be there, has any row."""
    return conn.execute(sql.SQL("select exists (select from {})").format(qualified(entity))).fetchone()[0]


def ensure(conn: psycopg.Connection, entity: Entity) -> list[str]:
    """Create the raw table or add the columns it lacks; returns the names added to a table that was there already.

    Raises MappingError when a column exists with another type: raw data is never converted behind anyone's back.
    """
    present = stored(conn, entity)
    if not present:
        extra = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(t)) for n, t in BOOKKEEPING.items())
        conn.execute(sql.SQL("create table {} ({}, {}, primary key ({})) with (fillfactor = {})").format(
            qualified(entity), columns_ddl(entity), extra, sql.Identifier(entity.key), sql.Literal(FILLFACTOR)))
        return []
    added = lacking(entity, present)
    for column in entity.columns:
        wanted = SQL_TYPE[column.type]
        if column.name in added:
            conn.execute(sql.SQL("alter table {} add column {} {}").format(
                qualified(entity), sql.Identifier(column.name), sql.SQL(wanted)))
        elif present[column.name] != wanted:
            raise MappingError(
                f"{entity.file}:{column.line}: la columna {column.name} de {entity.name} es {wanted} en el mapeo y "
                f"{present[column.name]} en raw.{entity.table}. Devuelva el tipo anterior, o convierta la tabla a mano y replique con --full."
            )
    return added
