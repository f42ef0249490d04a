"""What Odoo's database says of its models: `ir_model_fields`, the columns that exist and may be read, defaults by company. Read once a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql

LANGUAGES = ("es_DO", "es_ES", "en_US")

IN_COLUMNS = ("char", "text", "html", "selection", "reference", "integer", "float", "monetary", "boolean", "date", "datetime", "many2one",
              "many2one_reference", "many2many")

# in these catalogues and in no other does the transport look, whatever the mapping says (see grants.py)
REGISTRY = {"ir_model_fields": ("id", "model", "name", "ttype", "store", "relation", "relation_field", "relation_table", "column1", "column2", "translate",
                                "company_dependent", "related", "field_description"),
            "ir_default": ("field_id", "company_id", "user_id", "condition", "json_value")}


@dataclass(frozen=True)
class TableColumn:
    """A column that exists: its SQL type (`numeric(18,2)`) and whether our role may read it."""

    type: str
    readable: bool


@dataclass(frozen=True)
class Field:
    """One field of a model, as `ir_model_fields` has it. `column` is None where no column of its name exists.

    through: of a field that is another record's and has no column here (a product's name is its template's, a user's his partner's): the
    many2one to that record, and the field there.
    """

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
    related: str | None = None
    through: tuple[Field, Field] | None = None

    @property
    def in_database(self) -> bool:
        """Whether its values are in the database: in a column of its own, or of the record that it belongs to."""
        if self.through is not None:
            return True
        return self.stored and (self.link is not None if self.type == "many2many" else self.column is not None)

    @property
    def origin(self) -> Field:
        """The field that has the column."""
        return self.through[1].origin if self.through else self

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
            link if all(link) else None, tables.get(table_of(values["model"]), {}).get(values["name"]), values["related"] or None)
    _follow(models)
    companies = frozenset(row[0] for row in conn.execute("select id from res_company"))
    indexed = frozenset(conn.execute(
        """select c.relname, a.attname from pg_index as i join pg_class as c on c.oid = i.indrelid
           join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
           join pg_class as x on x.oid = i.indexrelid join pg_am as m on m.oid = x.relam
           where i.indisvalid and i.indpred is null and m.amname = 'btree' and pg_table_is_visible(c.oid)""").fetchall())
    filtered = frozenset(row[0] for row in conn.execute(
        "select relname from pg_class where relrowsecurity and pg_table_is_visible(oid) and row_security_active(oid)"))
    return Catalogue(tables, models, _defaults(conn, tables), companies, indexed, filtered)


def _follow(models: dict[str, dict[str, Field]]) -> None:
    """Find the columns of related fields that have none of their own, along many2one fields (`related` says `product_tmpl_id.name`)."""
    def found(of: Field, seen: frozenset[tuple[str, str]]) -> Field:
        if of.in_database or not of.related or (of.model, of.name) in seen:
            return of
        head, _, rest = of.related.partition(".")
        step = models[of.model].get(head)
        target = models.get(step.relation or "", {}).get(rest) if step is not None else None
        if step is None or target is None or step.type != "many2one" or step.by_company or not step.in_database or step.through is not None:
            return of
        target = found(target, seen | {(of.model, of.name)})
        return replace(of, through=(step, target)) if target.in_database and target.type == of.type else of

    for fields in models.values():
        for name, field_ in fields.items():
            fields[name] = found(field_, frozenset())


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


def columns_of(of: Field | None, table: str, name: str) -> dict[str, list[str]]:
    """The tables and columns where a field's values are (a field that Odoo does not know: the column of its name)."""
    if of is None:
        return {table: [name]}
    if of.through is not None:
        step, target = of.through
        wanted = {table: [step.name]}
        for other, columns in columns_of(target, table_of(target.model), target.name).items():
            wanted.setdefault(other, []).extend(columns)
        wanted.setdefault(table_of(target.model), []).append("id")
        return wanted
    return {of.link[0]: list(of.link[1:])} if of.link else {table: [name]}


def missing_grants(catalogue: Catalogue, table: str, columns: Iterable[str]) -> list[str]:
    """Of these columns, those that exist and our role may not read."""
    present = catalogue.tables.get(table, {})
    return sorted({name for name in columns if name in present and not present[name].readable})
