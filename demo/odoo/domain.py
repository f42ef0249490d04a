"""Odoo domains to SQL conditions: prefix notation, many2one paths, and the ways Odoo treats False and NULL.

Follows odoo/osv/expression.py and `_condition_to_sql` of Odoo 18. Datetimes are compared with the column as it is stored,
microseconds included, although what is read is cut to the second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from demo.odoo.errors import InvalidValue
from demo.odoo.schema import Field, Model

Condition = tuple[sql.Composable, list[Any]]

TRUE: Condition = (sql.SQL("true"), [])
FALSE: Condition = (sql.SQL("false"), [])
COMPARE = {"=", "!=", "<>", "<", "<=", ">", ">=", "in", "not in", "like", "ilike", "not like", "not ilike", "=like", "=ilike", "any", "not any"}
ARRAY_TYPE = {"integer": "bigint[]", "many2one": "bigint[]", "many2one_reference": "bigint[]", "float": "numeric[]", "monetary": "numeric[]", "boolean": "boolean[]",
              "date": "date[]", "datetime": "timestamp[]"}


@dataclass(frozen=True)
class Scope:
    """What a condition may need to know: the models, how to value a field, how to restrict another model's rows."""

    model_of: Callable[[str], Model]
    column: Callable[[Model, Field, str], sql.Composable]
    source: Callable[[Model], sql.Composable]
    rules: Callable[[Model, str], Condition]


def both(*conditions: Condition) -> Condition:
    """The conjunction; nothing to say means true."""
    kept = [c for c in conditions if c is not TRUE]
    if not kept:
        return TRUE
    return sql.SQL(" and ").join(sql.SQL("({})").format(c[0]) for c in kept), [p for c in kept for p in c[1]]


def mentions(domain: list[Any], name: str) -> bool:
    """Whether a leaf of the domain is about the field `name`."""
    return any(isinstance(leaf, (list, tuple)) and len(leaf) == 3 and leaf[0] == name for leaf in domain)


def compile_domain(scope: Scope, model: Model, domain: list[Any] | None, alias: str = "t") -> Condition:
    """The SQL condition on `alias` that the domain means. Raises InvalidValue where Odoo raises ValueError."""
    if not isinstance(domain or [], (list, tuple)):
        raise InvalidValue(f"Domain {domain!r} should be a list")
    stack: list[Condition] = []
    for token in reversed(list(domain or [])):
        if token == "!":
            text, params = _pop(stack, domain)
            # a comparison with NULL is unknown, and Odoo's negation of a false leaf holds
            stack.append((sql.SQL("not coalesce({}, false)").format(text), params))
        elif token in ("&", "|"):
            left, right = _pop(stack, domain), _pop(stack, domain)
            word = sql.SQL(" and " if token == "&" else " or ")
            stack.append((sql.SQL("({}{}{})").format(left[0], word, right[0]), [*left[1], *right[1]]))
        else:
            stack.append(_leaf(scope, model, token, alias))
    return both(*reversed(stack))


def _pop(stack: list[Condition], domain: Any) -> Condition:
    if not stack:
        raise InvalidValue(f"Malformed domain {domain!r}")
    return stack.pop()


def _leaf(scope: Scope, model: Model, leaf: Any, alias: str) -> Condition:
    if not isinstance(leaf, (list, tuple)) or len(leaf) != 3:
        raise InvalidValue(f"Invalid leaf {leaf!r}")
    left, operator, right = leaf
    if (left, operator, right) in ((1, "=", 1), (0, "=", 1)):
        return TRUE if left else FALSE
    if not isinstance(left, str) or operator not in COMPARE:
        raise InvalidValue(f"Invalid leaf {tuple(leaf)!r}")
    head, _, tail = left.partition(".")
    field = model.fields.get(head)
    if field is None:
        raise InvalidValue(f"Invalid field {model.name}.{head} in leaf {tuple(leaf)!r}")
    if tail or operator in ("any", "not any"):
        if field.type != "many2one":
            raise InvalidValue(f"Invalid field {model.name}.{left} in leaf {tuple(leaf)!r}")
        return _through(scope, model, field, [[tail, operator, right]] if tail else right, alias, operator == "not any" and not tail)
    if field.link:
        return _linked(field, operator, right, alias, leaf)
    return _compare(scope.column(model, field, alias), field, operator, right)


