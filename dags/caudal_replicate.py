"""De Odoo y el catastro a `raw`: la corrida de cada noche y, si se pide, otra más seguida.

Dos DAG con las mismas tareas: `caudal_replicate`, cada noche, verifica además todo lo replicado contra Odoo; `caudal_refresh` existe sólo si
`CAUDAL_REFRESH_CRON` dice cuándo (`*/15 7-18 * * *`: cada cuarto de hora, en horas de oficina) y trae sólo lo que cambió.
"""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task
from caudal_common import DEFAULT_ARGS, RAW, RAW_ENTITY, SOURCE_POOL, TIMEZONE

STEPS = """
`cadastre` (sólo de noche) carga el archivo de `CAUDAL_CADASTRE`, si se indicó; `plan` lista las entidades del sitio, las más grandes primero;
`replicate` es **una tarea por entidad** en el grupo `odoo`, que tiene tantos puestos como consultas a la vez aguanta Odoo
(`CAUDAL_SOURCE_SLOTS`). Una entidad que falla no detiene a las demás. `locate` (sólo de noche) dice en qué sector cae cada punto de suministro.
`reconcile` (sólo de noche) compara lo cargado con Odoo, día por día; lo que no cuadre lo dicen el tablero, los indicadores de calidad y las alertas.
`telemetry` carga los archivos nuevos de `CAUDAL_TELEMETRY_DIR`, si se indicó; si no puede, los marts se construyen con la telemetría que ya había.
`announce` comprueba que llegaron todas y sólo entonces publica el activo
`raw`, que dispara `caudal_build`. Cada entidad publica además su propio activo, con lo que leyó y cambió.

Si algo falla, `report_failure` evalúa las alertas (la regla `datos_desactualizados` avisa) y deja la corrida en rojo.
**Qué hacer:** `caudal status` dice qué entidad y por qué; corregida la causa, *Clear* sobre esa tarea: todos los pasos se pueden repetir.
"""


