"""Superset's security manager for Caudal: rows by `ops.current_access`, deny by default, wherever Superset reads a dataset.

Runs in Superset's own interpreter (CUSTOM_SECURITY_MANAGER). What it adds to Superset's:

- the row rules published from `row_rules/*.yml` become, for each request, a literal condition: `{{ filas("municipality_code", "sector_code") }}` that
  of the user's own rows, `{{ filas(toda_la_empresa) }}` true for who sees all of the utility, `{{ filas(cualquiera) }}` for who sees any of it,
  `{{ filas(toda_la_empresa, "is_reserved") }}` the latter on rows that are not reserved and the former on those that are; other words, false. Literal,
  so that the cache's key differs as soon as the access does: a revoked one counts at once;
- a dataset without such a rule shows no row, but to who sees all of the utility: one made by hand in the screens, or whose rule was deleted;
- nothing is public: who has not logged in has no permission, not even one that somebody gave to the role Public;
- free SQL (a written metric, column or filter) and SQL Lab are for who sees all of the utility: no parser has to be trusted with rows;
- a guest's token counts only for an access of role `invitado`, whatever name it carries, and asks for what the dashboard shows, nothing else;
- every door that takes a password has the same limit, and a session ends PERMANENT_SESSION_LIFETIME after its log-in, used or not.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Flask, current_app, g, has_request_context, session
from flask_login import LoginManager, user_logged_in
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException
from superset.security import SupersetSecurityManager

from superset_assets.security_names import ANYBODY, CODE, EVERYTHING, GUEST_ROLE, NOTHING, WHOLE_UTILITY

SQL_LAB_VIEWS = {
    "SQLLab", "SQL Lab", "SQL Editor", "Query", "Query Search", "Saved Queries", "SavedQuery", "TabStateView", "TableSchemaView",
    "SqlLabPermalinkRestApi",
}
_RULE = re.compile(r"\{\{ filas\((?P<who>[^{}]*)\) \}\}")
_COLUMNS = re.compile(r"(?P<municipality>\"\w+\"|none), (?P<sector>\"\w+\"|none)")
_RESERVED = re.compile(WHOLE_UTILITY + r", \"(?P<column>\w+)\"")
_SINCE = "caudal_since"  # of the session: when it was logged in
_engine = sa.create_engine(os.environ["CAUDAL_SUPERSET_READ_URI"], pool_size=2, max_overflow=6, pool_pre_ping=True)
Row = tuple[str | None, str | None]  # municipality, sector; both None: all


_STANDING = sa.text("""
    select
        (select coalesce(jsonb_agg(distinct jsonb_build_array(municipality_code, sector_code)), '[]')
         from ops.current_access where user_name = :name and (role = :guest) = :is_guest),
        (select published_build_id from ops.data_status)""")


_PERMISSIONS = sa.text("""
    select distinct p.name, v.name from ab_permission_view_role as r
    join ab_permission_view as pv on pv.id = r.permission_view_id
    join ab_permission as p on p.id = pv.permission_id join ab_view_menu as v on v.id = pv.view_menu_id
    where r.role_id = any(:roles)""")


class Standing(NamedTuple):
    """What a request needs to know of the warehouse: the rows of its user, and which publication the marts are of."""

    rows: list[Row]
    publication: str


class Rule(NamedTuple):
    """What Superset's own code reads of a row rule."""

    id: int
    group_key: str | None
    clause: str


def condition(rows: Iterable[Row], municipality: str | None, sector: str | None) -> str:
    """SQL that is true on the rows of `rows`, where a dataset has these columns. No rows: false."""
    rows = sorted(set(rows), key=str)
    if (None, None) in rows:
        return EVERYTHING
    bad = [code for row in rows for code in row if code is not None and not CODE.fullmatch(code)]
    if bad:
        raise ValueError(f"a code of ops.user_access cannot be part of a rule: {bad[0]!r}")
    terms = []
    whole = [m for m, s in rows if s is None]
    if municipality and whole:
        terms.append(f"{municipality} in ({_listed(whole)})")
    alone = [s for m, s in rows if s is not None and m is None]
    if sector and alone:
        terms.append(f"{sector} in ({_listed(alone)})")
    if sector and municipality:
        terms += [f"({municipality} = '{m}' and {sector} = '{s}')" for m, s in rows if m is not None and s is not None]
    return " or ".join(terms) or NOTHING


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


