"""Staging views and seeds that stand as they are: made from these very files by an earlier build, so that a day's build need not make them again.

Reads: dbt's manifest, `ops.standing` (written by their post-hook `remember_made`), `pg_class`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import psycopg

from caudal.settings import settings

# What makes a view's SQL depend on more than dbt's files: which tables of raw there are, and the day.
DEPENDS_ON_MORE = {"macro.caudal.loaded_or_empty", "macro.caudal.business_today"}


def print_of(project: str) -> str:
    """What a view or a seed was made from: dbt's files (`dbt_run.project_fingerprint`) and the time zone that is written into it."""
    return f"{project} {settings().timezone}"


def names(conn: psycopg.Connection, manifest: dict[str, Any], project: str, tested: bool) -> list[str]:
    """Names of the views and seeds that are there and were made from what they would be made from now, in order. Whoever makes one again drops the views over it.

    With `tested` (these files passed all of their tests on this side), also the tests that read nothing but such seeds: nothing in them can have changed.
    """
    nodes, macros = manifest["nodes"], manifest["macros"]
    there = {row[0] for row in conn.execute(
        "select s.name from ops.standing as s join pg_class as c on c.oid = s.relation where s.made_from = %s", [print_of(project)])}

    @cache
    def of_files_alone(macro: str) -> bool:
        return macro not in DEPENDS_ON_MORE and all(of_files_alone(m) for m in macros[macro]["depends_on"]["macros"] if m != macro)

    @cache
    def stands(unique_id: str) -> bool:
        node = nodes.get(unique_id)
        if node is None:  # a table of raw: a view over it could not be there without it
            return True
        return node["alias"] in there and all(map(of_files_alone, node["depends_on"]["macros"])) and all(map(stands, node["depends_on"].get("nodes", ())))

    def reads_seeds_alone(node: dict[str, Any]) -> bool:
        parents = node["depends_on"].get("nodes", ())
        return node["resource_type"] == "test" and bool(parents) and all(p.startswith("seed.") and stands(p) for p in parents)

    tests = [node["name"] for node in nodes.values() if reads_seeds_alone(node)] if tested else []
    return sorted([*(nodes[i]["alias"] for i in nodes if stands(i)), *tests])
