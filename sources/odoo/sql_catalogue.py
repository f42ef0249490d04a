"""What Odoo's database says of its models: `ir_model_fields`, the columns that exist and may be read, defaults by company. Read once a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql

LANGUAGES = ("es_DO", "es_ES", "en_US")

IN_COLUMNS = ("char", "text", "html", "selection", "reference", "integer", "float", "monetary", "boolean", "date", "datetime", "many2one",
              "many2one_reference", "many2many")

# in these catalogues and in no other does the transport look, whatever the mapping says (see grants.py)
REGISTRY = {"ir_model_fields": ("id", "model", "name", "ttype", "store", "relation", "relation_field", "relation_table", "column1", "column2", "translate",
                                "company_dependent", "field_description"),
            "ir_default": ("field_id", "company_id", "user_id", "condition", "json_value")}


@dataclass(frozen=True)
class TableColumn:
    """A column that exists: its SQL type (`numeric(18,2)`) and whether our role may read it."""

    type: str
    readable: bool


@dataclass(frozen=True)
class Field:
    """One field of a model, as `ir_model_fields` has it. `column` is None where no column of its name exists."""

    id: int
    model: str
    name: str
    type: str
    stored: bool
    translated: bool
    by_company: bool
    label: str
    relation: str | None
    relation_field: str | None
    link: tuple[str, str, str] | None
    column: TableColumn | None

    @property
    def in_database(self) -> bool:
        """Whether its values are in the database."""
        return self.stored and (self.link is not None if self.type == "many2many" else self.column is not None)

    @property
    def gone(self) -> bool:
        """Whether Odoo believes that it has a column and it has none. (Lists of the other side and attachments are stored without one.)"""
        return self.stored and not self.in_database and self.type in IN_COLUMNS


@dataclass(frozen=True)
class Catalogue:
    """Tables with their columns, models with their fields, (field id, company id) → default for company-dependent fields; the companies
    there are, and (table, column) of every index that finds a column's highest value; the tables of which row security may keep rows from our role."""

    tables: Mapping[str, Mapping[str, TableColumn]]
    models: Mapping[str, Mapping[str, Field]]
    defaults: Mapping[tuple[int, int | None], Any] = field(default_factory=dict)
    companies: frozenset[int] = frozenset()
    indexed: frozenset[tuple[str, str]] = frozenset()
    filtered: frozenset[str] = frozenset()

    @cached_property
    def shared(self) -> frozenset[str]:
        """Models whose rows belong to a company: Odoo's multi-company rule holds for them. A user's company is another thing."""
        return frozenset(m for m, fields in self.models.items() if m != "res.users" and "company_id" in fields and fields["company_id"].in_database)

    def default(self, of: Field, company: int | None) -> Any:
        """What a company-dependent field is where a record says nothing for the company: the company's default, then everyone's."""
        return self.defaults.get((of.id, company), self.defaults.get((of.id, None)))


def table_of(model: str) -> str:
    """The table of a model, as Odoo names it unless its code says another name (which the database does not tell)."""
    return model.replace(".", "_")


def read(conn: psycopg.Connection) -> Catalogue:
    """Ask the database. Raises psycopg.Error."""
    tables: dict[str, dict[str, TableColumn]] = {}
    for table, column, kind, readable in conn.execute(
            """select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), has_column_privilege(c.oid, a.attnum, 'select')
               from pg_class as c join pg_attribute as a on a.attrelid = c.oid
               where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relnamespace = any (current_schemas(false)::regnamespace[])
                 and pg_table_is_visible(c.oid) and a.attnum > 0 and not a.attisdropped"""):
        tables.setdefault(table, {})[column] = TableColumn(kind, readable)
    models: dict[str, dict[str, Field]] = {}
    for row in conn.execute(_registry(tables, "ir_model_fields")):
        values = dict(zip(REGISTRY["ir_model_fields"], row, strict=True))
        link = tuple(values[name] for name in ("relation_table", "column1", "column2"))
        models.setdefault(values["model"], {})[values["name"]] = Field(
            values["id"], values["model"], values["name"], values["ttype"], bool(values["store"]), bool(values["translate"]) and values["translate"] != "",
            bool(values["company_dependent"]), label(values["field_description"]), values["relation"] or None, values["relation_field"] or None,
            link if all(link) else None, tables.get(table_of(values["model"]), {}).get(values["name"]))
    companies = frozenset(row[0] for row in conn.execute("select id from res_company"))
    indexed = frozenset(conn.execute(
        """select c.relname, a.attname from pg_index as i join pg_class as c on c.oid = i.indrelid
           join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
           join pg_class as x on x.oid = i.indexrelid join pg_am as m on m.oid = x.relam
           where i.indisvalid and i.indpred is null and m.amname = 'btree' and pg_table_is_visible(c.oid)""").fetchall())
    filtered = frozenset(row[0] for row in conn.execute(
        "select relname from pg_class where relrowsecurity and pg_table_is_visible(oid) and row_security_active(oid)"))
    return Catalogue(tables, models, _defaults(conn, tables), companies, indexed, filtered)


def _registry(tables: Mapping[str, Mapping[str, TableColumn]], table: str) -> sql.Composed:
    """A select of the table's columns of REGISTRY, NULL where this version of Odoo has no such column."""
    present = tables.get(table, {})
    names = [sql.Identifier(name) if name in present or not present else sql.SQL("null") for name in REGISTRY[table]]
    return sql.SQL("select {} from {}").format(sql.SQL(", ").join(names), sql.Identifier(table))


def _defaults(conn: psycopg.Connection, tables: Mapping[str, Mapping[str, TableColumn]]) -> dict[tuple[int, int | None], Any]:
    found = {}
    for field_id, company, user, condition, value in conn.execute(_registry(tables, "ir_default")):
        if user is None and not condition:  # those of a person, or of one form, do not fill what others left open
            found[field_id, company] = json.loads(value)
    return found


def label(description: Any) -> str:
    """A field's name for people: translated texts are jsonb since Odoo 16."""
    if isinstance(description, dict):
        return next((description[lang] for lang in LANGUAGES if description.get(lang)), next(iter(description.values()), ""))
    return description or ""


def missing_grants(catalogue: Catalogue, table: str, columns: Iterable[str]) -> list[str]:
    """Of these columns, those that exist and our role may not read."""
    present = catalogue.tables.get(table, {})
    return sorted({name for name in columns if name in present and not present[name].readable})
