"""account_payment, and account_partial_reconcile: which credit settled which debit."""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.books import Books, at
from demo.utility.operations_cash import is_advance, sessions_of
from demo.utility.stamps import COMPANY


def write_payments(conn: Connection, books: Books) -> int:
    """COPY account_payment. Returns the rows written."""
    order = np.argsort(books.pay_id, kind="stable")
    memos = np.array([out.NULL] * len(books.amount), dtype=object)
    for k, payment in enumerate(books.ledger.payments):
        if payment.advance:
            memos[k] = "Anticipo"
        elif payment.reversal_of >= 0:
            memos[k] = f"Devolución de {books.pay_name[payment.reversal_of]}"
    weird = [r"Depósito \\ ref|0012\tcliente dijo: \"es el último\"", r"Pago 🙏🇩🇴\nvía WhatsApp", "ABONO (sin recibo) ñ/ü — 50%"]
    memos[order[: len(weird)]] = weird
    memos[::9] = np.where(memos[::9] == out.NULL, "Pago de factura de agua", memos[::9])
    origin = np.where(books.reversal_of >= 0, books.pay_id[books.reversal_of], -1)
    methods = books.method
    columns = {
        "id": out.integers(books.pay_id), "company_id": str(COMPANY), "create_uid": "6", "write_uid": "6",
        "create_date": out.moments(books.pay_created), "write_date": out.moments(books.pay_written), "name": books.pay_name,
        "move_id": out.integers(books.pay_move), "partner_id": out.integers(books.partner(books.pay_contract)), "amount": out.cents(books.amount),
        "date": out.days(books.pay_day), "state": books.pay_state,
        "payment_type": out.pick(["inbound", "outbound"], (books.reversal_of >= 0).astype(int)),
        "journal_id": out.integers(books.masters.journal_ids[books.channel]), "payment_method_line_id": out.integers(methods + 1), "memo": memos,
        "x_contract_id": out.integers(books.pay_contract + 1),
        "x_collector_id": out.integers(np.where(books.collector >= 0, books.collector + 1, -1)),
        "x_paid_at": out.moments(books.paid_at), "x_reversal_of_id": out.integers(origin),
        "x_session_id": out.integers(sessions_of(books)[0]), "x_is_advance": out.booleans(is_advance(books)),
    }
    return out.copy_rows(conn, "account_payment",
                         {k: v if isinstance(v, str) else np.array(v, dtype=object)[order].tolist() for k, v in columns.items()})


def write_partials(conn: Connection, books: Books, doc_term: np.ndarray, pay_term: np.ndarray) -> int:
    """COPY account_partial_reconcile, given the receivable line of each document and payment. Returns the rows written."""
    debit_pay, debit, credit_pay, credit, amount = books.partials.T
    debit_line = np.where(debit_pay == 1, at(pay_term, debit, debit_pay == 1), at(doc_term, debit, debit_pay == 0))
    credit_line = np.where(credit_pay == 1, at(pay_term, credit, credit_pay == 1), at(doc_term, credit, credit_pay == 0))
    order = np.lexsort([np.arange(len(amount)), books.partial_created])
    created = out.moments(books.partial_created[order])
    return out.copy_rows(conn, "account_partial_reconcile", {
        "id": out.integers(books.gapped(len(amount))), "company_id": str(COMPANY), "create_uid": "6", "write_uid": "6",
        "create_date": created, "write_date": created, "debit_move_id": out.integers(debit_line[order]),
        "credit_move_id": out.integers(credit_line[order]), "amount": out.cents(amount[order]), "max_date": out.days(books.partial_day[order]),
    })
