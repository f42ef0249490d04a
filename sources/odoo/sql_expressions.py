"""A field of Odoo as SQL: what COPY sends, and the same as the raw table will hold it, to be compared.

What RPC gives is the measure: an empty boolean is false, a translated text is one text, a company-dependent field is the company's
value, a many2many the ascending ids. What SQL can tell and RPC cannot is kept: NULL numbers are NULL, moments have their microseconds.
"""

from __future__ import annotations

from typing import Any

from psycopg import sql

from sources.odoo.sql_catalogue import LANGUAGES, Catalogue, Field, table_of

CASTS = {"integer": "bigint", "many2one": "bigint", "many2one_reference": "bigint", "float": "numeric", "monetary": "numeric", "boolean": "boolean",
         "date": "date", "datetime": "timestamp"}
TEXTS = ("char", "text", "html", "selection", "reference")
FLOATS = ("double precision", "real")


def literal(value: Any) -> sql.SQL:
    """A value as SQL text. COPY takes no parameters, so every value is written into its statement, quoted by libpq."""
    return sql.SQL(sql.Literal(value).as_string())


def value(field: Field, catalogue: Catalogue, company: int | None, alias: str = "t") -> sql.Composable:
    """The field's value in its own SQL type, for conditions and for COPY. The field must be in the database."""
    if field.through is not None:
        return _of_another(field, catalogue, company, alias)
    if field.type == "many2many":
        return _linked(field, alias)
    column = sql.SQL("{}.{}").format(sql.Identifier(alias), sql.Identifier(field.name))
    is_json = field.column is not None and field.column.type == "jsonb"
    if field.by_company and is_json:
        column = _of_company(field, column, catalogue.default(field, company), company)
    elif is_json and field.type in TEXTS:
        column = _translated(column)
    return sql.SQL("coalesce({}, false)").format(column) if field.type == "boolean" else column


def compared(field: Field, catalogue: Catalogue, company: int | None, alias: str = "t") -> sql.Composable:
    """The value as the raw table holds it: moments with their time zone, floats by the shortest decimal that is the same float.

    COPY does without: there a naive moment is read in the session's UTC and a float's text is that decimal, at a tenth less work.
    """
    expression = value(field, catalogue, company, alias)
    if field.type == "datetime":
        return sql.SQL("({})::timestamptz").format(expression)
    column = field.origin.column
    if column is not None and column.type in FLOATS:
        return sql.SQL("({})::text::numeric").format(expression)
    return expression


def _of_another(field: Field, catalogue: Catalogue, company: int | None, alias: str) -> sql.Composed:
    """The field of the record that a many2one names. A boolean is false where there is no such record."""
    step, target = field.through  # type: ignore[misc]
    inner = f"{alias}_{step.name}"
    found = sql.SQL("(select {} from {} as {} where {}.id = {}.{})").format(
        value(target, catalogue, company, inner), sql.Identifier(table_of(target.model)), sql.Identifier(inner), sql.Identifier(inner),
        sql.Identifier(alias), sql.Identifier(step.name))
    return sql.SQL("coalesce({}, false)").format(found) if field.type == "boolean" else found


def _linked(field: Field, alias: str) -> sql.Composed:
    table, mine, theirs = map(sql.Identifier, field.link or ())
    return sql.SQL("coalesce((select array_agg(l.{theirs} order by l.{theirs}) from {table} as l where l.{mine} = {alias}.id), '{{}}')").format(
        table=table, mine=mine, theirs=theirs, alias=sql.Identifier(alias))


def _translated(column: sql.Composable) -> sql.Composed:
    """The first language there is; a text in none of ours is better than none at all."""
    known = sql.SQL(", ").join(sql.SQL("{} ->> {}").format(column, literal(lang)) for lang in LANGUAGES)
    return sql.SQL("coalesce({}, (select x.value from jsonb_each_text({}) as x order by x.key limit 1))").format(known, column)


def _of_company(field: Field, column: sql.Composable, default: Any, company: int | None) -> sql.Composed:
    kind = sql.SQL(CASTS.get(field.type, "text"))
    own = sql.SQL("({} ->> {})::{}").format(column, literal(str(company)), kind)
    if default is None or (default is False and field.type != "boolean"):  # Odoo's False is nothing, but for booleans
        return sql.SQL("({})").format(own)
    return sql.SQL("coalesce({}, {}::{})").format(own, literal(default if isinstance(default, bool) else str(default)), kind)
