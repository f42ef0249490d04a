"""The ledger as Odoo keeps it: moves, balanced lines, payments with their entries, partial reconciliations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from psycopg import Connection

from demo.utility.books import Books
from demo.utility.ledger import DEBIT_NOTE, INVOICE, REFUND
from demo.utility.lines import write_lines
from demo.utility.moves import write_moves
from demo.utility.settlement import write_partials, write_payments


@dataclass(frozen=True)
class Written:
    """Rows by table, and in cents: what was billed (posted, less credit notes) and collected (less reversals)."""

    rows: dict[str, int]
    billed: int
    collected: int


def write_accounting(conn: Connection, books: Books) -> Written:
    """COPY the four tables of accounting."""
    moves = write_moves(conn, books)
    lines, doc_term, pay_term = write_lines(conn, books)
    rows = {"account_move": moves, "account_move_line": lines, "account_payment": write_payments(conn, books),
            "account_partial_reconcile": write_partials(conn, books, doc_term, pay_term)}
    posted = np.isin(books.kind, [INVOICE, DEBIT_NOTE])
    billed = books.total[posted].sum() - books.total[books.kind == REFUND].sum()
    collected = (np.where(books.reversal_of >= 0, -1, 1) * books.amount)[~books.annulled].sum()
    return Written(rows, int(billed), int(collected))