def replication(dag_id: str, cron: str, nightly: bool, title: str) -> None:
    """Define the DAG `dag_id`. `nightly`: load the cadastre too, and compare each entity with Odoo by ranges, besides reading what changed."""

    @dag(
        dag_id=dag_id,
        # Switching the DAG on at noon must not start last night's run: hence no start_date (with one, Airflow would), and ten minutes of grace.
        schedule=CronTriggerTimetable(cron, timezone=TIMEZONE, run_immediately=timedelta(minutes=10)),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=6),
        default_args=DEFAULT_ARGS,
        tags=["caudal", "replicación"],
        doc_md=f"### {dag_id}: {title}\n{STEPS}",
    )
    def steps() -> None:
        @task(retries=1)
        def cadastre() -> str:
            """`caudal geo load $CAUDAL_CADASTRE`"""
            import os
            from pathlib import Path

            from airflow.sdk.exceptions import AirflowSkipException

            from caudal.settings import settings
            from geo.cadastre import load_cadastre

            settings()  # adds <home>/site.env to the environment
            path = os.environ.get("CAUDAL_CADASTRE")
            if not path:
                raise AirflowSkipException("CAUDAL_CADASTRE is not set: the cadastre loaded before stays")
            return f"{load_cadastre(Path(path)).sectors} sectors"

        @task(trigger_rule="all_done", retries=1)
        def locate() -> str:
            """`caudal geo streets $CAUDAL_STREETS` where it is set, and `caudal geo locate`: in which sector each supply point lies, routes, municipalities"""
            import os
            from pathlib import Path

            from caudal.settings import settings
            from geo.locate import locate as run
            from geo.streets import load_streets

            settings()  # adds <home>/site.env to the environment
            if os.environ.get("CAUDAL_STREETS"):
                load_streets(Path(os.environ["CAUDAL_STREETS"]))
            found = run()
            return f"missing: {', '.join(found.missing)}" if found.missing else f"{found.points} points, {found.misplaced} misplaced, {found.outside} outside"

        @task(retries=1)
        def telemetry() -> dict[str, int]:
            """`caudal telemetry load $CAUDAL_TELEMETRY_DIR`"""
            from airflow.sdk.exceptions import AirflowSkipException

            from caudal import warehouse
            from sources.telemetry import load
            from sources.telemetry.cli import folder_of_the_site

            folder = folder_of_the_site()
            if folder is None:
                raise AirflowSkipException("CAUDAL_TELEMETRY_DIR is not set: this utility has no telemetry, or sends none")
            warehouse.ensure()
            result = load(folder, progress=print)
            return {"files": result.files, "rows_changed": result.inserted + result.updated + result.deleted, "rows_quarantined": result.quarantined}

        @task(trigger_rule="all_done")
        def plan() -> list[str]:
            """The entities of the site, as `caudal status` lists them, largest first: so that no long one starts last."""
            from caudal import warehouse
            from sources.status import largest_first

            warehouse.ensure()  # the tables of this version, when it was installed since the last run
            return largest_first()

        @task(pool=SOURCE_POOL, retries=3, execution_timeout=timedelta(hours=4), outlets=[RAW_ENTITY], map_index_template="{{ task.op_kwargs['entity'] }}")
        def replicate(entity: str, *, outlet_events=None) -> dict[str, str | int]:
            """`caudal replicate --entity <entidad> --clients 1 [--verify]`: the slots of the pool say how many requests Odoo gets at once."""
            from airflow.sdk import Asset

            from sources.replicate import replicate as run
            from sources.status import status

            (result,) = run([entity], clients=1, verify=nightly)
            if result.status != "ok":
                raise RuntimeError(result.error)
            (seen,) = status([entity])
            outlet_events[RAW_ENTITY].add(Asset(name=f"raw.{seen.table}", uri=f"{RAW.uri}/{seen.table}", group=RAW.group), extra=seen.as_dict())
            return {"entity": entity, "rows_read": result.rows_read, "rows_changed": result.inserted + result.updated + result.deleted}

        @task(pool=SOURCE_POOL, trigger_rule="all_done", retries=1)
        def reconcile(loaded: list[dict[str, str | int]]) -> dict[str, str]:
            """`caudal reconcile` of what was loaded. A difference is no failure: the mart, the KQI and the alerts tell of it. Not to compare is one."""
            from airflow.sdk.exceptions import AirflowSkipException

            from sources.reconciliation import reconcile as run

            if not loaded:
                raise AirflowSkipException("no entity was loaded")
            checks = run([entry["entity"] for entry in loaded])
            failed = [f"{check.entity}: {check.error}" for check in checks if check.status == "failed"]
            if failed:
                raise RuntimeError(f"{len(failed)} of {len(checks)} entities were not compared:\n" + "\n".join(failed))
            return {check.entity: check.status for check in checks if check.status != "ok"}

        @task(trigger_rule="all_done", outlets=[RAW])
        def announce(expected: list[str], loaded: list[dict[str, str | int]], *, outlet_events=None) -> None:
            """Tell the world that raw is complete, or fail naming the entities that are not."""
            from airflow.sdk.exceptions import AirflowFailException

            done = {entry["entity"]: entry for entry in loaded or ()}
            missing = [entity for entity in expected or ["plan"] if entity not in done]
            if missing:
                raise AirflowFailException(f"Not replicated, hence raw is not complete: {', '.join(missing)}")
            outlet_events[RAW].extra = {"entities": len(done), **{key: sum(e[key] for e in done.values()) for key in ("rows_read", "rows_changed")}}

        @task(trigger_rule="one_failed", retries=0)
        def report_failure() -> None:
            """`caudal alerts evaluate`, then fail: a run with a failed task is never green."""
            from airflow.sdk.exceptions import AirflowFailException

            from alerts import evaluate

            evaluate()
            raise AirflowFailException("A task of this run failed: see its log. The alerts have been evaluated.")

        entities = plan()
        replicated = replicate.expand(entity=entities)
        measured = telemetry()
        announced = announce(entities, replicated)
        # not after `replicate`: `announce` waits for the last entity, so that one report tells of all that failed
        failure = report_failure()
        replicated >> measured >> [announced, failure]
        [entities, announced] >> failure
        if nightly:
            loaded, compared, placed = cadastre(), reconcile(replicated), locate()
            loaded >> [entities, failure]
            replicated >> placed
            [compared, placed] >> announced
            [compared, placed] >> failure

    steps()


replication("caudal_replicate", "0 2 * * *", nightly=True, title="lo que cambió en Odoo, y la verificación de lo demás, cada noche a las 02:00")
if os.environ.get("CAUDAL_REFRESH_CRON"):
    replication("caudal_refresh", os.environ["CAUDAL_REFRESH_CRON"], nightly=False, title="lo que cambió en Odoo desde la corrida anterior")
