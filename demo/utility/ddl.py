"""Tables of the source database, made from `demo/odoo/models/*.yml` as Odoo would make them."""

from __future__ import annotations

from functools import lru_cache

from psycopg import Connection, sql

from demo.odoo import schema
from demo.utility.platform_registry import write_registry

SQL_TYPES = {
    "integer": "integer", "many2one": "integer", "many2one_reference": "integer", "char": "varchar", "text": "text", "html": "text", "selection": "varchar", "boolean": "boolean",
    "date": "date", "datetime": "timestamp(6) without time zone", "monetary": "numeric(18,2)", "float": "numeric(18,3)",
}
COORDINATES = ("latitude", "longitude")  # models/: numeric(9,6)
# Odoo indexes few of its many2one; these are the ones its own screens (and the helpers in changes.py) look up by
INDEXED = {
    "account_move": ["x_contract_id", "partner_id", "reversed_entry_id"], "account_move_line": ["move_id"],
    "account_partial_reconcile": ["debit_move_id", "credit_move_id"], "account_payment": ["move_id", "x_contract_id"],
    "water_reading": ["contract_id"],
}


@lru_cache(maxsize=1)
def _private() -> dict[str, dict[str, str]]:
    return {model["table"]: model.get("private") or {} for model in schema.declared().values()}


@lru_cache(maxsize=1)
def tables() -> dict[str, dict[str, str]]:
    """table → column → SQL type, in the order of the columns; `id` first. Private columns (never served) come last."""
    found = {}
    for model in schema.models().values():
        if not model.table:
            continue
        columns = {f.name: _sql_type(f) for f in model.fields.values() if f.in_table}
        columns |= {name: SQL_TYPES[kind] for name, kind in _private()[model.table].items()}
        found[model.table] = columns
    return found


@lru_cache(maxsize=1)
def relations() -> dict[str, tuple[str, str]]:
    """Relation table of each many2many → its two columns."""
    return {f.link[0]: f.link[1:] for model in schema.models().values() for f in model.fields.values() if f.link}


def _sql_type(field: schema.Field) -> str:
    if field.translated or field.company_dependent:
        return "jsonb"
    if field.name in COORDINATES:
        return "numeric(9,6)"
    return SQL_TYPES[field.type]


def create_tables(conn: Connection) -> None:
    """Drop and create every table, without keys (they are added after the rows, which is quicker), and fill those that describe the models."""
    for table, columns in tables().items():
        parts = [sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL("serial" if c == "id" else t)) for c, t in columns.items()]
        conn.execute(sql.SQL("drop table if exists {} cascade").format(sql.Identifier(table)))
        conn.execute(sql.SQL("create table {} ({})").format(sql.Identifier(table), sql.SQL(", ").join(parts)))
    for table, columns in relations().items():
        conn.execute(sql.SQL("drop table if exists {} cascade").format(sql.Identifier(table)))
        conn.execute(sql.SQL("create table {} ({} integer not null, {} integer not null)").format(*map(sql.Identifier, (table, *columns))))
    write_registry(conn)


def finish_tables(conn: Connection) -> None:
    """Primary keys, indexes, and sequences that go on after the last id."""
    for table in tables():
        name = sql.Identifier(table)
        conn.execute(sql.SQL("alter table {} add primary key (id)").format(name))
        conn.execute(sql.SQL("select setval(pg_get_serial_sequence({}, 'id'), coalesce(max(id), 0) + 1, false) from {}").format(table, name))
        for column in INDEXED.get(table, []):
            conn.execute(sql.SQL("create index on {} ({})").format(name, sql.Identifier(column)))
    for table, columns in relations().items():
        conn.execute(sql.SQL("alter table {} add primary key ({}, {})").format(*map(sql.Identifier, (table, *columns))))
