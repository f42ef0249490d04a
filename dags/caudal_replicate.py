"""### caudal_replicate: de Odoo y el catastro a `raw`

Cada noche a las 02:00 (hora de Santo Domingo). `cadastre` carga el archivo de `CAUDAL_CADASTRE` (se omite si no se indicó);
`replicate` trae de Odoo lo que cambió desde la última vez, aunque el catastro haya fallado. Al terminar bien publica el activo `raw`,
que dispara `caudal_build`.

Si algo falla, `report_failure` evalúa las alertas (la regla `datos_desactualizados` avisa) y deja la corrida en rojo.
**Qué hacer:** leer el registro de la tarea en rojo; corregida la causa, *Clear* sobre esa tarea: todos los pasos se pueden repetir.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task
from caudal_common import DEFAULT_ARGS, RAW, SOURCE_POOL, TIMEZONE


@dag(
    dag_id="caudal_replicate",
    # Switching the DAG on at noon must not start last night's run: hence no start_date (with one, Airflow would), and ten minutes of grace.
    schedule=CronTriggerTimetable("0 2 * * *", timezone=TIMEZONE, run_immediately=timedelta(minutes=10)),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args=DEFAULT_ARGS,
    tags=["caudal", "replicación"],
    doc_md=__doc__,
)
def caudal_replicate() -> None:
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

    @task(pool=SOURCE_POOL, retries=3, execution_timeout=timedelta(hours=4), trigger_rule="all_done", outlets=[RAW])
    def replicate() -> dict[str, int]:
        """`caudal replicate`"""
        from sources.replicate import replicate as run

        results = run()
        failed = [f"{r.entity}: {r.error}" for r in results if r.status != "ok"]
        if failed:
            raise RuntimeError(f"{len(failed)} of {len(results)} entities were not replicated:\n" + "\n".join(failed))
        return {r.entity: r.rows_read for r in results}

    @task(trigger_rule="one_failed", retries=0)
    def report_failure() -> None:
        """`caudal alerts evaluate`, then fail: a run with a failed task is never green."""
        from airflow.sdk.exceptions import AirflowFailException

        from alerts import evaluate

        evaluate()
        raise AirflowFailException("A task of this run failed: see its log. The alerts have been evaluated.")

    loaded = cadastre()
    copied = replicate()
    loaded >> copied
    [loaded, copied] >> report_failure()


caudal_replicate()
