"""Which incremental models a build may bring up to date and which it must make whole, on the side of the marts that is being built.

Two schemas take turns: the published one and the one that is one publication behind (`ops.side`). Each incremental model remembers in
`ops.model_state` up to where it was brought. Reads: dbt's manifest, `ops.*`. Writes: drops what must be made whole, makes the indexes by
which raw is read for changes, forgets the changes that both sides have read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from caudal import standing
from caudal.settings import settings

SHARED = "shared"
PROJECT_PRINT, STANDING_PRINT = ":project", ":standing"  # beside the models' names
COMMENT_LINE = re.compile(r"^\s*--.*$", re.MULTILINE)

# How changed rows of the big raw tables are found, and what hangs from them. Made by the first build, after the first load: that stays as fast as it was.
# BRIN: a block range holds the runs that wrote it, so that "written since run N" reads only what was written, at a thousandth of a btree's size.
FOUND_BY_RUN = (
    "odoo_account_move", "odoo_account_move_line", "odoo_account_payment", "odoo_account_partial_reconcile", "odoo_reading", "odoo_bill_delivery",
    "odoo_bank_remittance_line",
)
RAW_INDEXES = (
    *((table, "brin (_run_id) with (pages_per_range = 4, autosummarize = on)") for table in FOUND_BY_RUN),
    ("odoo_account_move_line", "btree (move_id)"),
    ("odoo_account_partial_reconcile", "btree (debit_move_id)"),
    ("odoo_account_partial_reconcile", "btree (credit_move_id)"),
    ("odoo_account_payment", "btree (move_id)"),
    ("odoo_reading", "btree (meter_id)"),
    ("odoo_bill_delivery", "btree (move_id)"),
    ("odoo_bank_remittance_line", "btree (payment_id)"),
)


@dataclass(frozen=True)
class Model:
    """An incremental model of the manifest. `upstream`: the incremental models from which it is made, directly or through others."""

    name: str
    schema: str
    fingerprint: str
    upstream: frozenset[str]


@dataclass
class Plan:
    """What a build does to the incremental models. `whole`: model → why it is made whole, in Spanish, in order of the DAG."""

    side: str
    whole: dict[str, str] = field(default_factory=dict)
    reads_all_tests: bool = True

    @property
    def mode(self) -> str:
        return "full" if self.whole else "incremental"


def incremental_models(manifest: dict[str, Any]) -> list[Model]:
    """The incremental models of dbt's manifest, each after those it is made from."""
    nodes, macros = manifest["nodes"], manifest["macros"]
    settled = json.dumps([_project_vars(), settings().timezone], sort_keys=True)

    @cache
    def macro_text(unique_id: str) -> str:
        macro = macros[unique_id]
        if macro["package_name"] != "caudal":
            return unique_id
        return macro["macro_sql"] + "".join(macro_text(m) for m in sorted(macro["depends_on"]["macros"]) if m != unique_id)

    @cache
    def fingerprint(unique_id: str) -> str:
        node = nodes.get(unique_id)
        if node is None or node["resource_type"] not in ("model", "snapshot", "seed"):
            return unique_id
        config = node["config"]
        parts = [
            COMMENT_LINE.sub("", node.get("raw_code") or "") or node["checksum"]["checksum"],
            json.dumps([[c["name"], c.get("data_type"), c.get("constraints")] for c in node["columns"].values()], sort_keys=True),
            json.dumps([config.get("materialized"), config.get("indexes"), config.get("meta", {}).get("touched"), node.get("constraints")], sort_keys=True),
            *(macro_text(m) for m in sorted(node["depends_on"]["macros"])),
            *(fingerprint(n) for n in sorted(node["depends_on"].get("nodes", ()))),
        ]
        return hashlib.sha256("\0".join([settled, *parts]).encode()).hexdigest()

    @cache
    def upstream(unique_id: str) -> frozenset[str]:
        node, found = nodes.get(unique_id), set()
        for parent in node["depends_on"].get("nodes", ()) if node else ():
            found |= upstream(parent)
            if _is_incremental(nodes.get(parent)):
                found.add(nodes[parent]["alias"])
        return frozenset(found)

    models = [Model(n["alias"], n["schema"], fingerprint(i), upstream(i)) for i, n in nodes.items() if _is_incremental(n)]
    return sorted(models, key=lambda m: (len(m.upstream), m.name))  # a model has all that its own have, and them


