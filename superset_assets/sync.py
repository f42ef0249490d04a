"""What a bundle cannot carry: roles, who opens each dashboard, row rules, users. Each compared first, so that what is right is left alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from caudal import access
from caudal.secrets import get_or_create
from caudal.settings import settings

from . import expand_roles
from .client import Client, SupersetError
from .context import DATABASE, PII_DATABASE, Context, identifier
from .setup_names import ADMIN, MANAGER

OUTSIDE = ("administracion", "invitado")  # roles of ops.user_access that no user of Superset's own holds


def numbers(client: Client, kind: str, wanted: Iterable[str]) -> dict[str, int]:
    """slug → Superset's number, of those of the files that are there. `kind`: dataset, chart or dashboard."""
    by_uuid = {item["uuid"]: item["id"] for item in client.items(kind) if item.get("uuid")}
    found = {slug: by_uuid.get(identifier(kind, slug)) for slug in wanted}
    return {slug: number for slug, number in found.items() if number is not None}


def safety(client: Client, context: Context, dry: bool = False) -> list[str]:
    """Make roles, dashboards' roles and row rules those of the files. What differed, in Spanish; `dry`: only say it."""
    datasets = numbers(client, "dataset", context.assets.datasets)
    return [*_rules(client, context, datasets, dry), *_roles(client, context, datasets, dry), *_dashboards(client, context, dry)]


def _rules(client: Client, context: Context, datasets: Mapping[str, int], dry: bool) -> list[str]:
    said = []
    there = {item["name"]: item for item in client.items("rowlevelsecurity")}
    for name, rule in context.assets.row_rules.items():
        tables = sorted(number for slug, number in datasets.items() if context.row_rule(slug) == name)
        wanted = {"name": rule.title, "description": rule.description, "filter_type": "Base", "clause": expand_roles.clause(rule), "group_key": None}
        old = there.get(rule.title)
        if old and all(old[k] == wanted[k] for k in ("description", "filter_type", "clause", "group_key")) and (
            sorted(t["id"] for t in old["tables"]) == tables and not old["roles"]
        ):
            continue
        said.append(f"{'~' if old else '+'} regla de filas {rule.title}: {len(tables)} conjunto(s) de datos")
        if dry or not tables:
            continue
        body = {**wanted, "tables": tables, "roles": []}  # a base rule without roles is everybody's
        if old:
            client.put(f"/api/v1/rowlevelsecurity/{old['id']}", json=body)
        else:
            client.post("/api/v1/rowlevelsecurity/", json=body)
    return said


def _roles(client: Client, context: Context, datasets: Mapping[str, int], dry: bool) -> list[str]:
    said = []
    all_permissions = {(item["permission"]["name"], item["view_menu"]["name"]): item["id"] for item in client.items("security/permissions-resources")}
    of_dataset = {slug: _of_dataset(all_permissions, number) for slug, number in datasets.items()}
    databases = {item["database_name"]: item["id"] for item in client.items("database")}
    there = {role["name"]: role["id"] for role in client.items("security/roles")}
    for name, role in context.assets.roles.items():
        named = expand_roles.permissions(role)
        lost = sorted(named - set(all_permissions))
        if lost:
            raise SupersetError(f"este Superset no conoce los permisos {lost}: revise superset_assets/expand_roles.py")
        wanted = {all_permissions[pair] for pair in named}
        wanted |= {of_dataset[slug] for slug in expand_roles.datasets(context, name) if slug in of_dataset}
        if role.sql_lab:
            for database in (DATABASE, PII_DATABASE) if role.pii else (DATABASE,):
                pair = ("database_access", f"[{database}].(id:{databases.get(database)})")
                wanted |= {all_permissions[pair]} if pair in all_permissions else set()
        has: set[int] = set()
        if role.title in there:
            has = {item["id"] for item in client.get(f"/api/v1/security/roles/{there[role.title]}/permissions/")["result"]}
        if has == wanted and role.title in there:
            continue
        said.append(f"{'~' if role.title in there else '+'} rol {role.title}: {len(wanted - has)} permiso(s) más, {len(has - wanted)} menos")
        if not dry:
            number = there[role.title] if role.title in there else client.post("/api/v1/security/roles/", json={"name": role.title})["id"]
            client.post(f"/api/v1/security/roles/{number}/permissions", json={"permission_view_menu_ids": sorted(wanted)})
    return said


