"""Recaudación mensual: what the Collections department presents for a closed month, as XLSX and PDF.

Reads the semantic layer, `mart_collections__daily`, `fct_payment` and `dim_date`, as role read; writes nothing but its documents.
"""

from __future__ import annotations

from datetime import date

from psycopg import Connection

from reports import config
from reports.archive import Output
from reports.monthly_collections import checks, figures, layout
from reports.status import DataStatus

ROLE = "read"


def produce(conn: Connection, month: date, status: DataStatus) -> Output:
    """The XLSX and the PDF of `month`. Raises FiguresDisagree before anything is written when two totals differ."""
    found = figures.collect(conn, month)
    checks.verify(found)
    made = layout.render(found, config.site(), status)
    return Output(made, rows_read=sum(len(part.rows) for part in (*found.breakdowns, found.days)))