def relations_of(manifest: dict[str, Any], schema: str) -> set[str]:
    """The relations that the project of dbt's manifest makes in a schema."""
    return {n["alias"] for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed", "snapshot") and n["schema"] == schema}


def prepare(
    conn: psycopg.Connection, build_id: int, models: list[Model], building: str, project: str,
    full_refresh: bool = False, full_tests: bool = False, only: set[str] | None = None,
) -> Plan:
    """Decide what the build makes whole, drop that, and say in `ops.build` what dbt needs to know. One transaction.

    `only`: the models that a partial build will make; the others are left as they are. `project`: a print of dbt's files: tests and marts that are not
    what this side was tested by are tested on all of it.
    """
    with conn.transaction():
        plan = Plan(conn.execute("select ops.side_of(%s)", [building]).fetchone()[0])
        states = {(side, model): rest for side, model, *rest in conn.execute(
            "select side, model, build_id, refreshed_build_id, fingerprint, closed_month, relation from ops.model_state where side in (%s, %s)", [plan.side, SHARED])}
        # sums made whole need the months that their facts archived: those are made whole too, from raw
        archived = {row[0] for row in conn.execute("select model from ops.model_state where kept_from is not null and side = %s", [plan.side])}
        needed: set[str] = set()
        last_closed = (settings().today.replace(day=1) - timedelta(days=1)).replace(day=1)
        side_of = {m.name: plan.side if m.schema == building else SHARED for m in models}

        def decide() -> dict[str, str]:
            whole: dict[str, str] = {}
            for model in models:
                if only is None or model.name in only:
                    refreshed = {name: states[side_of[name], name][1] for name in model.upstream if (side_of[name], name) in states}
                    reason = _why_whole(conn, model, states.get((side_of[model.name], model.name)), refreshed, whole, last_closed, full_refresh)
                    if reason or model.name in needed:
                        whole[model.name] = reason or "hacen falta sus meses archivados"
            return whole

        plan.whole = decide()
        needed = {name for model in models if model.name in plan.whole for name in model.upstream & archived}
        if needed:
            plan.whole = decide()
        for model in models:
            if model.name in plan.whole:
                _drop(conn, model.schema, model.name)
                conn.execute("delete from ops.model_state where side = %s and model = %s", [side_of[model.name], model.name])
        tested, tested_by = conn.execute(
            "select s.tested_build_id, b.fingerprints ->> %s from ops.side as s left join ops.build as b on b.build_id = s.tested_build_id where s.side = %s",
            [PROJECT_PRINT, plan.side]).fetchone()
        made = [state[1] for state in states.values()]
        plan.reads_all_tests = full_tests or tested is None or tested_by != project or bool(plan.whole) or any(build > tested for build in made)
        conn.execute(
            "update ops.build set mode = %s, reads_all_tests = %s, fingerprints = %s where build_id = %s",
            [plan.mode, plan.reads_all_tests, Jsonb({PROJECT_PRINT: project, STANDING_PRINT: standing.print_of(project)} | {m.name: m.fingerprint for m in models}), build_id])
    return plan


def _why_whole(
    conn: psycopg.Connection, model: Model, state: list | None, refreshed: dict[str, int], whole: dict[str, str], last_closed: date, full_refresh: bool,
) -> str | None:
    """Why a model can't be brought up to date from where it stands; None when it can."""
    if full_refresh:
        return "se pidió"
    there = conn.execute("select to_regclass(%s)::oid", [f'"{model.schema}"."{model.name}"']).fetchone()[0]
    if state is None or there is None:
        return "no estaba en este lado"
    build_id, _, fingerprint, closed_month, relation = state
    if there != relation:
        return "su tabla es otra"
    if fingerprint != model.fingerprint:
        return "cambió su definición"
    if closed_month > last_closed:
        return "la fecha del negocio retrocedió"
    parent = next((name for name in sorted(model.upstream) if name in whole or refreshed.get(name, 0) > build_id), None)
    return f"se reconstruyó {parent}" if parent else None


def _drop(conn: psycopg.Connection, schema: str, name: str) -> None:
    kind = conn.execute("select relkind from pg_class where oid = to_regclass(%s)", [f'"{schema}"."{name}"']).fetchone()
    if kind:
        conn.execute(sql.SQL("drop {} {} cascade").format(sql.SQL("view" if kind[0] == "v" else "table"), sql.Identifier(schema, name)))


def drop_strangers(conn: psycopg.Connection, schema: str, known: Iterable[str]) -> None:
    """Relations that an older version of the project made in a schema, and that would be published with it."""
    rows = conn.execute(
        "select relname from pg_class where relnamespace = to_regnamespace(%s) and relkind in ('r', 'p', 'v', 'm') and relname <> all(%s)",
        [schema, list(known)]).fetchall()
    for (name,) in rows:
        _drop(conn, schema, name)


def index_raw(conn: psycopg.Connection, tell: Callable[[str], None]) -> None:
    """Make the indexes by which changes of raw are found, where they are missing, and have new blocks summarised."""
    for table, definition in RAW_INDEXES:
        name = f"{table}_{'_'.join(re.findall(r'[a-z]+', definition.split(')')[0]))}"
        if conn.execute("select to_regclass(%s)", [f"raw.{name}"]).fetchone()[0] is None:
            tell(f"Preparando raw.{table} para buscar cambios: {definition.split(' with')[0]}")
            conn.execute(sql.SQL("create index {} on {} using {}").format(sql.Identifier(name), sql.Identifier("raw", table), sql.SQL(definition)))
            conn.execute(sql.SQL("analyze {}").format(sql.Identifier("raw", table)))
        elif definition.startswith("brin"):
            conn.execute("select brin_summarize_new_values(%s::regclass)", [f"raw.{name}"])


def forget_read_changes(conn: psycopg.Connection, build_id: int) -> None:
    """Drop what `ops.model_state` says of models that a whole build no longer has, and the changes that no model and no test has still to read."""
    conn.execute("delete from ops.model_state where not (select fingerprints from ops.build where build_id = %s) ? model", [build_id])
    conn.execute(
        """delete from ops.model_change where build_id <= least(
               (select min(build_id) from ops.model_state), (select min(tested_build_id) from ops.side))""")


def _project_vars() -> dict:
    import yaml

    from caudal.dbt_run import PROJECT

    return yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8")).get("vars", {})


def _is_incremental(node: dict | None) -> bool:
    return bool(node) and node["resource_type"] == "model" and node["config"]["materialized"] == "incremental"