def _of_dataset(permissions: Mapping[tuple[str, str], int], number: int) -> int:
    for (permission, view), found in permissions.items():
        if permission == "datasource_access" and view.endswith(f"(id:{number})"):
            return found
    raise SupersetError(f"Superset no tiene el permiso del conjunto de datos {number}")


def _dashboards(client: Client, context: Context, dry: bool) -> list[str]:
    said = []
    roles = {role["name"]: role["id"] for role in client.items("security/roles")}
    there = {item["uuid"]: item for item in client.items("dashboard") if item.get("uuid")}
    for slug, board in context.assets.dashboards.items():
        item = there.get(identifier("dashboard", slug))
        titles = {role.title for name, role in context.assets.roles.items() if not role.guest and slug in context.dashboards_of(name)}
        has = {role["name"] for role in item["roles"]} if item else set()
        if has == titles:
            continue
        said.append(f"~ tablero {board.title}: lo abren {', '.join(sorted(titles))}")
        if item and not dry:
            client.put(f"/api/v1/dashboard/{item['id']}", json={"roles": sorted(roles[title] for title in titles)})
    return said


def users(client: Client, context: Context) -> list[str]:
    """Make Superset's users those of ops.user_access: new ones with a password of their own, roles by theirs, without access disabled.

    Users that `caudal access` never knew are left alone. What changed, in Spanish.
    """
    titles = {name: role.title for name, role in context.assets.roles.items() if name not in OUTSIDE}
    numbers_of = {role["name"]: role["id"] for role in client.items("security/roles")}
    missing = sorted(set(titles.values()) - set(numbers_of))
    if missing:
        raise SupersetError(f"Superset no tiene los roles {', '.join(missing)}: ejecute `caudal superset publish`")
    there = {item["username"].lower(): item for item in client.items("security/users")}
    valid: dict[str, set[int]] = defaultdict(set)
    for row in access.rows(valid_only=True):
        if row.role in titles:
            valid[row.user_name].add(numbers_of[titles[row.role]])
    ours = set(titles.values())
    said = []
    for name, roles in valid.items():
        if name == ADMIN:
            continue
        if name not in there:
            secret = secret_name(name)
            body = {"username": name, "first_name": name, "last_name": "Caudal", "email": name if "@" in name else f"{name}@caudal.invalid",
                    "active": True, "roles": sorted(roles), "password": get_or_create(settings().home, secret)}
            client.post("/api/v1/security/users/", json=body)
            said.append(f"+ usuario {name}; su contraseña está en {settings().home / 'secrets' / secret}")
            continue
        said += _changed(client, there[name], roles, True)
    for name, item in there.items():
        if name != ADMIN and name not in valid and item["active"] and {role["name"] for role in item["roles"]} & ours:
            said += _changed(client, item, {role["id"] for role in item["roles"]}, False)
    return said


def secret_name(user_name: str) -> str:
    """Under which name the first password of a user is kept."""
    return f"superset_{MANAGER}" if user_name == MANAGER else f"superset_user_{user_name}"


def _changed(client: Client, item: dict[str, Any], roles: set[int], active: bool) -> list[str]:
    has = {role["id"] for role in item["roles"]}
    if has == roles and item["active"] == active:
        return []
    client.put(f"/api/v1/security/users/{item['id']}", json={"roles": sorted(roles), "active": active})
    return [f"~ usuario {item['username']}: {'roles cambiados' if active else 'sin accesos: desactivado'}"]
