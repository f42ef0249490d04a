"""Staging views that stand as they are: made from these very files by an earlier build, so that a day's build need not make them again.

Reads: dbt's manifest, `ops.view_state` (written by the views' post-hook `remember_view`), `pg_class`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import psycopg

from caudal.settings import settings

# What makes a view's SQL depend on more than dbt's files: which tables of raw there are, and the day.
DEPENDS_ON_MORE = {"macro.caudal.loaded_or_empty", "macro.caudal.business_today"}


def print_of(project: str) -> str:
    """What a view's SQL was made from: dbt's files (`dbt_run.project_fingerprint`) and the time zone that is written into it."""
    return f"{project} {settings().timezone}"


def standing(conn: psycopg.Connection, manifest_file: Path, project: str) -> list[str]:
    """Names of the staging views that are there and were made from what they would be made from now, in order. Whoever makes a view again drops those over it."""
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    nodes, macros = manifest["nodes"], manifest["macros"]
    there = {row[0] for row in conn.execute(
        "select v.view_name from ops.view_state as v join pg_class as c on c.oid = v.relation and c.relkind = 'v' where v.made_from = %s", [print_of(project)])}

    @cache
    def of_files_alone(macro: str) -> bool:
        return macro not in DEPENDS_ON_MORE and all(of_files_alone(m) for m in macros[macro]["depends_on"]["macros"] if m != macro)

    @cache
    def stands(unique_id: str) -> bool:
        node = nodes.get(unique_id)
        if node is None:  # a table of raw: a view over it could not be there without it
            return True
        return node["alias"] in there and all(map(of_files_alone, node["depends_on"]["macros"])) and all(map(stands, node["depends_on"]["nodes"]))

    return sorted(nodes[i]["alias"] for i in nodes if stands(i))
