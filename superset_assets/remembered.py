"""What Superset finds out or makes again for every answer, also one from its cache, and that does not change: once. In Superset's own interpreter.

For the key of a cached answer Superset 6.1 asks the warehouse, in a connection of its own, for the default schema of its role, and parses the dataset's SQL
for the tables in it; for one from the database it parses that SQL twice more, and the query that comes of it. The schema changes when the role is altered (and
then a restart sees it), what a text means never does. Which rules those tables have for who asks is not remembered: it is read for each answer.

For each query of the warehouse it makes an engine and logs in to PostgreSQL. Here the connections of an address are kept for RECYCLE_S, so that what is
altered of their role counts by then; each is given back as PostgreSQL gives it at log-in (`discard all`): nothing that SQL Lab set in it reaches who is next.

What it exports and imports as YAML, a publication of all dashboards or the look for what changed in them, goes through PyYAML's parser in C.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
import yaml
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import NullPool
from superset.db_engine_specs.postgres import PostgresEngineSpec
from superset.exceptions import SupersetParseError
from superset.models import core
from superset.sql.parse import SQLScript, SQLStatement, Table
from superset.utils import rls

RECYCLE_S = 300
ENGINES = 8  # of different addresses or options
PARSED = 500  # of the last texts
_schemas: dict[tuple[str, str | None], str | None] = {}
_ask_schema = PostgresEngineSpec.get_default_schema.__func__
_ask_parser = SQLStatement._parse.__func__
_rules_of_table = rls.get_predicates_for_table


def install() -> None:
    """Put them in the place of Superset's own."""
    PostgresEngineSpec.get_default_schema = classmethod(_default_schema)
    rls.collect_rls_predicates_for_sql = _rules_of_sql
    SQLStatement._parse = classmethod(_parse)
    core.create_engine = _engine
    yaml.SafeLoader, yaml.SafeDumper = yaml.CSafeLoader, yaml.CSafeDumper


def _default_schema(cls: type[PostgresEngineSpec], database: Any, catalog: str | None) -> str | None:
    key = (database.sqlalchemy_uri, catalog)
    if key not in _schemas:
        _schemas[key] = _ask_schema(cls, database, catalog)
    return _schemas[key]


def _rules_of_sql(sql: str, database: Any, catalog: str | None, schema: str) -> list[str]:
    """Conditions of the row rules of the datasets that the SQL reads, for who asks: part of the cache's key."""
    default_catalog = database.get_default_catalog()
    tables = _tables(sql, database.db_engine_spec.engine, catalog, schema)
    return sorted({rule for table in tables for rule in _rules_of_table(table, database, default_catalog)})


@lru_cache(maxsize=1000)
def _tables(sql: str, engine: str, catalog: str | None, schema: str) -> frozenset[Table]:
    """The tables that it reads; none where it cannot be parsed (a template), as in Superset: the dataset's own rule is in the key by itself."""
    try:
        return frozenset(table.qualify(catalog=catalog, schema=schema) for statement in SQLScript(sql, engine=engine).statements for table in statement.tables)
    except SupersetParseError:
        return frozenset()


def _parse(_: type[SQLStatement], sql: str, engine: str) -> list[Any]:
    return [statement.copy() if statement else statement for statement in _parsed(sql, engine)]  # whoever gets it adds rules to it


@lru_cache(maxsize=PARSED)
def _parsed(sql: str, engine: str) -> list[Any]:
    return _ask_parser(SQLStatement, sql, engine)


def _engine(url: URL, **options: Any) -> Engine:
    """Superset's engine of a connection: of PostgreSQL, one for all queries in the place of one for each."""
    if options.get("poolclass") is not NullPool or url.get_backend_name() != "postgresql":
        return sa.create_engine(url, **options)
    return _kept(url.render_as_string(hide_password=False), json.dumps({name: value for name, value in options.items() if name != "poolclass"}, sort_keys=True))


@lru_cache(maxsize=ENGINES)
def _kept(url: str, options: str) -> Engine:
    engine = sa.create_engine(url, **{**json.loads(options), "pool_pre_ping": True, "pool_size": 8, "max_overflow": 8, "pool_recycle": RECYCLE_S})
    sa.event.listen(engine, "reset", _as_at_log_in)
    return engine


def _as_at_log_in(connection: Any, _: Any) -> None:
    """Before it is lent again."""
    connection.rollback()
    connection.autocommit = True  # it is no statement of a transaction
    with connection.cursor() as cursor:
        cursor.execute("discard all")
    connection.autocommit = False
