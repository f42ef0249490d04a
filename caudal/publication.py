"""The swap of a finished build into place, as one transaction.

Readers name `marts.x`; renaming schemas takes no lock on the tables in them, so a reader waits for nothing and finds either all
old marts or all new ones. What was published becomes the schema to build in, one publication behind (`ops.side` says which is which).
The schemas belong to the owner of the warehouse, the tables in them to `caudal_transform`.
"""

from __future__ import annotations

from datetime import date

import psycopg
from psycopg import sql

BUILDER, READERS = "caudal_transform", ("caudal_read", "caudal_pii", "caudal_load")


def publish(conn: psycopg.Connection, build_id: int, data_as_of: date | None, building: str, published: str) -> None:
    """Make `building` the `published` schema, and the one that was the next to be built. Recorded in `ops.build`. All or nothing.

    The retired one is still open to readers: PostgreSQL looks up a schema's name and then whether one may use it, and a reader between the two has
    the old one in hand. `close_to_readers` comes after.
    """
    names = {"building": sql.Identifier(building), "published": sql.Identifier(published), "away": sql.Identifier(f"{published}_away")}
    with conn.transaction():
        conn.execute(sql.SQL("alter schema {published} rename to {away}").format(**names))
        conn.execute(sql.SQL("alter schema {building} rename to {published}").format(**names))
        conn.execute(sql.SQL("alter schema {away} rename to {building}").format(**names))
        conn.execute(sql.SQL("grant usage on schema {published} to {readers}").format(readers=_readers(), **names))
        conn.execute(sql.SQL("grant usage, create on schema {building}, {published} to {builder}").format(builder=sql.Identifier(BUILDER), **names))
        conn.execute(
            "update ops.side set schema_name = case schema_name when %(p)s then %(b)s else %(p)s end where schema_name in (%(p)s, %(b)s)",
            {"p": published, "b": building})
        conn.execute(
            """update ops.side as s set tested_build_id = b.build_id, tested_run_id = b.horizon_run_id,
                   fully_tested_at = case when b.reads_all_tests then clock_timestamp() else s.fully_tested_at end
               from ops.build as b where b.build_id = %s and s.schema_name = %s""",
            [build_id, published])
        conn.execute(
            "update ops.build set status = 'ok', ended_at = clock_timestamp(), promoted_at = clock_timestamp(), data_as_of = %s "
            "where build_id = %s",
            [data_as_of, build_id],
        )


def close_to_readers(conn: psycopg.Connection, schema: str) -> None:
    """Readers may no longer use a schema: the one that is built."""
    conn.execute(sql.SQL("revoke usage on schema {} from {}").format(sql.Identifier(schema), _readers()))


def _readers() -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, READERS))
