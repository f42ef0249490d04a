"""`caudal`: one command for everything a person or a DAG runs. Sub-commands live in their packages and load when they are called."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click
import typer
from typer.core import TyperGroup

# name on the command line → module with the Typer `app`, and its help here (so that `caudal --help` imports none of them)
COMMANDS = {
    "demo": ("demo.cli", "La empresa de agua sintética y el sustituto de Odoo (generate, serve)."),
    "up": ("demo.run", "Levanta todo de principio a fin: lo que hace `make demo`."),
    "down": ("caudal.stop", "Detiene lo que `make demo` inició."),
    "postgres": ("caudal.postgres_cli", "El PostgreSQL embebido (start, stop, url)."),
    "doctor": ("caudal.doctor", "Dice qué falta en esta máquina y cómo conseguirlo."),
    "replicate": ("sources.cli", "Replica Odoo en el almacén (raw)."),
    "status": ("sources.status_cli", "Cómo está la réplica: última corrida, atraso, filas, cuadre, por entidad."),
    "reconcile": ("sources.reconciliation.cli", "Compara Odoo con el almacén por entidad, día y estado, y explica lo que difiere."),
    "telemetry": ("sources.telemetry.cli", "Carga la telemetría horaria de entradas y sectores (load)."),
    "geo": ("geo.cli", "El catastro: cargarlo, ubicar los puntos, exportar y servir las capas."),
    "build": ("caudal.build_cli", "Construye y prueba los marts con dbt, y los publica si pasan."),
    "retention": ("caudal.retention_cli", "Archiva y quita de la base los meses viejos de los hechos grandes."),
    "check": ("caudal.check", "Calcula cada indicador sobre lo publicado y dice cuál no se puede usar."),
    "access": ("caudal.access_cli", "Quién ve qué, en Superset y en Power BI (list, grant, revoke, import)."),
    "metrics": ("caudal.semantic.cli", "Los indicadores: lista, ficha y consulta."),
    "docs": ("caudal.docs_cli", "La documentación del almacén y de los indicadores, servida en esta máquina."),
    "superset": ("superset_assets.cli", "Superset: iniciar, detener, publicar tableros."),
    "receivables": ("reports.receivables_as_of.cli", "Cuentas por cobrar por antigüedad a cualquier fecha pasada."),
    "reports": ("reports.cli", "Genera reportes departamentales y archivos de la DGII."),
    "alerts": ("alerts.cli", "Evalúa las reglas de alerta y avisa."),
    "airflow": ("caudal.airflow_cli", "Airflow: iniciar, detener, correr la cadena completa una vez."),
    "powerbi": ("powerbi.cli", "Genera y revisa el proyecto de Power BI."),
}


class LazyGroup(TyperGroup):
    """A Typer group whose sub-commands are imported only when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, help_text = COMMANDS[cmd_name]
        if "--help" in sys.argv[1:2] or len(sys.argv) == 1:
            return click.Command(cmd_name, help=help_text, short_help=help_text)
        command: Any = typer.main.get_command(importlib.import_module(module).app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=LazyGroup, no_args_is_help=True, pretty_exceptions_show_locals=False,
    help="Caudal: almacén analítico y tableros de una empresa de agua y alcantarillado. Ejemplo: caudal up --size tiny",
)


@app.callback()
def main() -> None:
    """Typer needs a callback for a group without commands of its own."""


if __name__ == "__main__":
    app()