def _linked(field: Field, operator: str, value: Any, alias: str, leaf: Any) -> Condition:
    """A many2many: whether any of its ids is one of those asked for; False means none."""
    if operator not in ("=", "!=", "in", "not in"):
        raise InvalidValue(f"Invalid domain term {tuple(leaf)!r}")
    table, own, other = map(sql.Identifier, field.link)
    wanted = list(value) if isinstance(value, (list, tuple)) else [value]
    ids = [v for v in wanted if v is not False and v is not None]
    some = sql.SQL("exists (select from {} as r where r.{} = {}.id").format(table, own, sql.Identifier(alias))
    text, params = sql.SQL("{} and r.{} = any(%s::bigint[]))").format(some, other), [ids]
    if len(ids) < len(wanted):
        text = sql.SQL("({} or not {}))").format(text, some)
    return (sql.SQL("not {}").format(text) if operator in ("!=", "not in") else text), params


def _through(scope: Scope, model: Model, field: Field, inner: list[Any], alias: str, negated: bool) -> Condition:
    """A condition on the record a many2one points at: archived ones count, those a rule hides do not."""
    target = scope.model_of(field.relation)
    other = alias + "_"
    condition = both(compile_domain(scope, target, inner, other), scope.rules(target, other))
    text = sql.SQL("{col} {op} (select {other}.id from {source} as {other} where {condition})").format(
        col=scope.column(model, field, alias), op=sql.SQL("in"), other=sql.Identifier(other), source=scope.source(target), condition=condition[0])
    return (sql.SQL("not coalesce({}, false)").format(text) if negated else text), condition[1]


def _compare(column: sql.Composable, field: Field, operator: str, value: Any) -> Condition:
    operator = {"<>": "!="}.get(operator, operator)
    if operator in ("in", "not in") or isinstance(value, (list, tuple)):
        return _membership(column, field, {"=": "in", "!=": "not in"}.get(operator, operator), value)
    if field.type == "boolean" and operator in ("=", "!="):
        wanted = bool(value) == (operator == "=")
        return sql.SQL("coalesce({}, false) is {}").format(column, sql.SQL("true" if wanted else "false")), []
    if operator in ("=", "!=") and (value is False or value is None):
        return sql.SQL("{} is {}null").format(column, sql.SQL("" if operator == "=" else "not ")), []
    if "like" in operator:
        return _like(column, field, operator, value)
    if value is False or value is None:
        return FALSE  # compared with nothing
    value = _whole_day(field, operator, value)
    text = sql.SQL("{} {} {}").format(column, sql.SQL("<>" if operator == "!=" else operator), _placeholder(field))
    if operator == "!=":
        text = sql.SQL("({} or {} is null)").format(text, column)
    return text, [value]


def _whole_day(field: Field, operator: str, value: Any) -> Any:
    """A date compared with a datetime means the day's first or last second, as in Odoo."""
    if field.type == "datetime" and isinstance(value, str) and len(value) == 10:
        return value + (" 23:59:59" if operator in (">", "<=") else " 00:00:00")
    return value


def _placeholder(field: Field) -> sql.SQL:
    return sql.SQL("%s::" + ARRAY_TYPE[field.type][:-2] if field.type in ARRAY_TYPE else "%s")


def _membership(column: sql.Composable, field: Field, operator: str, value: Any) -> Condition:
    if isinstance(value, bool) or value is None:
        return _compare(column, field, "=" if operator == "in" else "!=", value)
    if not isinstance(value, (list, tuple)):
        raise InvalidValue(f"Invalid domain term {(field.name, operator, value)!r}")
    if field.type == "boolean":
        kept = {bool(v) for v in value}
        if operator == "not in":
            kept = {True, False} - kept
        return sql.SQL("coalesce({}, false) = any(%s::boolean[])").format(column), [sorted(kept)]
    kept = [v for v in value if v is not False and v is not None]
    with_null = len(kept) < len(value)
    array = sql.SQL("%s::" + ARRAY_TYPE.get(field.type, "text[]"))
    if operator == "in":
        text = sql.SQL("{} = any({})").format(column, array)
        return (sql.SQL("({} or {} is null)").format(text, column) if with_null else text), [kept]
    if operator != "not in":
        raise InvalidValue(f"Invalid domain term {(field.name, operator, value)!r}")
    text = sql.SQL("{} <> all({})").format(column, array)
    glue = sql.SQL("({} and {} is not null)" if with_null else "({} or {} is null)")
    return glue.format(text, column), [kept]


def _like(column: sql.Composable, field: Field, operator: str, value: Any) -> Condition:
    negative, exact = operator.startswith("not "), operator.startswith("=")
    if not value and not exact:
        return FALSE if negative else TRUE  # Odoo: like '' matches everything, NULL included
    word = sql.SQL(("not " if negative else "") + ("ilike" if "ilike" in operator else "like"))
    pattern = str(value) if exact else f"%{value}%"  # Odoo does not escape % and _ either
    text = sql.SQL("{}::text {} %s").format(column, word)
    return (sql.SQL("({} or {} is null)").format(text, column) if negative else text), [pattern]
