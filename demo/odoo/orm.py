"""The model methods the stand-in answers, with Odoo 18's signatures, rights and errors. Reading only."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql

from demo.odoo import schema
from demo.odoo.domain import TRUE, Condition, Scope, both, compile_domain, mentions
from demo.odoo.errors import AccessError, BadCall, ConnectionDropped, InvalidValue, OdooError, UnknownMethod, UserError
from demo.odoo.knobs import KnobState
from demo.odoo.rows import RowWriter
from demo.odoo.schema import Field, Model

SUPERUSER = 1  # OdooBot: no record rule binds it
ORDER_TERM = re.compile(r'^\s*("?)([a-z_][\w.]*)\1(\s+(asc|desc))?(\s+nulls\s+(first|last))?\s*$', re.IGNORECASE)
AGGREGATE = re.compile(r"(\w+)(?::(sum|max|min)(?:\((\w+)\))?)?")  # field, field:function or name:function(field)
WRITERS = {"create": "create", "write": "modify", "unlink": "delete", "copy": "create"}


class Json(bytes):
    """A result that is JSON text already."""


@dataclass(frozen=True)
class User:
    """Who calls."""

    uid: int
    login: str
    name: str
    company_id: int | None


def effective_models(knobs: KnobState) -> dict[str, Model]:
    """The models after schema drift: fields removed, renamed, of another type, or added."""
    found = dict(schema.models())
    for name in {*knobs.removed_fields, *knobs.renamed_fields, *knobs.added_fields, *knobs.retyped_fields} & set(found):
        gone, renamed = knobs.removed_fields.get(name, ()), knobs.renamed_fields.get(name, {})
        fields = {f.name: f for f in found[name].fields.values() if f.name not in gone}
        for changed in (knobs.retyped_fields, knobs.added_fields):
            fields |= {field: schema.parse_field(field, declared) for field, declared in changed.get(name, {}).items()}
        found[name] = replace(found[name], fields={renamed.get(f.name, f.name): replace(f, name=renamed.get(f.name, f.name)) for f in fields.values()})
    return found


class Registry:
    """What one version of the knobs makes of the models, with the row expressions made so far."""

    def __init__(self, knobs: KnobState) -> None:
        self.knobs = knobs
        self.models = effective_models(knobs)
        self.methods = dict(METHODS)
        self.records: dict[tuple[str, tuple[str, ...], bool, str | None, int | None], str] = {}

    def model(self, name: str) -> Model:
        """Raises UserError as Odoo does for a model it does not have."""
        try:
            return self.models[name]
        except (KeyError, TypeError):
            raise UserError(f"Object {name} doesn't exist") from None


class Environment:
    """One call: the user, the context, a connection."""

    def __init__(self, registry: Registry, conn: psycopg.Connection, user: User, context: dict[str, Any] | None = None) -> None:
        self.registry, self.conn, self.user, self.context = registry, conn, user, context or {}
        self.knobs = registry.knobs
        lang = self.context.get("lang")
        if lang and lang not in schema.LANGUAGES:
            raise UserError(f"Invalid language code: {lang}")
        self.companies = self._companies()
        self.company = self.companies[0] if self.companies else user.company_id
        self.writer = RowWriter(registry.model, lang or None, self.knobs.corrupt, self.company)
        self.scope = Scope(registry.model, self.writer.column, self.writer.source, self.rules)

    def _companies(self) -> list[int]:
        mine = self.knobs.companies if self.knobs.companies is not None else [c for c in [self.user.company_id] if c]
        asked = self.context.get("allowed_company_ids")
        if not asked:
            return mine
        if self.user.uid != SUPERUSER and not set(asked) <= set(mine):
            raise AccessError("Access to unauthorized or invalid companies.")
        return list(asked)

    def rules(self, model: Model, alias: str = "t") -> Condition:
        """What this user may see of the model: the multi-company rule, and the rows a test hid."""
        if self.user.uid == SUPERUSER:
            return TRUE
        conditions: list[Condition] = []
        table = sql.Identifier(alias)
        if model.by_company:
            conditions.append((sql.SQL("{0}.company_id is null or {0}.company_id = any(%s::bigint[])").format(table), [self.companies]))
        if model.name == "res.users.apikeys":  # one's own
            conditions.append((sql.SQL("{}.user_id = %s").format(table), [self.user.uid]))
        hidden = self.knobs.hidden_ids.get(model.name)
        if hidden:
            conditions.append((sql.SQL("{}.id <> all(%s::bigint[])").format(table), [list(hidden)]))
        return both(*conditions)

    def check_model(self, model: Model, verb: str = "access") -> None:
        """Raises AccessError when the user has no right on the model at all."""
        if verb != "access" or (model.name in self.knobs.denied_models and self.user.uid != SUPERUSER):
            raise AccessError(f"You are not allowed to {verb} '{schema.label(model.name.replace('.', '_'))}' ({model.name}) records.\n\n"
                              "Contact your administrator to request access if necessary.")

    def call(self, model_name: str, method: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Run a public method. Raises the OdooError that Odoo would answer."""
        model = self.registry.model(model_name)
        if method.startswith("_"):
            raise AccessError(f"Private methods (such as '{model_name}.{method}') cannot be called remotely.")
        if method in WRITERS:
            self.check_model(model, WRITERS[method])
        function = self.registry.methods.get(method) or USER_METHODS.get((model_name, method))
        if function is None:
            raise UnknownMethod(f"The method '{model_name}.{method}' does not exist")
        try:
            bound = inspect.signature(function).bind(self, model, *args, **kwargs)
        except TypeError as error:
            raise BadCall(f"BaseModel.{method}() {error}") from None
        return function(*bound.args, **bound.kwargs)


