"""What `make demo` says at the end: what was loaded, built, written, warned of, and where to look."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from psycopg import Connection
from rich.console import Console
from rich.table import Table

from caudal import semantic, warehouse
from caudal.settings import settings

HEADLINES = ("billed_amount", "collected_amount", "collection_efficiency", "receivable_amount", "delinquency_ratio")
MAIN_ENTITIES = ("customer", "contract", "reading", "account_move", "account_move_line", "account_payment", "account_partial_reconcile")


def _loaded(conn: Connection) -> list[tuple[str, str]]:
    rows = conn.execute(
        """select entity, status, rows_read from ops.run
           where run_id in (select max(run_id) from ops.run where pipeline = 'replicate' and entity is not null group by entity)"""
    ).fetchall()
    counts = {
        entity: conn.execute(semantic_count(entity)).fetchone()[0] for entity, status, _ in rows if entity in MAIN_ENTITIES and status == "ok"
    }
    failed = [entity for entity, status, _ in rows if status != "ok"]
    lines = [(f"{len(rows) - len(failed)} entidades de Odoo", ", ".join(f"{name} {counts[name]:,}" for name in MAIN_ENTITIES if name in counts))]
    if failed:
        lines.append(("Entidades con error", ", ".join(failed)))
    return lines


def semantic_count(entity: str):
    """Count of the live rows of a raw table."""
    from psycopg import sql

    return sql.SQL("select count(*) from raw.{} where _deleted_at is null").format(sql.Identifier(f"odoo_{entity}"))


def _value(metric: semantic.Metric, value: Decimal | None) -> str:
    if value is None:
        return "sin dato"
    if metric.unit == "RD$":
        return f"RD$ {value:,.2f}"
    return f"{value * 100:,.1f} %" if metric.unit == "%" else f"{value:,.0f} {metric.unit}"


def _figures(conn: Connection) -> list[tuple[str, str]]:
    layer = semantic.load()
    month: date = conn.execute("select max(period_month) from marts.mart_commercial__month").fetchone()[0]
    row = semantic.fetch(conn, HEADLINES, where={"period_month": month}, layer=layer)[0]
    return [(f"{layer.metric(name).label_es} ({month:%m/%Y})", _value(layer.metric(name), row[name])) for name in HEADLINES]


def print_summary(console: Console, seconds: float) -> None:
    """Print the summary of the installation under this home. `seconds`: how long the call took."""
    from superset_assets import server as superset

    table = Table(title=f"Caudal está en marcha ({seconds:.0f} s)", title_style="bold green", show_header=False, padding=(0, 1))
    with warehouse.connect() as conn:
        for name, text in _loaded(conn):
            table.add_row(name, text)
        table.add_row("Estado de los datos", conn.execute("select message_es from ops.data_status").fetchone()[0])
        table.add_section()
        for name, text in _figures(conn):
            table.add_row(name, text)
        table.add_section()
        incidents = conn.execute("select count(*) from ops.incident where closed_at is null").fetchone()[0]
        table.add_row("Alertas abiertas", f"{incidents}  (caudal alerts list)")
    table.add_row("Reportes", str(settings().home / "reports"))
    table.add_row("Proyecto de Power BI", str(settings().home / "powerbi"))
    console.print(table)
    # plain lines: an address and a password must survive a narrow terminal and a log whole
    console.print(f"Tablero:  [bold]{superset.url()}/superset/dashboard/morosidad/[/]")
    console.print(f"Usuario:  [bold]admin[/]   clave: [bold]{superset.admin_password()}[/]")
    console.print("Órdenes:  .venvs/caudal/bin/caudal --help   ·   detener: make stop")
