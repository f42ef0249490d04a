"""Cierre contable: the commercial system against Odoo's ledger for a closed month, as XLSX; and the entry's file, which `export` hands over.

`produce` reads the accounting marts and `ops.accounting_period`, as role read, and writes nothing but its document. The export is a
person's decision and no report: see `reports.journal_entry.export`.
"""

from __future__ import annotations

from datetime import date

from psycopg import Connection

from reports import config
from reports.archive import Output
from reports.journal_entry import figures, workbook
from reports.status import DataStatus

ROLE = "read"


def produce(conn: Connection, month: date, status: DataStatus) -> Output:
    """The workbook of `month`. It shows differences, it does not refuse them: the accountant is who explains them."""
    found = figures.collect(conn, month)
    return Output(workbook.render(found, config.site(), status), rows_read=len(found.comparisons) + len(found.rolls) + len(found.lines))