def select(env: Environment, model: Model, what: sql.Composable, domain: Any, offset: Any = 0, limit: Any = None,
           order: str | None = None) -> list[str]:
    """The text column `what` of the records that the domain finds and the user may see, in order."""
    env.check_model(model)
    condition = both(compile_domain(env.scope, model, domain), _active(env, model, domain), env.rules(model))
    query = sql.SQL("select {} from {} as t where {} order by {}").format(what, env.writer.source(model), condition[0], _order(env, model, order))
    params = condition[1]
    if limit:  # Odoo: 0, False and None all mean no limit
        query, params = query + sql.SQL(" limit %s"), [*params, int(limit)]
    if offset:
        query, params = query + sql.SQL(" offset %s"), [*params, int(offset)]
    return [row[0] for row in _execute(env, query, params)]


def _execute(env: Environment, query: sql.Composable, params: list[Any]) -> list[tuple[Any, ...]]:
    try:
        return env.conn.execute(query, params, prepare=True).fetchall()
    except psycopg.DataError as error:  # a value of another type than the field's
        raise InvalidValue(str(error.diag.message_primary)) from None


def _active(env: Environment, model: Model, domain: Any) -> Condition:
    if model.archivable and env.context.get("active_test", True) and not mentions(domain or [], "active"):
        return sql.SQL("t.active"), []
    return TRUE


def _order(env: Environment, model: Model, order: str | None) -> sql.Composable:
    terms = []
    for term in (order or schema.ORDER.get(model.name, "id")).split(","):
        match = ORDER_TERM.match(term)
        if not match:
            raise UserError(f'Invalid "order" specified ({order}). A valid "order" specification is a comma-separated list of valid field names '
                            '(optionally followed by asc/desc for the direction)')
        field = model.fields.get(match[2])
        if field is None:
            if order is None:
                continue  # a field of the default order that schema drift took away
            raise InvalidValue(f"Invalid field {match[2]!r} on model {model.name!r}")
        direction = sql.SQL(" desc" if (match[4] or "").lower() == "desc" else " asc")
        nulls = sql.SQL(f" nulls {match[6].lower()}") if match[6] else sql.SQL("")
        terms.append(env.writer.column(model, field) + direction + nulls)
    return sql.SQL(", ").join(terms) if terms else sql.SQL("t.id")


def _names(model: Model, fields: Any) -> list[str]:
    names = list(fields) if fields else list(model.fields)
    for name in names:
        if name not in model.fields:
            raise InvalidValue(f"Invalid field {name!r} on model {model.name!r}")
    return names


def _record(env: Environment, model: Model, names: list[str], load: Any) -> sql.SQL:
    pairs = load == "_classic_read"
    key = (model.name, tuple(names), pairs, env.context.get("lang") or None, env.company)
    text = env.registry.records.get(key)
    if text is None:
        text = env.registry.records[key] = env.writer.record(model, names, pairs).as_string()
    return sql.SQL(text)


def _rows(env: Environment, rows: list[str]) -> Json:
    if env.knobs.page_limit is not None and len(rows) > env.knobs.page_limit:
        raise ConnectionDropped
    return Json(("[" + ",".join(rows) + "]").encode())


