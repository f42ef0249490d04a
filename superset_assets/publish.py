"""Publication: check the chain, show what would change, import what is not so yet, take away what is gone from the files, roles and row rules, empty the caches.

Fails when any of it fails. Superset imports in one transaction, and a dataset without its row rule shows nothing (security.py): a publication
that breaks in the middle leaves closed doors, and the next one finishes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from caudal import warehouse

from . import bundle, state, sync
from .client import Client, SupersetError
from .context import Context, identifier, load
from .pending import digests, pending
from .server import DATABASE as METADATA
from .server import url
from .state import KIND_ES, Asset

KINDS = ("dashboard", "chart", "dataset")  # in the order in which they can be taken away


class PruneRefused(SupersetError):
    """Something would have to be taken away and nobody said that it may."""


@dataclass(frozen=True)
class PublishSummary:
    """What is in Superset after a publication."""

    url: str
    datasets: int
    charts: int
    dashboards: dict[str, str]  # title → address
    changes: list[str] = field(default_factory=list)
    dry_run: bool = False

    def __str__(self) -> str:
        if self.dry_run:
            return "Nada que publicar: Superset ya está como los archivos." if not self.changes else "No se publicó nada (--dry-run)."
        boards = "\n".join(f"  {title}: {address}" for title, address in self.dashboards.items())
        return f"Publicados {self.datasets} conjuntos de datos, {self.charts} gráficos y {len(self.dashboards)} tablero(s):\n{boards}"


def publish(
    client: Client | None = None,
    context: Context | None = None,
    dry_run: bool = False,
    prune: bool = False,
    ask: Callable[[list[str]], bool] | None = None,
    show: Callable[[str], None] = lambda line: None,
) -> PublishSummary:
    """Publish the files of this package. Safe to repeat: what is the same stays the same, with the same numbers.

    `show` gets each line of the diff before anything is done. What is gone from the files is taken away with `prune`, or when `ask`, given
    its lines, says yes. Raises AssetError (a broken file, before anything is sent), ManifestMissing, PruneRefused, SupersetError.
    """
    context = context or load()
    documents = bundle.documents(context)
    client = client or Client()
    now, after = state.published(client), state.wanted(documents)
    gone = _gone(now, after)
    changes = [*diff(now, after), *(f"- {KIND_ES[asset.kind]} {asset.title}" for asset in gone)]
    rights = sync.safety(client, context, dry=True)
    changes += rights
    for line in changes:
        show(line)
    if dry_run:
        return _summary(context, changes, True)
    if gone:
        _refuse_what_others_use(client, gone, now)
        lines = [f"{KIND_ES[asset.kind]} {asset.title}" for asset in gone]
        if not prune and not (ask and ask(lines)):
            raise PruneRefused(
                f"No se publicó nada: ya no están en los archivos y siguen en Superset: {', '.join(lines)}. Para quitarlos: --prune.")
    send = pending(documents, now, after)
    if send:
        _import(client, context, send)
        _remember(context, digests(documents))
    if send or rights:
        sync.safety(client, context)
    _take_away(client, gone)
    if send or rights or gone:
        datasets = sync.numbers(client, "dataset", context.assets.datasets)
        client.post("/api/v1/cachekey/invalidate", json={"datasource_uids": [f"{number}__table" for number in datasets.values()]})
    changes += [line for line in sync.users(client, context) if show(line) is None]
    return _summary(context, changes, False)


def _import(client: Client, context: Context, send: Mapping[str, Any]) -> None:
    """Have Superset import these documents, and look whether it did."""
    client.post(
        "/api/v1/assets/import/",
        files={"bundle": ("caudal.zip", bundle.pack(send), "application/zip")},
        data={"passwords": json.dumps({name: secret for name, secret in bundle.passwords().items() if name in send})},
    )
    for kind in ("dataset", "chart", "dashboard"):
        wanted = getattr(context.assets, f"{kind}s")
        lost = sorted(set(wanted) - set(sync.numbers(client, kind, wanted)))
        if lost:
            raise SupersetError(f"Superset dijo que importó, pero no tiene {kind}: {', '.join(lost)}")


def _summary(context: Context, changes: list[str], dry_run: bool) -> PublishSummary:
    assets = context.assets
    boards = {board.title: f"{url()}/superset/dashboard/{slug}/" for slug, board in assets.dashboards.items()}
    return PublishSummary(url(), len(assets.datasets), len(assets.charts), boards, changes, dry_run)


def diff(now: Mapping[str, Asset], after: Mapping[str, Asset]) -> list[str]:
    """`+ clase título`, `~ clase título` and its fields, of what the files add and change. What users made is not looked at."""
    lines = []
    for uuid, asset in after.items():
        old = now.get(uuid)
        name = f"{KIND_ES[asset.kind]} {asset.title}"
        if old is None:
            lines.append(f"+ {name}")
            continue
        changed = state.changes(old, asset)
        lines += [f"~ {name}", *(f"    {line}" for line in changed)] if changed else []
    return lines


def _gone(now: Mapping[str, Asset], after: Mapping[str, Asset]) -> list[Asset]:
    """What a publication put there, is there still, and is in no file any more. By the publisher's own memory: never what a user made."""
    with warehouse.connect(dbname=METADATA) as conn:
        ours = {str(row[0]) for row in conn.execute("select uuid from caudal_published")}
    found = [now[uuid] for uuid in ours - set(after) if uuid in now]
    return sorted((a for a in found if a.kind in KINDS), key=lambda a: (KINDS.index(a.kind), a.title))


