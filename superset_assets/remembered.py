"""What Superset finds out again for every answer, also one from its cache, and that does not change: found out once. In Superset's own interpreter.

For the key of a cached answer Superset 6.1 asks the warehouse, in a connection of its own, for the default schema of its role, and parses the dataset's SQL
for the tables in it. The first changes when the role is altered (and then a restart sees it), the second never does. Which rules those tables have for who
asks is not remembered: it is read for each answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from superset.db_engine_specs.postgres import PostgresEngineSpec
from superset.exceptions import SupersetParseError
from superset.sql.parse import SQLScript, Table
from superset.utils import rls

_schemas: dict[tuple[str, str | None], str | None] = {}
_ask_schema = PostgresEngineSpec.get_default_schema.__func__
_rules_of_table = rls.get_predicates_for_table


def install() -> None:
    """Put both in the place of Superset's own."""
    PostgresEngineSpec.get_default_schema = classmethod(_default_schema)
    rls.collect_rls_predicates_for_sql = _rules_of_sql


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