def search(env: Environment, model: Model, domain: Any, offset: int = 0, limit: int | None = None, order: str | None = None) -> Json:
    return Json(("[" + ",".join(select(env, model, sql.SQL("t.id::text"), domain, offset, limit, order)) + "]").encode())


def search_count(env: Environment, model: Model, domain: Any, limit: int | None = None) -> int:
    env.check_model(model)
    condition = both(compile_domain(env.scope, model, domain), _active(env, model, domain), env.rules(model))
    source = sql.SQL("from {} as t where {}").format(env.writer.source(model), condition[0])
    if limit:
        query = sql.SQL("select count(*) from (select {} limit %s) as found").format(source)
        return _execute(env, query, [*condition[1], int(limit)])[0][0]
    return _execute(env, sql.SQL("select count(*) {}").format(source), condition[1])[0][0]


def search_read(env: Environment, model: Model, domain: Any = None, fields: Any = None, offset: int = 0, limit: int | None = None,
                order: str | None = None, load: Any = "_classic_read") -> Json:
    env.check_model(model)
    record = _record(env, model, _names(model, fields), load)
    return _rows(env, select(env, model, record, domain, offset, limit, order))


def read(env: Environment, model: Model, ids: Any, fields: Any = None, load: Any = "_classic_read") -> Json:
    env.check_model(model)
    ids = list(ids) if isinstance(ids, (list, tuple)) else [ids]
    if any(i.__class__ is not int for i in ids):
        raise InvalidValue(f"Invalid ids list: {ids!r}")
    record = _record(env, model, _names(model, fields), load)
    rule = env.rules(model)
    # archived or not, read gives what is asked for; ids that do not exist are left out; a hidden one is an error
    query = sql.SQL("""select {record}, {rule} from unnest(%s::bigint[]) with ordinality as wanted(id, position)
                       join {source} as t on t.id = wanted.id order by wanted.position""").format(
        record=record, rule=rule[0], source=env.writer.source(model))
    rows = _execute(env, query, [*rule[1], ids])
    if not all(row[1] for row in rows):
        raise AccessError("Uh-oh! Looks like you have stumbled upon some top-secret records.\n\n"
                          f"Sorry, {env.user.name} (id={env.user.uid}) doesn't have 'read' access to:\n"
                          f"- {schema.label(model.name.replace('.', '_'))} ({model.name})")
    return _rows(env, [row[0] for row in rows])


def exists(env: Environment, model: Model, ids: Any) -> Json:
    ids = list(ids) if isinstance(ids, (list, tuple)) else [ids]
    query = sql.SQL("select t.id::text from {} as t where t.id = any(%s::bigint[]) order by t.id").format(env.writer.source(model))
    return Json(("[" + ",".join(row[0] for row in _execute(env, query, [ids])) + "]").encode())


def fields_get(env: Environment, model: Model, allfields: Any = None, attributes: Any = None) -> dict[str, dict[str, Any]]:
    env.check_model(model)
    return {name: _describe(model, field, attributes) for name, field in model.fields.items() if not allfields or name in allfields}


def _describe(model: Model, field: Field, attributes: Any) -> dict[str, Any]:
    described: dict[str, Any] = {
        "type": field.type, "name": field.name, "string": schema.label(field.name), "store": field.stored, "required": field.required,
        "readonly": not field.stored or field.name in schema.MAGIC, "searchable": True, "sortable": field.in_table, "groupable": field.stored,
        "manual": False, "depends": [], "company_dependent": field.company_dependent,
    }
    if field.relation:
        described |= {"relation": field.relation, "domain": [], "context": {}}
    if field.type == "char":
        described |= {"translate": field.translated, "trim": True}
    if field.type == "selection":
        described["selection"] = schema.selections().get(model.name, {}).get(field.name, [])
    if field.type in ("monetary", "float") or (field.type == "integer" and field.name != "id"):
        described["aggregator"] = "sum"
    return {k: v for k, v in described.items() if not attributes or k in attributes}


