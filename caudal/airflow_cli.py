"""`caudal airflow`: the scheduler of this installation. Example: caudal airflow run"""

from __future__ import annotations

import typer

from caudal import airflow
from caudal.airflow_api import AirflowError
from caudal.airflow_run import CHAIN
from caudal.services import ServiceError

app = typer.Typer(no_args_is_help=True, help=f"{__doc__} (inicia Airflow y corre la cadena completa una vez).")


@app.command()
def start() -> None:
    """Inicia Airflow y dice dónde está. Ejemplo: caudal airflow start"""
    _guard(lambda: airflow.start(typer.echo))
    typer.echo(f"Airflow: {airflow.url()}  usuario: {airflow.USER}  clave: {airflow.password()}")


@app.command()
def stop() -> None:
    """Detiene Airflow. Ejemplo: caudal airflow stop"""
    stopped = airflow.stop()
    typer.echo(f"Detenido: {', '.join(stopped)}." if stopped else "Airflow no estaba en marcha.")


@app.command()
def run(
    timeout: float = typer.Option(3600, help="Segundos que se espera a que termine la cadena."),
    first: str = typer.Option(CHAIN[0], "--from", help=f"DAG por el que se empieza: {', '.join(CHAIN)}."),
) -> None:
    """Corre la cadena una vez: replicar, construir, publicar, avisar, reportar. Ejemplo: caudal airflow run --from caudal_build

    Inicia Airflow y al final lo detiene, si no estaba ya en marcha.
    """
    if first not in CHAIN:
        raise typer.BadParameter(f"{first!r} no es un DAG de la cadena: {', '.join(CHAIN)}", param_hint="--from")
    typer.echo(str(_guard(lambda: airflow.run_once(timeout, typer.echo, first))))


def _guard(action):
    try:
        return action()
    except (AirflowError, ServiceError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
