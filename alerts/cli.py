"""`caudal alerts`: evaluar las reglas, ver las alertas, hacerse cargo de una. Ejemplo: caudal alerts evaluate"""

from __future__ import annotations

import typer
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from alerts import wording
from alerts.errors import AlertsError, DeliveryFailed, RulesNotEvaluated

app = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console()


@app.command()
def evaluate(notify: bool = typer.Option(True, help="enviar el resumen a los responsables")) -> None:
    """Evalúa las reglas, abre y cierra alertas, y avisa. Ejemplo: caudal alerts evaluate --no-notify"""
    from alerts import evaluate as run

    problem: AlertsError | None = None
    try:
        changes = run(notify)
    except (RulesNotEvaluated, DeliveryFailed) as error:
        changes, problem = error.changes, error
    except AlertsError as error:
        _fail(error)
    for change in changes:
        typer.echo(str(change))
    typer.echo(wording.count(len(changes), "cambio", "cambios") if changes else "Sin cambios desde la última evaluación.")
    if problem:
        _fail(problem)


@app.command("list")
def list_(all_: bool = typer.Option(False, "--all", help="también las cerradas")) -> None:
    """Muestra las alertas abiertas y los mensajes sin entregar. Ejemplo: caudal alerts list --all"""
    from caudal import warehouse

    with warehouse.connect("load") as conn, conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """select * from ops.incident where closed_at is null or %s
               order by closed_at is not null, array_position(array['critica', 'alta', 'media', 'baja'], severity), rule, slice_label, incident_id""",
            [all_],
        ).fetchall()
        waiting = cursor.execute(
            "select status, count(*) as n, max(last_error) as error from ops.alert_message where status <> 'sent' group by status order by status"
        ).fetchall()
    table = Table("N.º", "Gravedad", "Alerta", "Dónde", "Valor", "Mes", "Desde", "Estado")
    for row in rows:
        table.add_row(str(row["incident_id"]), wording.SEVERITIES[row["severity"]], row["title"], row["slice_label"], _value(row),
                      wording.month(row["period_month"]) if row["period_month"] else "", wording.day(row["opened_on"]), _state(row))
    if rows:
        console.print(table)
    else:
        typer.echo("No hay alertas abiertas.")
    for row in waiting:
        typer.echo(f"Mensajes {'pendientes' if row['status'] == 'pending' else 'abandonados'}: {row['n']} ({row['error'] or 'sin intentos'})")


@app.command()
def ack(
    incident_id: int = typer.Argument(help="número de la alerta"),
    by: str = typer.Option(..., help="quién se hace cargo"),
    note: str = typer.Option(None, help="qué se va a hacer"),
) -> None:
    """Registra quién se hace cargo de una alerta. Ejemplo: caudal alerts ack 12 --by "Ana Pérez" --note "Visita el jueves" """
    from alerts.incidents import acknowledge
    from caudal import warehouse

    try:
        with warehouse.connect("load") as conn:
            acknowledge(conn, incident_id, by, note)
    except AlertsError as error:
        _fail(error)
    typer.echo(f"Alerta {incident_id}: a cargo de {by}.")


def _value(row: dict) -> str:
    if row["value"] is None:
        return row["detail"] or ""
    from caudal.semantic import formats, load

    return formats.value(load().metric(row["metric"]), row["value"])


def _state(row: dict) -> str:
    if row["closed_at"]:
        return f"cerrada el {wording.day(row['closed_on'])}"
    return f"a cargo de {row['acknowledged_by']}" if row["acknowledged_by"] else "abierta"


def _fail(error: Exception) -> None:
    typer.echo(str(error), err=True)
    raise typer.Exit(1)
