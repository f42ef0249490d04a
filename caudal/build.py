"""Blue/green build of the marts: dbt builds and tests `marts_next`; only when all of it passed does it become `marts`.

Reads: `raw.*` (through dbt), `ops.run`. Writes: schemas `staging`, `intermediate`, `marts_next`, `marts`, a row of `ops.build`, and
`<home>/manifest/{semantic_manifest,manifest}.json`, both only on success. Consumers never see half a mart: the swap is one transaction.
`marts_next` is what was published before: incremental models bring it up to date (`caudal/sides.py`), so cost follows what changed.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import yaml
from psycopg.types.json import Jsonb

from caudal import scorecard, sides, standing, test_results, warehouse
from caudal.dbt_run import BUILDING, PROJECT, list_models, parse, project_fingerprint, read_manifest, results, run_dbt, target_dir
from caudal.publication import close_to_readers, publish
from caudal.semantic import load, translations
from caudal.settings import settings

PUBLISHED = "marts"
MANIFESTS = ("semantic_manifest.json", "manifest.json")


@dataclass(frozen=True)
class BuildResult:
    """How a build ended. `failed_tests`: names of the tests and models that failed. `message_es`: what to tell a person."""

    ok: bool
    build_id: int
    failed_tests: list[str] = field(default_factory=list)
    message_es: str = ""
    seconds: float = 0.0


def build(
    select: str | None = None, progress: Callable[[str], None] | None = None, full_refresh: bool = False, full_tests: bool = False,
) -> BuildResult:
    """Run dbt and publish the marts when everything passed.

    `full_refresh` makes the incremental models whole again; `full_tests` has the tests read the whole history and not only what changed.

    `select` (dbt's node selection) builds and tests that part in `marts_next` and publishes nothing. `progress` gets dbt's lines
    (default: stderr). Waits for another build to end first. A failing model or test is told in the result, not raised; raises
    WarehouseUnavailable when there is no warehouse to build in.
    """
    started = time.monotonic()
    tell = progress or (lambda line: print(line, file=sys.stderr, flush=True))
    with warehouse.connect(autocommit=True) as conn, _turn(conn, tell):
        _bury_dead_builds(conn)
        build_id, raw_loaded_at = _open(conn)
        try:
            failed = _missing_sources(conn) or parse(tell) or _run(conn, build_id, select, tell, full_refresh, full_tests) or translations.check(target_dir())
            if not failed and select is None:
                failed = _publish(conn, build_id, raw_loaded_at)
            if not failed and select is None:
                sides.forget_read_changes(conn, build_id)
        except BaseException as error:
            _close(conn, build_id, select, [f"interrumpida: {type(error).__name__}: {error}"[:300]])
            raise
        _close(conn, build_id, select, failed)
        if not failed and select is None:
            _keep_manifests()
            close_to_readers(conn, BUILDING)  # what was published until now
        message = _message(conn, failed, select)
    return BuildResult(not failed, build_id, failed, message, time.monotonic() - started)


def _publish(conn: psycopg.Connection, build_id: int, raw_loaded_at: datetime | None) -> list[str]:
    """The scorecard of the new marts and their swap, in one transaction. What is wrong with the targets, when they are: then nothing is published."""
    last_month = (settings().today.replace(day=1) - timedelta(days=1)).replace(day=1)
    try:
        with conn.transaction():
            scorecard.refresh(conn, BUILDING, load(target_dir()), last_month)
            publish(conn, build_id, _data_as_of(raw_loaded_at), BUILDING, PUBLISHED)
    except scorecard.TargetsError as error:
        return error.problems
    return []


def _open(conn: psycopg.Connection) -> tuple[int, datetime | None]:
    """A row of `ops.build`, and its horizon: the first run whose rows of raw may not all be visible yet.

    The lock waits for runs that are being opened, so that none gets a number below the horizon and appears after it.
    """
    with conn.transaction():
        conn.execute("lock table ops.run in share mode")
        return conn.execute(
            """insert into ops.build (raw_loaded_at, horizon_run_id)
               values ((select max(ended_at) from ops.run where pipeline = 'replicate' and status = 'ok'),
                       coalesce((select min(run_id) from ops.run where status = 'running'), (select coalesce(max(run_id), 0) + 1 from ops.run)))
               returning build_id, raw_loaded_at"""
        ).fetchone()


def _run(
    conn: psycopg.Connection, build_id: int, select: str | None, tell: Callable[[str], None], full_refresh: bool, full_tests: bool,
) -> list[str]:
    """Prepare the side that is built, run dbt on it and record what each model took; the names of what failed."""
    close_to_readers(conn, BUILDING)  # an earlier build may have been killed after its publication
    manifest, project = read_manifest(), project_fingerprint()
    sides.index_raw(conn, tell)
    only = None if select is None else list_models(select)
    if only is None:
        sides.drop_strangers(conn, BUILDING, sides.relations_of(manifest, BUILDING))
    plan = sides.prepare(conn, build_id, sides.incremental_models(manifest), BUILDING, project, full_refresh, full_tests, only)
    if plan.whole:
        tell("Se construyen enteros: " + ", ".join(f"{name} ({why})" for name, why in plan.whole.items()) + ".")
    else:
        tell("Construcción incremental: solo lo que cambió desde que este lado se construyó.")
    stay = standing.names(conn, manifest, project, not plan.reads_all_tests) if select is None and not full_refresh else []
    failed = run_dbt(select, tell, stay)
    _record(conn, build_id, plan, tell)
    if select is None and (run_results := target_dir() / "run_results.json").exists():
        test_results.record(conn, build_id, run_results)
    return failed


def _record(conn: psycopg.Connection, build_id: int, plan: sides.Plan, tell: Callable[[str], None]) -> None:
    """Seconds and rows of each model in `ops.build.details`, and the slowest told."""
    changed = dict(conn.execute("select model, count(*) from ops.model_change where build_id = %s group by model", [build_id]).fetchall())
    nodes = [{**node, "changed_rows": changed.get(node["name"])} for node in results()]
    seconds = {kind: round(sum(n["seconds"] for n in nodes if n["kind"] == kind), 3) for kind in sorted({n["kind"] for n in nodes})}
    conn.execute(
        "update ops.build set details = %s where build_id = %s",
        [Jsonb({"mode": plan.mode, "side": plan.side, "whole": plan.whole, "seconds": seconds, "nodes": nodes}), build_id])
    slowest = sorted((n for n in nodes if n["kind"] != "unit_test" and n["seconds"] >= 1), key=lambda n: -n["seconds"])[:10]
    for node in slowest:
        rows = node["changed_rows"] if node["changed_rows"] is not None else node["rows"]
        tell(f"  {node['seconds']:8.1f} s  {node['name']}" + (f", {rows} filas" if node["kind"] == "model" and rows is not None else ""))


@contextmanager
def _turn(conn: psycopg.Connection, tell: Callable[[str], None]) -> Iterator[None]:
    """One build at a time, across processes and machines."""
    with warehouse.advisory_lock(conn, "build", wait=False) as held:
        if held:
            yield
            return
    tell("Hay otra construcción en marcha; esta espera su turno.")
    with warehouse.advisory_lock(conn, "build"):
        yield


def _bury_dead_builds(conn: psycopg.Connection) -> None:
    """We hold the lock, so a build that still says it is running was killed."""
    conn.execute(
        """update ops.build set status = 'failed', ended_at = now(), failed_tests = %s
           where status = 'running'""",
        [Jsonb(["interrumpida: el proceso murió antes de terminar"])],
    )


def _missing_sources(conn: psycopg.Connection) -> list[str]:
    """The raw tables dbt declares as sources and that nobody has loaded yet."""
    files = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((PROJECT / "models/staging/odoo").glob("_*.yml")))
    wanted = [table["identifier"] for file in files for source in file.get("sources", ()) for table in source["tables"]]
    rows = conn.execute("select t from unnest(%s::text[]) as t where to_regclass('raw.' || quote_ident(t)) is null", [wanted])
    return [f"falta raw.{row[0]}: corra `caudal replicate`" for row in rows]


def _data_as_of(raw_loaded_at: datetime | None) -> date:
    """The business date of the data: the fixed one when it is fixed, else the day of the last load."""
    config = settings()
    if config.today_override or raw_loaded_at is None:
        return config.today
    return min(config.today, raw_loaded_at.astimezone(ZoneInfo(config.timezone)).date())


def _close(conn: psycopg.Connection, build_id: int, select: str | None, failed: list[str]) -> None:
    """Record a failure (success was recorded with the swap). A partial build says nothing of the published data: it leaves no row."""
    if select is not None:
        conn.execute("delete from ops.build where build_id = %s", [build_id])
    elif failed:
        conn.execute(
            "update ops.build set status = 'failed', ended_at = now(), failed_tests = %s where build_id = %s and status = 'running'",
            [Jsonb(failed), build_id],
        )


def _keep_manifests() -> None:
    """Put the manifests of the published build where the semantic layer is read, each in one step."""
    folder = settings().home / "manifest"
    folder.mkdir(parents=True, exist_ok=True)
    for name in reversed(MANIFESTS):
        draft = folder / f".{name}.{os.getpid()}"
        shutil.copyfile(target_dir() / name, draft)
        draft.replace(folder / name)


def _message(conn: psycopg.Connection, failed: list[str], select: str | None) -> str:
    if select is not None:
        return f"Construido y probado: {select}. No se publicó nada." if not failed else f"{select}: falló {', '.join(failed)}. No se publicó nada."
    return conn.execute("select message_es from ops.data_status").fetchone()[0]
