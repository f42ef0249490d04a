"""A record as JSON text, built inside PostgreSQL.

Doing the conversion there keeps the stand-in quicker than a real Odoo, so that it is never what a benchmark measures.
False for NULL, 0.0 for a NULL number, [id, display_name] pairs, naive UTC cut to the second: facts/odoo.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from psycopg import sql

from demo.odoo.errors import InvalidValue
from demo.odoo.schema import DISPLAY, ORDER, Field, Model

ARGUMENTS = 90  # a PostgreSQL function takes at most 100 arguments
SQL_TYPE = {"integer": "bigint", "many2one": "bigint", "many2one_reference": "bigint", "boolean": "boolean", "datetime": "timestamp", "date": "date",
            "monetary": "numeric(18,2)", "float": "numeric(18,3)"}
FALSE = sql.SQL("'false'")


def literal(text: str) -> sql.SQL:
    """`text` as an SQL string literal that may stand in a statement with parameters (% doubled)."""
    return sql.SQL(sql.Literal(text).as_string().replace("%", "%%"))


class RowWriter:
    """Makes the SQL expressions for one language (`context["lang"]`), one current company and one set of corrupted values."""

    def __init__(self, model_of: Callable[[str], Model], lang: str | None = None,
                 corrupt: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None, company: int | None = None) -> None:
        self.model_of, self.lang, self.corrupt, self.company = model_of, lang or "en_US", corrupt or {}, company

    def source(self, model: Model) -> sql.Composable:
        """What stands after FROM: the table, or a model's own few rows as a sub-select."""
        if model.rows is None:
            return sql.Identifier(model.table)
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(f.column), sql.SQL(SQL_TYPE.get(f.type, "text"))) for f in model.fields.values() if f.stored)
        return sql.SQL("(select * from jsonb_to_recordset({}::jsonb) as r({}))").format(literal(json.dumps(model.rows)), columns)

    def column(self, model: Model, field: Field, alias: str = "t") -> sql.Composable:
        """The field's value in SQL: the column, the translation, the company's value, or the computed text. InvalidValue for a many2many."""
        if not field.stored:
            return self.display(model, alias)
        if field.link:
            raise InvalidValue(f"Cannot convert {model.name}.{field.name} to SQL because it is not a column")
        column = sql.SQL("{}.{}").format(sql.Identifier(alias), sql.Identifier(field.column))
        if field.translated:
            english = sql.SQL("{} ->> 'en_US'").format(column)
            if self.lang == "en_US":
                return sql.SQL("({})").format(english)
            return sql.SQL("coalesce({} ->> {}, {})").format(column, literal(self.lang), english)
        return self._of_company(model, field, column) if field.company_dependent else column

    def _of_company(self, model: Model, field: Field, column: sql.Composable) -> sql.Composable:
        """The company's value, else what ir.default says for the company, else for all companies."""
        fallback = sql.SQL("""(select d.json_value::jsonb from ir_default d join ir_model_fields f on f.id = d.field_id
            where f.model = {model} and f.name = {name} and d.user_id is null and d.condition is null
            and (d.company_id is null or d.company_id = {company}) order by d.company_id, d.id limit 1)""").format(
            model=literal(model.name), name=literal(field.column), company=sql.Literal(self.company))
        value = sql.SQL("(coalesce({} -> {}, {}) #>> '{{}}')").format(column, literal(str(self.company)), fallback)
        return sql.SQL("{}::{}").format(value, sql.SQL(SQL_TYPE.get(field.type, "text")))

    def display(self, model: Model, alias: str = "t") -> sql.Composable:
        """The record's display_name. Never NULL."""
        template = DISPLAY.get(model.name)
        if template is not None and set(re.findall(r"{(\w+)}", template)) <= set(model.fields):
            pieces = re.split(r"{(\w+)}", template)
            return sql.Composed([sql.SQL(p) if i % 2 == 0 else self.column(model, model.fields[p], alias) for i, p in enumerate(pieces)])
        key = sql.SQL("concat({}, {}.id)").format(literal(f"{model.name},"), sql.Identifier(alias))
        name = next((model.fields[n] for n in ("name", "code", "serial") if n in model.fields and model.fields[n].stored), None)
        return sql.SQL("coalesce({}, {})").format(self.column(model, name, alias), key) if name else key

    def value(self, model: Model, field: Field, pairs: bool) -> sql.Composable:
        """The field's value as JSON text. Never NULL."""
        if field.link:
            return self._corrupted(model, field, self._linked(field))
        column = self.column(model, field)
        if not field.stored:
            text = sql.SQL("to_json({})").format(column)
        elif field.type in ("integer", "many2one_reference"):
            text = sql.SQL("coalesce({}, 0)").format(column)
        elif field.type in ("float", "monetary"):
            text = sql.SQL("coalesce({}, 0.0)").format(column)  # numeric(_, 2) prints its decimals: a JSON float, not an integer
        elif field.type == "boolean":
            text = sql.SQL("case when {} then 'true' else 'false' end").format(column)
        elif field.type == "date":
            text = sql.SQL("""coalesce('"' || {} || '"', {})""").format(column, FALSE)
        elif field.type == "datetime":
            text = sql.SQL("""coalesce('"' || left({}::text, 19) || '"', {})""").format(column, FALSE)
        elif field.type == "many2one":
            text = self._pair(field, column) if pairs else sql.SQL("coalesce({}::text, {})").format(column, FALSE)
        else:
            text = sql.SQL("coalesce(to_json({})::text, {})").format(column, FALSE)
        return self._corrupted(model, field, text)

    def _linked(self, field: Field) -> sql.Composable:
        """The ids of a many2many as a JSON list, in the other model's order."""
        target, (table, own, other) = self.model_of(field.relation), field.link
        terms = [term.split() for term in ORDER.get(target.name, "id").split(",")]
        order = sql.SQL(", ").join(
            self.column(target, target.fields[name], "o") + sql.SQL(" desc" if direction else "") for name, *direction in terms)
        return sql.SQL("concat('[', (select string_agg(o.id::text, ',' order by {order}) from {table} as r join {source} as o on o.id = r.{other} "
                       "where r.{own} = t.id), ']')").format(
            order=order, table=sql.Identifier(table), source=self.source(target), other=sql.Identifier(other), own=sql.Identifier(own))

    def _pair(self, field: Field, column: sql.Composable) -> sql.Composable:
        target = self.model_of(field.relation)
        pair = "coalesce((select concat('[', p.id, ',', to_json({display}), ']') from {source} as p where p.id = {column}), {false})"
        return sql.SQL(pair).format(
            display=self.display(target, "p"), source=self.source(target), column=column, false=FALSE)

    def _corrupted(self, model: Model, field: Field, text: sql.Composable) -> sql.Composable:
        for record_id, values in self.corrupt.get(model.name, {}).items():
            if field.name in values:
                text = sql.SQL("case when t.id = {} then {} else ({})::text end").format(
                    sql.Literal(int(record_id)), literal(json.dumps(values[field.name])), text)
        return text

    def record(self, model: Model, names: Sequence[str], pairs: bool) -> sql.Composable:
        """One row of alias `t` as the text of a JSON object; `id` comes first, as in Odoo."""
        ordered = ["id", *(n for n in dict.fromkeys(names) if n != "id")]
        pieces: list[sql.Composable] = []
        for position, name in enumerate(ordered):
            pieces.append(literal(("{" if position == 0 else ",") + json.dumps(name) + ":"))
            pieces.append(self.value(model, model.fields[name], pairs))
        pieces.append(literal("}"))
        chunks = [pieces[i:i + ARGUMENTS] for i in range(0, len(pieces), ARGUMENTS)]
        return sql.SQL(" || ").join(sql.SQL("concat({})").format(sql.SQL(", ").join(chunk)) for chunk in chunks)
