"""### caudal_build: de `raw` a `marts`

La dispara el activo `raw`. `build` construye y prueba con dbt en `marts_next` y solo si pasan todas las pruebas publica; `check` calcula
cada indicador sobre lo publicado. Al terminar bien publica el activo `marts`, que dispara `caudal_consumers`.

Una prueba de calidad que falla **no se reintenta** (volvería a fallar): los consumidores siguen con los datos de la última carga buena
y lo dicen; `report_failure` evalúa las alertas para que el aviso salga. Una caída del servidor sí se reintenta.
**Qué hacer:** el registro de `build` nombra las pruebas que fallaron; corregir el dato en la fuente (o la prueba) y repetir con *Clear*.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task
from caudal_common import BUILD_POOL, DEFAULT_ARGS, MARTS, RAW


@dag(
    dag_id="caudal_build",
    schedule=[RAW],
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=4),
    default_args=DEFAULT_ARGS,
    tags=["caudal", "dbt"],
    doc_md=__doc__,
)
def caudal_build() -> None:
    @task(pool=BUILD_POOL, execution_timeout=timedelta(hours=2))
    def build() -> int:
        """`caudal build`"""
        from airflow.sdk.exceptions import AirflowFailException

        from caudal.build import build as run

        result = run(progress=print)
        if not result.ok:
            raise AirflowFailException(f"{result.message_es} Failed tests: {result.failed_tests}")
        return result.build_id

    @task(outlets=[MARTS])
    def check() -> dict[str, str]:
        """`caudal check`"""
        from airflow.sdk.exceptions import AirflowFailException

        from caudal.check import PublicationBroken
        from caudal.check import check as run

        try:
            return run()
        except PublicationBroken as error:
            raise AirflowFailException(str(error)) from error

    @task(trigger_rule="one_failed", retries=0)
    def report_failure() -> None:
        """`caudal alerts evaluate`, then fail: a run with a failed task is never green."""
        from airflow.sdk.exceptions import AirflowFailException

        from alerts import evaluate

        evaluate()
        raise AirflowFailException("A task of this run failed: see its log. The alerts have been evaluated.")

    built, checked = build(), check()
    built >> checked
    [built, checked] >> report_failure()


caudal_build()