def _start_session(sender: Flask, **_: Any) -> None:
    session.permanent = True
    session[_SINCE] = time.time()


class CaudalSecurityManager(SupersetSecurityManager):
    """See the head of this file."""

    def create_login_manager(self, app: Flask) -> LoginManager:
        """Superset's own, for sessions that end."""
        manager = super().create_login_manager(app)
        manager.user_loader(self.load_user_of_session)
        # flask-login's is of address and browser, and Superset keeps a dashboard's filters by it: two people behind one proxy would share theirs
        of_browser = manager._session_identifier_generator
        manager._session_identifier_generator = lambda: f"{of_browser()}:{session.get('_user_id')}"
        user_logged_in.connect(_start_session)  # every sender: `app` is a proxy here, and no signal comes from a proxy
        return manager

    def load_user_of_session(self, number: str) -> Any:
        """The user of the cookie; nobody once the log-in is too long ago. Every answer may renew a cookie, so its own end is none."""
        age = time.time() - session.get(_SINCE, 0)
        return self.load_user(int(number)) if age < current_app.permanent_session_lifetime.total_seconds() else None

    def access_rows(self) -> list[Row]:
        """The rows of the user of this request, read once a request."""
        return self._standing().rows

    def _standing(self) -> Standing:
        user = getattr(g, "user", None)
        key = ((getattr(user, "username", None) or "").lower(), self.is_guest_user(user))
        known = getattr(g, "_caudal_standing", {})
        if key not in known:
            with _engine.connect() as conn:
                rows, publication = conn.execute(_STANDING, {"name": key[0], "guest": GUEST_ROLE, "is_guest": key[1]}).one()
            known = {**known, key: Standing([(m, s) for m, s in rows] if key[0] else [], str(publication))}
            g._caudal_standing = known
        return known[key]

    def sees_everything(self) -> bool:
        """Whether the user of this request has all of the utility."""
        return (None, None) in self.access_rows()

    def get_rls_filters(self, table: Any) -> list[Rule]:
        """Superset's rules of the dataset for this user, Caudal's among them as the literal condition."""
        found, has_rule = [], False
        for rule in super().get_rls_filters(table):
            match = _RULE.search(rule.clause)
            if match:
                has_rule, own = True, self._own(match["who"])
                found.append(Rule(rule.id, None, _RULE.sub(lambda _, own=own: own, rule.clause)))
            else:
                found.append(Rule(rule.id, rule.group_key, rule.clause))
        if not has_rule:
            found.append(Rule(0, None, EVERYTHING if self.sees_everything() else NOTHING))
        return found

    def _own(self, who: str) -> str:
        """What a rule's marker means to the user of this request. Words that nobody knows: nothing."""
        columns = _COLUMNS.fullmatch(who)
        if columns:
            municipality, sector = (None if name == "none" else name.strip('"') for name in columns.groups())
            return condition(self.access_rows(), municipality, sector)
        if reserved := _RESERVED.fullmatch(who):
            if self.sees_everything():
                return EVERYTHING
            return f"not {reserved['column']}" if self.access_rows() else NOTHING
        opens = {ANYBODY: bool(self.access_rows()), WHOLE_UTILITY: self.sees_everything()}
        return EVERYTHING if opens.get(who, False) else NOTHING

    def get_rls_cache_key(self, datasource: Any) -> list[str]:
        """Superset's own, and which publication the marts are of: nothing older than them comes out of the cache, however long it keeps things."""
        return [*super().get_rls_cache_key(datasource), self._standing().publication]

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is for who has not logged in, whatever the role Public was given; so it is not asked, at each request, what it was given."""
        return False

    def _has_view_access(self, user: Any, permission_name: str, view_name: str) -> bool:
        if not super()._has_view_access(user, permission_name, view_name):
            return False
        return view_name not in SQL_LAB_VIEWS or permission_name == "can_list" or self.sees_everything()

    def exist_permission_on_roles(self, view_name: str, permission_name: str, role_ids: list[int]) -> bool:
        """Whether one of the roles has it."""
        if not has_request_context():
            return super().exist_permission_on_roles(view_name, permission_name, role_ids)
        return (permission_name, view_name) in self._permissions(role_ids)

    def user_view_menu_names(self, permission_name: str) -> set[str]:
        """On what the user of this request has the permission; of a guest, as Superset reckons it."""
        if not has_request_context() or g.user.is_anonymous or self.is_guest_user():
            return super().user_view_menu_names(permission_name)
        found = self._permissions([role.id for role in self.get_user_roles()])
        return {view for permission, view in found if permission == permission_name}

    def _permissions(self, role_ids: list[int]) -> set[tuple[str, str]]:
        """All that the roles have (permission, on what), read once a request: a chart's data ask for a dozen, one by one."""
        key, known = tuple(sorted(role_ids)), g.setdefault("_caudal_permissions", {})
        if key not in known:
            known[key] = {(permission, view) for permission, view in self.session.execute(_PERMISSIONS, {"roles": list(key)})}
        return known[key]

    def register_views(self) -> None:
        """Superset's own, with every log-in held to the same pace: its own limit reaches the page of the form, not the address that takes it."""
        super().register_views()
        app = current_app
        doors = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.rstrip("/").endswith("/login") and "POST" in (rule.methods or ())}
        for name in doors:
            app.view_functions[name] = self.limiter.limit(self.auth_rate_limit, methods=["POST"])(app.view_functions[name])

    def raise_for_access(self, **kwargs: Any) -> None:
        """Superset's own checks, and then no free SQL and no SQL Lab query of one who does not see everything; a guest, only saved charts."""
        super().raise_for_access(**kwargs)
        guest = self.is_guest_user()
        if guest and kwargs.get("query_context") is not None:
            self._hold_to_saved(kwargs["query_context"])
        if self.sees_everything() and not guest:
            return
        if kwargs.get("sql") or (kwargs.get("query") is not None and hasattr(kwargs["query"], "sql_editor_id")):
            raise _refused("Las consultas SQL son para quien ve toda la empresa.")
        context, viz = kwargs.get("query_context"), kwargs.get("viz")
        if context is not None:
            parts: list[Any] = []
            for query in context.queries:
                parts += [query.columns, query.metrics, query.filter, query.extras, query.orderby, query.series_columns, query.series_limit_metric]
            written = next(free_sql(parts, _known(context.datasource)), None)
        elif viz is not None:
            written = next(free_sql(viz.form_data, _known(viz.datasource)), None)
        else:
            written = None
        if written:
            raise _refused("Las métricas, columnas y filtros escritos en SQL son para quien ve toda la empresa.")

    def _hold_to_saved(self, context: Any) -> None:
        """A guest asks for the columns and metrics of the saved chart, or of the dashboard's filter, and for no others.

        Superset's own check looks the chart up among those whose dataset the guest's role may read: it has none, so it finds nothing to compare.
        """
        from superset.models.dashboard import Dashboard
        from superset.models.slice import Slice

        form = context.form_data or {}
        if form.get("type") == "NATIVE_FILTER":
            board = self.session.get(Dashboard, form.get("dashboardId"))
            configured = json.loads(board.json_metadata or "{}").get("native_filter_configuration", []) if board else []
            saved: Any = [item for item in configured if item.get("id") == form.get("native_filter_id")]
        else:
            chart = self.session.get(Slice, form.get("slice_id")) if form.get("slice_id") else None
            saved = [chart.params_dict, json.loads(chart.query_context or "{}")] if chart else []
        known = set(_words(saved))
        for query in context.queries:
            for asked in [*query.columns, *(query.metrics or []), *query.series_columns, *(item[0] for item in query.orderby or [])]:
                name = asked.get("sqlExpression") or asked.get("label") if isinstance(asked, dict) else asked
                if name not in known:
                    raise _refused("Un invitado solo puede pedir lo que muestra el tablero.")


def _words(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        yield from (word for value in part.values() for word in _words(value))
    elif isinstance(part, (list, tuple)):
        yield from (word for value in part for word in _words(value))


def free_sql(part: Any, known: set[str]) -> Iterator[str]:
    """Every piece of SQL in a query that is not just the name of a column of the dataset."""
    if isinstance(part, dict):
        for key, value in part.items():
            written = str(value).strip().strip('"') not in known if key == "sqlExpression" else key in ("where", "having")
            if written and value:
                yield str(value)
            else:
                yield from free_sql(value, known)
    elif isinstance(part, (list, tuple)):
        for item in part:
            yield from free_sql(item, known)


def _known(dataset: Any) -> set[str]:
    return {column.column_name for column in getattr(dataset, "columns", ())}


def _refused(message: str) -> SupersetSecurityException:
    return SupersetSecurityException(
        SupersetError(message=message, error_type=SupersetErrorType.DATASOURCE_SECURITY_ACCESS_ERROR, level=ErrorLevel.ERROR))
