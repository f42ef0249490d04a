"""Publication: check the chain, build the bundle, import it, empty the caches, let the managers' role read. Fails when any of it fails."""

from __future__ import annotations

import json
from dataclasses import dataclass

from . import bundle
from .client import Client, SupersetError
from .context import DATABASE, identifier, load
from .server import url
from .setup_names import MANAGER_ROLE


@dataclass(frozen=True)
class PublishSummary:
    """What is in Superset after a publication."""

    url: str
    datasets: int
    charts: int
    dashboards: dict[str, str]  # title → address

    def __str__(self) -> str:
        boards = "\n".join(f"  {title}: {address}" for title, address in self.dashboards.items())
        return f"Publicados {self.datasets} conjuntos de datos, {self.charts} gráficos y {len(self.dashboards)} tablero(s):\n{boards}"


def publish(client: Client | None = None) -> PublishSummary:
    """Publish the files of this package. Safe to repeat: what is the same stays the same, with the same numbers.

    Raises AssetError (a broken file, before anything is sent), ManifestMissing, SupersetError (nothing, or all, is imported: Superset
    imports in one transaction).
    """
    context = load()
    content = bundle.build(context)
    client = client or Client()
    client.post(
        "/api/v1/assets/import/",
        files={"bundle": ("caudal.zip", content, "application/zip")},
        data={"passwords": json.dumps(bundle.passwords())},
    )
    assets = context.assets
    datasets = _published(client, "dataset", assets.datasets)
    charts = _published(client, "chart", assets.charts)
    boards = _published(client, "dashboard", assets.dashboards)
    client.post("/api/v1/cachekey/invalidate", json={"datasource_uids": [f"{number}__table" for number in datasets.values()]})
    _let_managers_read(client, list(datasets.values()))
    addresses = {assets.dashboards[slug].title: f"{url()}/superset/dashboard/{slug}/" for slug in boards}
    return PublishSummary(url(), len(datasets), len(charts), addresses)


def _published(client: Client, kind: str, wanted: dict) -> dict[str, int]:
    """slug → Superset's number. Raises SupersetError when one of the files did not arrive."""
    by_uuid = {item["uuid"]: item["id"] for item in client.items(kind) if item.get("uuid")}
    found = {slug: by_uuid.get(identifier(kind, slug)) for slug in wanted}
    lost = [slug for slug, number in found.items() if number is None]
    if lost:
        raise SupersetError(f"Superset dijo que importó, pero no tiene {kind}: {', '.join(lost)}")
    return found


def _let_managers_read(client: Client, datasets: list[int]) -> None:
    """Role Gerencia may read these datasets and no others."""
    roles = {role["name"]: role["id"] for role in client.items("security/roles")}
    if MANAGER_ROLE not in roles:
        raise SupersetError(f"falta el rol {MANAGER_ROLE}: ejecute `caudal superset start`")
    access = client.items("security/permissions", [{"col": "name", "opr": "eq", "value": "datasource_access"}])[0]
    wanted = {f"(id:{number})" for number in datasets}
    permissions = [
        item["id"] for item in client.items("security/permissions-resources", [{"col": "permission", "opr": "rel_o_m", "value": access["id"]}])
        if any(item["view_menu"]["name"].startswith(f"[{DATABASE}].") and item["view_menu"]["name"].endswith(mark) for mark in wanted)
    ]
    if len(permissions) != len(datasets):
        raise SupersetError(f"Superset tiene permisos de {len(permissions)} de los {len(datasets)} conjuntos de datos")
    client.post(f"/api/v1/security/roles/{roles[MANAGER_ROLE]}/permissions", json={"permission_view_menu_ids": permissions})
