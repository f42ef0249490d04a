"""What Odoo writes of its own models when it is installed: ir_model, ir_model_fields and ir_model_fields_selection, from `demo/odoo/models/*.yml`.

Odoo writes them in SQL, so that they have neither create_date nor write_date.
"""

from __future__ import annotations

from functools import lru_cache

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from demo.odoo import schema


@lru_cache(maxsize=1)
def field_ids() -> dict[tuple[str, str], int]:
    """(model, field) → id in ir_model_fields. The same in every database made from the same models."""
    pairs = [(model.name, name) for model in _described() for name in sorted(model.fields)]
    return {pair: i for i, pair in enumerate(pairs, 1)}


@lru_cache(maxsize=1)
def model_ids() -> dict[str, int]:
    """Model → id in ir_model."""
    return {model.name: i for i, model in enumerate(_described(), 1)}


def _described() -> list[schema.Model]:
    return [model for _, model in sorted(schema.models().items())]


def write_registry(conn: Connection) -> None:
    """Fill the tables that describe models, fields and choices; they must be empty."""
    _copy(conn, "ir_model", ("name", "model", "state", "transient"),
          [(i, _label(schema.label(name.replace(".", "_"))), name, "base", False) for name, i in model_ids().items()])
    fields, choices = [], []
    for model in _described():
        for name, field in sorted(model.fields.items()):
            key = field_ids()[model.name, name]
            table, column1, column2 = field.link or (None, None, None)
            fields.append((key, name, model.name, model_ids()[model.name], _label(schema.label(name)), field.type,
                           "manual" if name.startswith("x_") else "base", field.stored, field.required, not field.stored or name in schema.MAGIC,
                           field.translated, field.company_dependent, field.relation, table, column1, column2))
            offered = schema.selections().get(model.name, {}).get(name, []) if field.type == "selection" else []
            choices += [(key, value, _label(text), sequence) for sequence, (value, text) in enumerate(offered)]
    _copy(conn, "ir_model_fields", ("name", "model", "model_id", "field_description", "ttype", "state", "store", "required", "readonly", "translate",
                                    "company_dependent", "relation", "relation_table", "column1", "column2"), fields)
    _copy(conn, "ir_model_fields_selection", ("field_id", "value", "name", "sequence"), [(i, *row) for i, row in enumerate(choices, 1)])


def _label(text: str) -> Jsonb:
    return Jsonb({"en_US": text})


def _copy(conn: Connection, table: str, columns: tuple[str, ...], rows: list[tuple]) -> None:
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, ("id", *columns))))
    with conn.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
