"""### caudal_consumers: de `marts` a las personas

La dispara el activo `marts`, es decir, solo datos que pasaron todas las pruebas. Cuatro tareas que no dependen entre sí: `superset`
publica los tableros y llena su caché, `alerts` evalúa las reglas y avisa, `reports` genera los reportes y archivos de la DGII del último mes cerrado,
`powerbi` genera el proyecto de Power BI.

**Qué hacer si una falla:** las demás ya terminaron; corregir y repetir con *Clear* solo la que está en rojo.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task
from caudal_common import DEFAULT_ARGS, MARTS


@dag(
    dag_id="caudal_consumers",
    schedule=[MARTS],
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args=DEFAULT_ARGS,
    tags=["caudal", "consumidores"],
    doc_md=__doc__,
)
def caudal_consumers() -> None:
    @task
    def superset() -> str:
        """`caudal superset publish`, then `caudal superset warm`"""
        from superset_assets.publish import publish
        from superset_assets.warm import warm

        return f"{publish()}\n{warm().or_fail()}"

    @task
    def alerts() -> list[str]:
        """`caudal alerts evaluate`"""
        from alerts import evaluate

        return [str(change) for change in evaluate()]

    @task
    def reports() -> list[str]:
        """`caudal reports`"""
        from reports import generate

        return [str(file) for file in generate()]

    @task
    def powerbi() -> str:
        """`caudal powerbi`"""
        from powerbi import generate

        return str(generate())

    superset()
    alerts()
    reports()
    powerbi()


caudal_consumers()
