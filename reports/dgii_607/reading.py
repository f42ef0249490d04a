"""Reads the month from `marts.mart_dgii__607` and its summary, which dbt builds field by field, and a control total from `fct_invoice`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from psycopg import Connection, sql
from psycopg.rows import dict_row

from reports import period
from reports.dgii_607.layout import Layout
from reports.dgii_607.record import Record
from reports.errors import PeriodError

Numbered = tuple[int, Record]


@dataclass(frozen=True)
class Month:
    """What the marts say of a month: documents to declare one by one; small consumption documents (count and RD$ by field of the
    layout), declared in DGII's summary screen; and, from `fct_invoice`, how many posted documents there are and their RD$ with taxes.
    """

    rows: Sequence[Numbered]
    summary_count: int
    summary: Mapping[str, Decimal]
    control_count: int
    control_total: Decimal


def read(conn: Connection, month: date, layout: Layout) -> Month:
    """The month, through `conn` of role pii: the marts hold identities in clear."""
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute("select * from marts.mart_dgii__607_summary where period_month = %s", [month]).fetchone()
        if found is None:
            raise PeriodError(f"El resumen del 607 no tiene el mes de {period.name(month)}.")
        control = cursor.execute(
            """select count(*) as count, coalesce(sum(total_amount), 0) as total from marts.fct_invoice
               where state = 'posted' and issued_on between %s and %s""", [month, period.end_of(month)]
        ).fetchone()
    amounts = {name: found[name] for name in layout.by_name if name in found}
    return Month(list(rows(conn, month, layout)), found["documents_count"], amounts, control["count"], control["total"])


def rows(conn: Connection, month: date, layout: Layout) -> Iterator[Numbered]:
    """(line number of the mart, record) in order."""
    columns = sql.SQL(", ").join(sql.Identifier(field.name) for field in layout.fields)
    statement = sql.SQL("select line_number, {} from marts.mart_dgii__607 where period_month = %s order by line_number").format(columns)
    with conn.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(statement, [month]):
            yield row.pop("line_number"), row