def _remember(context: Context, sent: Mapping[str, str]) -> None:
    named = [(kind, slug) for kind in KINDS for slug in getattr(context.assets, f"{kind}s")] + [("database", name) for name in bundle.READERS]
    with warehouse.connect(dbname=METADATA) as conn, conn.cursor() as cursor:
        cursor.executemany(
            "insert into caudal_published values (%s, %s, %s, %s) on conflict (uuid) do update set digest = excluded.digest",
            [(uuid := identifier(kind, slug), kind, slug, sent[uuid]) for kind, slug in named],
        )


def _refuse_what_others_use(client: Client, gone: list[Asset], now: Mapping[str, Asset]) -> None:
    """A chart or dataset that something stands on which is not itself going would break it. Raises PruneRefused naming who uses it."""
    going = {asset.uuid for asset in gone}
    problems = []
    for asset in gone:
        if asset.kind == "dataset":
            users = [a.title for a in now.values() if a.kind == "chart" and str(a.document["dataset_uuid"]) == asset.uuid and not _ours(a.uuid, going)]
        elif asset.kind == "chart":
            users = [a.title for a in now.values() if a.kind == "dashboard" and not _ours(a.uuid, going)
                     and asset.uuid in json.dumps(a.document.get("position"))]
        else:
            users = []
        if users:
            problems.append(f"{KIND_ES[asset.kind]} {asset.title}, que usan: {', '.join(users)}")
    if problems:
        raise PruneRefused("No se publicó nada: no se puede quitar lo que otros usan en Superset: " + "; ".join(problems))


def _ours(uuid: str, going: set[str]) -> bool:
    """Whether it goes as well, or this publication itself rewrites it."""
    if uuid in going:
        return True
    with warehouse.connect(dbname=METADATA) as conn:
        return conn.execute("select 1 from caudal_published where uuid = %s", [uuid]).fetchone() is not None


def _take_away(client: Client, gone: list[Asset]) -> None:
    for kind in KINDS:
        there = {item["uuid"]: item["id"] for item in client.items(kind)} if any(a.kind == kind for a in gone) else {}
        for asset in gone:
            if asset.kind == kind:
                client.delete(f"/api/v1/{kind}/{there[asset.uuid]}")
    with warehouse.connect(dbname=METADATA) as conn:
        conn.execute("delete from caudal_published where uuid = any(%s)", [[asset.uuid for asset in gone]])