def read_group(env: Environment, model: Model, domain: Any, fields: Any, groupby: Any, offset: int = 0, limit: int | None = None,
               orderby: str | bool = False, lazy: bool = True) -> list[dict[str, Any]]:
    """Counts, sums, highest and lowest values (`total:sum(amount)`) by plain fields and by days (`date:day`): what a reconciliation needs."""
    env.check_model(model)
    groups = [groupby] if isinstance(groupby, str) else list(groupby or [])
    groups = groups[:1] if lazy else groups
    asked = [AGGREGATE.fullmatch(f) for f in fields or [] if f.partition(":")[0] not in groups and f != "__count"]
    for name in [*(g.partition(":")[0] for g in groups), *(m and (m[3] or m[1]) for m in asked)]:
        if name not in model.fields:
            raise InvalidValue(f"Invalid field {name!r} on model {model.name!r}")
    for name in groups:
        if ":" in name and (not name.endswith(":day") or model.fields[name[:-4]].type != "date"):
            raise InvalidValue(f"the stand-in groups dates by day only, not {name!r}")
    asked = [m for m in asked if m[2] in ("max", "min") or model.fields[m[3] or m[1]].type in ("monetary", "float", "integer")]
    condition = both(compile_domain(env.scope, model, domain), _active(env, model, domain), env.rules(model))
    keys = [env.writer.column(model, model.fields[g.partition(":")[0]]) for g in groups]
    sums = [m[1] for m in asked]
    totals = [_aggregate(m[2] or "sum", env.writer.column(model, model.fields[m[3] or m[1]])) for m in asked]
    grouping = sql.SQL(" group by {0} order by {0}").format(sql.SQL(", ").join(keys)) if keys else sql.SQL("")
    query = sql.SQL("select {} from {} as t where {}").format(
        sql.SQL(", ").join([*keys, sql.SQL("count(*)"), *totals]), env.writer.source(model), condition[0]) + grouping
    out = []
    for row in _execute(env, query, condition[1]):
        values = dict(zip(groups, row, strict=False))
        counts = f"{groups[0].partition(':')[0]}_count" if lazy and groups else "__count"
        ranges = {g: _day_range(v) for g, v in values.items() if g.endswith(":day")}
        out.append({**{g: False if v is None else v.strftime("%d %b %Y") if g in ranges else v for g, v in values.items()}, counts: row[len(groups)],
                    **dict(zip(sums, row[len(groups) + 1:], strict=True)), **({"__range": ranges} if ranges else {}),
                    "__domain": [*(domain or []), *(leaf for g, v in values.items() for leaf in _group_domain(g, v, ranges.get(g)))]})
    return out[offset:][:limit or None]


def _aggregate(function: str, column: sql.Composable) -> sql.Composable:
    """Σ as Odoo gives it, a float and 0 of nothing; the highest or lowest value as it is."""
    if function == "sum":
        return sql.SQL("coalesce(sum({}), 0)::float8").format(column)
    return sql.SQL("{}({})").format(sql.SQL({"max": "max", "min": "min"}[function]), column)


def _day_range(value: Any) -> Any:
    """Where a day begins and ends, as read_group says it; False for the records without a date."""
    return {"from": value.isoformat(), "to": (value + timedelta(days=1)).isoformat()} if value else False


def _group_domain(group: str, value: Any, days: Any) -> list[Any]:
    """The leaves that find the records of a group."""
    name = group.partition(":")[0]
    return ["&", [name, ">=", days["from"]], [name, "<", days["to"]]] if days else [[name, "=", False if value is None else value]]


def name_search(env: Environment, model: Model, name: str = "", args: Any = None, operator: str = "ilike", limit: int = 100) -> Json:
    domain = [*(args or []), *([["display_name", operator, name]] if name else [])]
    pair = sql.SQL("concat('[', t.id, ',', to_json({}), ']')").format(env.writer.display(model))
    return Json(("[" + ",".join(select(env, model, pair, domain, 0, limit)) + "]").encode())


def check_access_rights(env: Environment, model: Model, operation: str, raise_exception: bool = True) -> bool:
    allowed = operation == "read" and (model.name not in env.knobs.denied_models or env.user.uid == SUPERUSER)
    if not allowed and raise_exception:
        env.check_model(model, {"write": "modify", "unlink": "delete"}.get(operation, operation if operation == "create" else "access"))
    return allowed


def has_access(env: Environment, model: Model, ids: Any, operation: str) -> bool:
    return check_access_rights(env, model, operation, raise_exception=False)


def context_get(env: Environment, model: Model) -> dict[str, Any]:
    return {"lang": "es_DO", "tz": "America/Santo_Domingo", "uid": env.user.uid}


METHODS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    search, search_count, search_read, read, exists, fields_get, read_group, name_search, check_access_rights, has_access)}
USER_METHODS: dict[tuple[str, str], Callable[..., Any]] = {("res.users", "context_get"): context_get}

__all__ = ["Environment", "Json", "OdooError", "Registry", "User"]
