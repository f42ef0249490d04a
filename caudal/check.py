"""`caudal check`: whether what is published can be used. Every metric is computed over the published marts, as the consumers will.

Reads: `<home>/manifest`, `marts` as caudal_read, `ops.data_status`. Writes nothing.
"""

from __future__ import annotations

import psycopg
import typer

from caudal import warehouse
from caudal.semantic import SemanticError, fetch, formats, load
from caudal.warehouse import WarehouseUnavailable

app = typer.Typer(help=f"{__doc__} Ejemplo: caudal check")


class PublicationBroken(RuntimeError):
    """The published data cannot be used; the message names what is wrong."""


def check() -> dict[str, str]:
    """Every metric's value in the last published month, written for people. Raises PublicationBroken, listing every metric that fails.

    A mart with no rows (unless its semantic model says that it may be empty), a manifest that does not fit the marts, and a build that failed are all failures.
    """
    with warehouse.connect("read") as conn:
        published, is_stale, message = conn.execute("select published_build_id, is_stale, message_es from ops.data_status").fetchone()
        if published is None or is_stale:
            raise PublicationBroken(message)
        problems, values = [], {}
        try:
            layer = load()
        except SemanticError as error:
            raise PublicationBroken(str(error)) from error
        months = {}
        for name, metric in layer.metrics.items():
            try:
                if metric.table not in months:
                    months[metric.table] = _last_month(conn, metric.model)
                if months[metric.table] is None:
                    values[name] = formats.value(metric, None)
                    continue
                values[name] = formats.value(metric, fetch(conn, [name], where={metric.model.time_dimension: months[metric.table]})[0][name])
            except (SemanticError, PublicationBroken, psycopg.Error) as error:
                conn.rollback()
                problems.append(f"{name}: {str(error).strip()}")
    if problems:
        raise PublicationBroken("\n".join(problems))
    return values


def _last_month(conn: psycopg.Connection, model):
    """The last month in the model's mart; None where it has none and may have none (`meta: {may_be_empty: true}`: a source that not every utility has)."""
    month = conn.execute(
        psycopg.sql.SQL("select max({}) from {}").format(
            psycopg.sql.Identifier(model.dimension(model.time_dimension).expr), psycopg.sql.Identifier(model.schema_name, model.table))
    ).fetchone()[0]
    if month is None and not model.may_be_empty:
        raise PublicationBroken(f"{model.relation} holds no closed month")
    return month


@app.callback(invoke_without_command=True)
def main() -> None:
    """Calcula cada indicador sobre lo publicado, en el último mes cerrado. Ejemplo: caudal check"""
    try:
        values = check()
    except (PublicationBroken, WarehouseUnavailable) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    for name, value in values.items():
        typer.echo(f"{name:36} {value}")
