"""The swap of a finished build into place, as one transaction.

Readers name `marts.x`; renaming schemas takes no lock on the tables in them, so a reader waits for nothing and finds either all
old marts or all new ones. The schemas belong to the owner of the warehouse, the tables in them to `caudal_transform`.
"""

from __future__ import annotations

from datetime import date

import psycopg
from psycopg import sql

PATIENCE_S = 120  # how long the swap waits for a reader that still holds tables of the last but one publication
BUILDER, READERS = "caudal_transform", ("caudal_read", "caudal_pii", "caudal_load")


def reset_building(conn: psycopg.Connection, building: str) -> None:
    """An empty schema to build in: what an earlier, failed build left there is never published by mistake."""
    with conn.transaction():
        conn.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(building)))
        _create_building(conn, building)


def _create_building(conn: psycopg.Connection, building: str) -> None:
    conn.execute(sql.SQL("create schema {}").format(sql.Identifier(building)))
    conn.execute(sql.SQL("grant usage, create on schema {} to {}").format(sql.Identifier(building), sql.Identifier(BUILDER)))


def publish(conn: psycopg.Connection, build_id: int, data_as_of: date, building: str, published: str) -> None:
    """Make `building` the `published` schema, keep the last one as `<published>_prev`, closed to readers, and record it in `ops.build`. All or nothing."""
    names = {"building": sql.Identifier(building), "published": sql.Identifier(published), "previous": sql.Identifier(f"{published}_prev")}
    with conn.transaction():
        conn.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(f"{PATIENCE_S}s")))
        conn.execute(sql.SQL("drop schema if exists {previous} cascade").format(**names))
        conn.execute(sql.SQL("alter schema {published} rename to {previous}").format(**names))
        conn.execute(sql.SQL("alter schema {building} rename to {published}").format(**names))
        _create_building(conn, building)
        readers = sql.SQL(", ").join(map(sql.Identifier, READERS))
        conn.execute(sql.SQL("revoke usage on schema {previous} from {readers}").format(readers=readers, **names))
        conn.execute(sql.SQL("grant usage on schema {published} to {readers}").format(readers=readers, **names))
        conn.execute(
            "update ops.build set status = 'ok', ended_at = clock_timestamp(), promoted_at = clock_timestamp(), data_as_of = %s "
            "where build_id = %s",
            [data_as_of, build_id],
        )
