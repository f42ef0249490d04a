"""`caudal receivables`: debt by age at any past day."""

from __future__ import annotations

import csv
import json
import sys
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from reports.receivables_as_of.debt import KEYS, By, Debt, Line, at

app = typer.Typer(help="Cuentas por cobrar por antigüedad a cualquier fecha pasada. Ejemplo: caudal receivables --as-of 2026-05-17")
TITLES = {"municipality_name": "Municipio", "sector_code": "Código", "sector_name": "Sector comercial", "contract_code": "Contrato"}


class Output(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"


@app.command()
def receivables(
    as_of: Annotated[datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Fecha, AAAA-MM-DD: lo que se debía al terminar ese día")],
    by: Annotated[By, typer.Option(help="Qué es cada línea: sector, contract (contrato) o bucket (tramo)")] = By.sector,
    output: Annotated[Output, typer.Option("--format", help="table, csv o json")] = Output.table,
) -> None:
    """Cuentas por cobrar por antigüedad a una fecha, reconstruidas de las facturas y de lo aplicado hasta ese día.

    La edad es la fecha menos el vencimiento. A fin de mes es lo mismo que muestran los tableros. Los saldos a favor van aparte.

    Ejemplo: caudal receivables --as-of 2026-05-17 --by contract --format csv
    """
    from caudal import warehouse
    from reports.errors import ReportError

    try:
        with warehouse.connect("read") as conn:
            debt = at(conn, as_of.date(), by)
    except (ReportError, warehouse.WarehouseUnavailable) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    {Output.table: _as_table, Output.csv: _as_csv, Output.json: _as_json}[output](debt)


def records(debt: Debt) -> list[dict[str, str | date | Decimal]]:
    """The answer as rows with stable names, for files: a row a bucket, or a row a group with a column a bucket."""
    if debt.by == By.bucket:
        return [{"as_of_on": debt.day, "ageing_bucket": name, "receivable_amount": amount} for name, amount in debt.total.buckets.items()]
    return [
        {"as_of_on": debt.day, **line.keys, **line.buckets, "receivable_amount": line.receivable, "overdue_amount": _overdue(debt, line)}
        for line in debt.lines
    ]


def _overdue(debt: Debt, line: Line) -> Decimal:
    return line.receivable - line.buckets[debt.current]


def _as_table(debt: Debt) -> None:
    table = Table(box=None, pad_edge=False)
    total = debt.total
    if debt.by == By.bucket:
        table.add_column("Antigüedad (días)")
        table.add_column("Por cobrar", justify="right")
        for name, amount in total.buckets.items():
            table.add_row(name, f"{amount:,.2f}")
        table.add_row("[bold]Total[/bold]", f"{total.receivable:,.2f}")
    else:
        keys = list(KEYS[debt.by])
        for key in keys:
            table.add_column(TITLES[key])
        for title in (*debt.buckets, "Por cobrar", "Vencido"):
            table.add_column(title, justify="right")
        for line in (*debt.lines, total):
            names = list(line.keys.values()) or ["[bold]Total[/bold]", *[""] * (len(keys) - 1)]
            table.add_row(*names, *(f"{amount:,.2f}" for amount in (*line.buckets.values(), line.receivable, _overdue(debt, line))))
    console = Console(width=None if sys.stdout.isatty() else 180)
    console.print(f"Cuentas por cobrar al {debt.day:%d/%m/%Y} (RD$)", highlight=False)
    console.print(table)
    console.print(f"Aparte, saldos a favor de clientes: RD$ {debt.credit:,.2f}", highlight=False)


def _as_csv(debt: Debt) -> None:
    columns = ["ageing_bucket", "receivable_amount"] if debt.by == By.bucket else [*KEYS[debt.by], *debt.buckets, "receivable_amount", "overdue_amount"]
    writer = csv.DictWriter(sys.stdout, ["as_of_on", *columns], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records(debt))


def _as_json(debt: Debt) -> None:
    # amounts as text: a JSON number would be read back as a float
    body = {"as_of_on": debt.day, "by": debt.by, "receivable_amount": debt.total.receivable, "credit_amount": debt.credit, "lines": records(debt)}
    typer.echo(json.dumps(body, default=str, ensure_ascii=False, indent=1))
