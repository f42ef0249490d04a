"""`caudal metrics`: list, show, query, docs."""

from __future__ import annotations

import csv
import json
import sys
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from . import docs as pages
from . import formats, sql
from .errors import SemanticError
from .filters import GRAMMAR, parse
from .model import Metric, SemanticLayer
from .reader import load, manifest_path

app = typer.Typer(no_args_is_help=True, help="Los indicadores: lista, ficha, consulta y página. Ejemplo: caudal metrics list")


class Output(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"


def _fail(error: Exception) -> typer.Exit:
    typer.echo(f"Error: {error}", err=True)
    return typer.Exit(1)


def _layer(manifest: Path | None = None) -> SemanticLayer:
    try:
        return load(manifest)
    except SemanticError as error:
        raise _fail(error) from None


@app.command("list")
def list_metrics() -> None:
    """Lista los indicadores con su unidad y sus umbrales. Ejemplo: caudal metrics list"""
    table = Table("Indicador", "Nombre técnico", "Unidad", "Alerta", "Crítico", box=None, pad_edge=False)
    for folder, metrics in _layer().by_folder().items():
        table.add_row(f"[bold]{folder}[/bold]")
        for m in metrics:
            limits = [formats.value(m, x) if x is not None else "" for x in (m.warn, m.critical)]
            table.add_row(f"  {m.label_es}", m.name, m.unit, *limits)
    Console(width=None if sys.stdout.isatty() else 140).print(table)


@app.command()
def show(name: Annotated[str, typer.Argument(help="Nombre técnico del indicador")]) -> None:
    """La ficha de un indicador: definición, cálculo, SQL y DAX. Ejemplo: caudal metrics show collection_efficiency"""
    from . import dax

    layer = _layer()
    try:
        m = layer.metric(name)
        texts = {"SQL": sql.expression(m), "DAX": dax.expression(m, m.model.table if m.model else "")}
    except SemanticError as error:
        raise _fail(error) from None
    rows = {
        "Indicador": m.label_es, "Descripción": m.description_es.strip(), "Fórmula": m.formula_es, "Unidad": m.unit,
        "Sentido": pages.DIRECTIONS[m.direction],
        "Alerta": formats.value(m, m.warn), "Crítico": formats.value(m, m.critical), "Responsable": m.owner, "Origen": m.source,
        "Tabla": m.table, "Dimensiones": ", ".join(m.dimensions), "Definido en": f"dbt/{m.file}" if m.file else "—",
        "Cálculo": pages.computation(m.node), **texts,
    }
    for title, text in rows.items():
        typer.echo(f"{title}: {text}")


@app.command()
def query(
    metrics: Annotated[str, typer.Argument(help="Indicadores, separados por comas")],
    by: Annotated[str, typer.Option(help="Dimensiones, separadas por comas (sector_name, period_month, …)")] = "",
    where: Annotated[str | None, typer.Option(help=f"Filtro. {GRAMMAR}")] = None,
    output: Annotated[Output, typer.Option("--format", help="table, csv o json")] = Output.table,
) -> None:
    """Consulta indicadores en los marts publicados.

    Ejemplo: caudal metrics query delinquency_ratio --by sector_name,period_month --where "user_type_name='Comercial'" --format csv
    """
    from caudal import warehouse

    names, dimensions = _split(metrics), _split(by)
    layer = _layer()
    try:
        first = layer.metric(names[0]) if names else None
        conditions = parse(where, first.model) if where and first and first.model else {}
        with warehouse.connect("read") as conn:
            rows = sql.fetch(conn, names, dimensions, conditions, layer)
    except (SemanticError, warehouse.WarehouseUnavailable) as error:
        raise _fail(error) from None
    chosen = {n: layer.metric(n) for n in names}
    {Output.table: _as_table, Output.csv: _as_csv, Output.json: _as_json}[output](rows, dimensions, chosen)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _as_table(rows: list[dict[str, Any]], by: list[str], metrics: dict[str, Metric]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in by:
        table.add_column(pages.DIMENSIONS.get(name, name).capitalize())
    for metric in metrics.values():
        table.add_column(metric.label_es, justify="right")
    for row in rows:
        cells = [formats.month(row[n]) if isinstance(row[n], date) else str(row[n]) for n in by]
        table.add_row(*cells, *(formats.value(m, row[n]) for n, m in metrics.items()))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _as_csv(rows: list[dict[str, Any]], by: list[str], metrics: dict[str, Metric]) -> None:
    writer = csv.DictWriter(sys.stdout, [*by, *metrics], lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _plain(v) for k, v in row.items()} for row in rows)


def _as_json(rows: list[dict[str, Any]], by: list[str], metrics: dict[str, Metric]) -> None:
    # amounts as text: a JSON number would be read back as a float
    typer.echo(json.dumps([{k: _plain(v) for k, v in row.items()} for row in rows], default=str, ensure_ascii=False, indent=1))


def _plain(value: Any) -> Any:
    """Every digit, and no exponent (`0E-20`)."""
    return f"{value:f}" if isinstance(value, Decimal) else value


@app.command()
def docs(
    check: Annotated[bool, typer.Option("--check", help="Solo dice si la página está al día")] = False,
    target: Annotated[Path, typer.Option(help="Dónde se escribe")] = pages.PAGE,
) -> None:
    """Escribe la página de indicadores, docs/es/indicadores.md. Ejemplo: caudal metrics docs --check"""
    layer = _layer()
    try:
        text = pages.page(layer, pages.load_manifest(manifest_path()))
    except SemanticError as error:
        raise _fail(error) from None
    if check:
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            typer.echo(f"{target} no está al día: ejecute `caudal metrics docs`.", err=True)
            raise typer.Exit(1)
        typer.echo(f"{target} está al día.")
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    typer.echo(f"Escrito: {target} ({len(layer.metrics)} indicadores).")
