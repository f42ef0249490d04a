"""Role files → Superset's permissions, and row rules → the clauses that `security.py` reads. Pure: `sync.py` sends them."""

from __future__ import annotations

from .context import Context
from .files import RoleSpec, RowRuleSpec
from .security_names import ANYBODY, WHOLE_UTILITY

Permission = tuple[str, str]  # permission, view: as Superset names them


def _of(table: dict[str, str]) -> set[Permission]:
    return {(permission, view) for view, permissions in table.items() for permission in permissions.split()}


# To look at a dashboard, and at its data as its screens ask for them. Nothing here writes anything but the user's own filter state.
_GUEST = _of({
    "Dashboard": "can_read",
    "Chart": "can_read",
    "Superset": "can_dashboard can_slice can_explore_json can_language_pack can_log",
    "Api": "can_query can_query_form_data can_time_range",
    "DashboardFilterStateRestApi": "can_read can_write",
    "DashboardPermalinkRestApi": "can_read",
    "EmbeddedDashboard": "can_read",
    "CurrentUserRestApi": "can_read",
    "Theme": "can_read",
    "AdvancedDataType": "can_read",
})
_VIEWER = _GUEST | _of({
    "Dashboards": "menu_access",
    "Dashboard": "can_drill can_view_chart_as_table",
    "Dataset": "can_read can_get_drill_info",
    "Datasource": "can_get can_external_metadata can_external_metadata_by_name can_samples",
    "DashboardPermalinkRestApi": "can_write",
    "Superset": "can_dashboard_permalink can_share_dashboard",
    "Home": "menu_access",
    "Log": "can_recent_activity",
    "MenuApi": "can_get",
    "SecurityRestApi": "can_read",
    "security": "can_read",
    "UserDBModelView": "can_userinfo resetmypassword",
    "ResetMyPasswordView": "can_this_form_get can_this_form_post",
    "AvailableDomains": "can_read",
    "CssTemplate": "can_read",
})
_EXPORT = _of({"Superset": "can_csv"})
# Own charts and dashboards: Superset lets nobody but an owner (or the administrator) change one.
_EDIT = _of({
    "Chart": "can_write",
    "Charts": "menu_access",
    "Dashboard": "can_write can_put_chart_customizations",
    "Explore": "can_read",
    "ExploreFormDataRestApi": "can_read can_write",
    "ExplorePermalinkRestApi": "can_read can_write",
    "Superset": "can_explore can_fetch_datasource_metadata can_share_chart",
    "Datasets": "menu_access",
    "Tag": "can_read",
})
_SQL_LAB = _of({
    "Database": "can_read",
    "Query": "can_read",
    "Query Search": "menu_access",
    "SQL Editor": "menu_access",
    "SQL Lab": "menu_access",
    "SQLLab": "can_execute_sql_query can_format_sql can_get_results can_read",
    "Saved Queries": "menu_access",
    "SavedQuery": "can_list can_read can_write",
    "SqlLabPermalinkRestApi": "can_read can_write",
    "Superset": "can_sqllab can_sqllab_history",
    "TabStateView": "can_activate can_delete can_delete_query can_get can_migrate_query can_post can_put",
    "TableSchemaView": "can_delete can_expanded can_post",
})
_SQL_EXPORT = _of({"SQLLab": "can_export_csv"})


def permissions(role: RoleSpec) -> set[Permission]:
    """What a role may do in Superset, data apart."""
    if role.guest:
        return set(_GUEST)
    found = set(_VIEWER)
    found |= _EXPORT if role.export else set()
    found |= _EDIT if role.edit else set()
    found |= _SQL_LAB if role.sql_lab else set()
    return found | (_SQL_EXPORT if role.sql_lab and role.export else set())


def datasets(context: Context, name: str) -> set[str]:
    """The datasets that a role may ask for directly. A guest asks through the dashboard alone."""
    role = context.assets.roles[name]
    if role.guest:
        return set()
    return {slug for board in context.dashboards_of(name) for slug in context.datasets_of(board)} | set(role.datasets)


def clause(rule: RowRuleSpec) -> str:
    """The row rule as `security.py` looks for it. Read by anything else it is an error, not an open door."""
    if rule.reserved:
        return f'{{{{ filas({WHOLE_UTILITY}, "{rule.reserved}") }}}}'
    if rule.datasets:
        return f"{{{{ filas({WHOLE_UTILITY if rule.whole_utility else ANYBODY}) }}}}"
    columns = ", ".join(f'"{name}"' if name else "none" for name in (rule.municipality, rule.sector))
    return f"{{{{ filas({columns}) }}}}"
