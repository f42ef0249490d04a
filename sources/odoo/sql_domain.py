"""The domain of an entity as an SQL condition: the terms that mappings use. Anything else is refused, never guessed.

Follows Odoo 18's expression.py: prefix notation, many2one paths, False as NULL, `!=` and `not …` that hold for NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from sources.contract import Entity, MappingError
from sources.odoo.sql_catalogue import Catalogue, Field, table_of
from sources.odoo.sql_expressions import literal, value

COMPARE = ("=", "!=", "<>", "<", "<=", ">", ">=")
LIKE = ("like", "ilike", "not like", "not ilike", "=like", "=ilike")
TRUE = sql.SQL("true")


@dataclass(frozen=True)
class Domain:
    """Makes conditions for one entity. `companies` restricts the rows of every model that belongs to a company (None: no restriction)."""

    entity: Entity
    catalogue: Catalogue
    companies: tuple[int, ...] | None
    company: int | None

    def condition(self, alias: str = "t") -> sql.Composable:
        """The rows of the entity that are shown. Raises MappingError (file:line) for a term that is not supported here."""
        return _both(self._compile(self.entity.model, self.entity.domain, alias), self._rule(self.entity.model, alias))

    def _rule(self, model: str, alias: str) -> sql.Composable:
        if self.companies is None or model not in self.catalogue.shared:
            return TRUE
        column = sql.SQL("{}.company_id").format(sql.Identifier(alias))
        return sql.SQL("({0} is null or {0} in ({1}))").format(column, sql.SQL(", ").join(map(literal, self.companies)))

    def _compile(self, model: str, terms: Sequence[Any], alias: str) -> sql.Composable:
        stack: list[sql.Composable] = []
        try:
            for term in reversed(terms):
                if term == "!":  # a comparison with NULL is unknown, and Odoo's negation of it holds
                    stack.append(sql.SQL("(not coalesce({}, false))").format(stack.pop()))
                elif term in ("&", "|"):
                    stack.append(sql.SQL("({} {} {})").format(stack.pop(), sql.SQL("and" if term == "&" else "or"), stack.pop()))
                else:
                    stack.append(self._leaf(model, term, alias))
        except IndexError:
            raise self._refuse(list(terms), "a un operador le falta un término") from None
        return _both(*reversed(stack))

    def _leaf(self, model: str, leaf: Any, alias: str) -> sql.Composable:
        if not isinstance(leaf, list | tuple) or len(leaf) != 3 or not isinstance(leaf[0], str):
            raise self._refuse(leaf, "se esperaba [campo, operador, valor]")
        path, operator, wanted = leaf
        name, _, rest = path.partition(".")
        field = self.catalogue.models.get(model, {}).get(name)
        if field is None:
            raise self._refuse(leaf, f"{model} no tiene el campo {name!r}")
        if rest:
            return self._through(field, (rest, operator, wanted), alias)
        if field.type in ("one2many", "many2many"):
            return self._linked(field, leaf, alias)
        if not field.in_database:
            raise self._refuse(leaf, f"{name!r} es calculado y no está en la base de datos")
        return self._compare(field, value(field, self.catalogue, self.company, alias), leaf)

    def _through(self, field: Field, leaf: tuple[str, Any, Any], alias: str) -> sql.Composable:
        """A condition on the record that a many2one points at: archived ones count, those of other companies do not."""
        if field.type != "many2one" or not field.relation or not field.in_database:
            raise self._refuse(leaf, f"no se puede pasar por {field.name!r}, que no es un many2one guardado")
        other = alias + "_"
        return sql.SQL("{} in (select {}.id from {} as {} where {})").format(
            value(field, self.catalogue, self.company, alias), sql.Identifier(other), sql.Identifier(table_of(field.relation)), sql.Identifier(other),
            _both(self._compile(field.relation, [leaf], other), self._rule(field.relation, other)))

    def _linked(self, field: Field, leaf: Sequence[Any], alias: str) -> sql.Composable:
        """Whether there is any record on the other side."""
        _, operator, wanted = leaf
        if field.type == "many2many" and field.link:
            table, back = field.link[0], field.link[1]
        elif field.type == "one2many" and field.relation and field.relation_field:
            table, back = table_of(field.relation), field.relation_field
        else:
            raise self._refuse(leaf, f"la base no dice dónde están los registros de {field.name!r}")
        if operator not in ("=", "!=") or not (wanted is False or wanted is None):
            raise self._refuse(leaf, f"de {field.name!r} sólo se puede preguntar si hay alguno: `!= false` o `= false`")
        found = sql.SQL("exists (select from {} as l where l.{} = {}.id)").format(sql.Identifier(table), sql.Identifier(back), sql.Identifier(alias))
        return found if operator == "!=" else sql.SQL("(not {})").format(found)

    def _compare(self, field: Field, column: sql.Composable, leaf: Sequence[Any]) -> sql.Composable:
        _, operator, wanted = leaf
        operator = "!=" if operator == "<>" else operator
        if operator in ("in", "not in") and isinstance(wanted, list | tuple):
            return _membership(column, operator == "in", wanted)
        if operator in LIKE and isinstance(wanted, str):
            return _like(column, operator, wanted)
        if operator not in COMPARE or isinstance(wanted, list | tuple | dict):
            raise self._refuse(leaf, f"el operador {operator!r} con ese valor no se admite por SQL")
        if field.type == "boolean":
            if operator not in ("=", "!="):
                raise self._refuse(leaf, "un campo de sí o no sólo se compara con = y !=")
            return sql.SQL("{} is {}").format(column, sql.SQL("true" if bool(wanted) == (operator == "=") else "false"))
        if wanted is False or wanted is None:
            if operator not in ("=", "!="):
                raise self._refuse(leaf, "nada es mayor ni menor que false")
            return sql.SQL("{} is {}null").format(column, sql.SQL("" if operator == "=" else "not "))
        if field.type == "datetime" and isinstance(wanted, str) and len(wanted) == 10:  # Odoo: the day's first or last second
            wanted += " 23:59:59" if operator in (">", "<=") else " 00:00:00"
        text = sql.SQL("{} {} {}").format(column, sql.SQL("<>" if operator == "!=" else operator), literal(wanted))
        return sql.SQL("({} or {} is null)").format(text, column) if operator == "!=" else text

    def _refuse(self, term: Any, reason: str) -> MappingError:
        return MappingError(
            f"{self.entity.file}:{self.entity.line}: {self.entity.name}: el transporte sql no entiende el término {term!r} del dominio: {reason}. "
            "Escríbalo de otra forma, o replique esta entidad con ODOO_TRANSPORT=rpc.")


def _both(*conditions: sql.Composable) -> sql.Composable:
    kept = [c for c in conditions if c is not TRUE]
    return sql.SQL(" and ").join(kept) if kept else TRUE


def _membership(column: sql.Composable, within: bool, wanted: Sequence[Any]) -> sql.Composable:
    values = [v for v in wanted if v is not False and v is not None]
    with_null = len(values) < len(wanted)
    if not values:
        null = sql.SQL("{} is {}null").format(column, sql.SQL("" if within else "not "))
        return null if with_null else sql.SQL("false" if within else "true")
    listed = sql.SQL(", ").join(map(literal, values))
    if within:
        text = sql.SQL("{} in ({})").format(column, listed)
        return sql.SQL("({} or {} is null)").format(text, column) if with_null else text
    text = sql.SQL("{} not in ({})").format(column, listed)
    return sql.SQL("({} and {} is not null)" if with_null else "({} or {} is null)").format(text, column)


def _like(column: sql.Composable, operator: str, wanted: str) -> sql.Composable:
    negative, exact = operator.startswith("not "), operator.startswith("=")
    if not wanted and not exact:  # Odoo: like '' holds for all, NULL too
        return sql.SQL("false") if negative else sql.SQL("true")
    word = sql.SQL(("not " if negative else "") + ("ilike" if "ilike" in operator else "like"))
    text = sql.SQL("{}::text {} {}").format(column, word, literal(wanted if exact else f"%{wanted}%"))
    return sql.SQL("({} or {} is null)").format(text, column) if negative else text
