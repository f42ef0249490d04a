"""`caudal metrics`: list, show, query, docs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from . import answers, examples, formats, sql, written
from . import docs as pages
from .errors import SemanticError
from .filters import GRAMMAR
from .lineage import lineage, load_manifest
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
    """La ficha de un indicador: definición, responsable, umbrales, de dónde sale y un ejemplo. Ejemplo: caudal metrics show collection_efficiency"""
    from . import dax

    layer = _layer()
    try:
        m = layer.metric(name)
        texts = {"SQL": sql.expression(m), "DAX": dax.expression(m, m.model.table if m.model else "")}
        origin = lineage(m.model.table, load_manifest(manifest_path())) if m.model else None
    except SemanticError as error:
        raise _fail(error) from None
    rows = {
        "Indicador": m.label_es, "Descripción": m.description_es.strip(), "Fórmula": m.formula_es, "Unidad": m.unit,
        "Sentido": pages.DIRECTIONS[m.direction],
        "Alerta": formats.value(m, m.warn), "Crítico": formats.value(m, m.critical), "Responsable": m.owner, "Origen": m.source,
        "Tabla": m.table, "Dimensiones": ", ".join(m.dimensions), "Definido en": f"dbt/{m.file}" if m.file else "—",
        "Cálculo": pages.computation(m.node), **texts,
    }
    if origin:
        rows |= {"Sale de": " → ".join(", ".join(part) or "—" for part in ((m.model.table,), origin.facts, origin.staging, origin.sources))}
    rows["Ejemplo"] = _example(layer, m)
    for title, text in rows.items():
        typer.echo(f"{title}: {text}")


def _example(layer: SemanticLayer, metric: Metric) -> str:
    """With the figures of the last closed month that is published; why not, where there is none."""
    from caudal import warehouse

    try:
        with warehouse.connect("read") as conn:
            return examples.real(conn, layer, metric)
    except (warehouse.WarehouseUnavailable, psycopg.Error) as error:
        return f"no se pudo leer el almacén ({str(error).splitlines()[0]})"


@app.command()
def query(
    metrics: Annotated[str, typer.Argument(help="Indicadores, separados por comas; pueden ser de varios marts")],
    by: Annotated[str, typer.Option(help="Dimensiones, separadas por comas: sector, month, municipality, route, user_type, …")] = "",
    where: Annotated[str | None, typer.Option(help=f"Filtro. {GRAMMAR}")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Primer mes, AAAA-MM")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Último mes, AAAA-MM")] = None,
    compare: Annotated[str, typer.Option(help="Al lado de cada indicador: last_year (año anterior), plan (meta); separados por comas")] = "",
    output: Annotated[Output, typer.Option("--format", help="table, csv o json")] = Output.table,
) -> None:
    """Consulta indicadores en los marts publicados.

    Ejemplo: caudal metrics query delinquency_ratio --by sector,month --where "user_type='Comercial'" --format csv

    Ejemplo: caudal metrics query billed_amount,reconciled_share --by month --from 2026-01 --to 2026-10 --compare last_year
    """
    from caudal import warehouse

    layer = _layer()
    try:
        months = [answers.month(text) if text else None for text in (start, end)]
        with warehouse.connect("read") as conn:
            answer = answers.ask(conn, layer, _split(metrics), _split(by), where, *months, compare=_split(compare))
    except (SemanticError, warehouse.WarehouseUnavailable) as error:
        raise _fail(error) from None
    {Output.table: written.as_table, Output.csv: written.as_csv, Output.json: written.as_json}[output](answer)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


@app.command()
def docs(
    check: Annotated[bool, typer.Option("--check", help="Solo dice si el diccionario está al día")] = False,
    target: Annotated[Path, typer.Option(help="Carpeta donde se escribe")] = pages.FOLDER,
) -> None:
    """Escribe el diccionario de indicadores en docs/es: índice, una página por carpeta y una página HTML. Ejemplo: caudal metrics docs --check"""
    layer = _layer()
    try:
        texts = pages.dictionary(layer, load_manifest(manifest_path()))
    except SemanticError as error:
        raise _fail(error) from None
    if check:
        if old := pages.stale(target, texts):
            typer.echo(f"No están al día: {', '.join(old)}. Ejecute `caudal metrics docs`.", err=True)
            raise typer.Exit(1)
        typer.echo(f"{target / pages.INDEX} está al día.")
        return
    pages.write(target, texts)
    typer.echo(f"Escrito: {target / pages.INDEX}, {len(texts) - 2} página(s) y {target / pages.HTML} ({len(layer.metrics)} indicadores).")
