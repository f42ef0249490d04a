"""account_move: documents and the entries of payments, in one table and one order of ids."""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.books import STATES, Books
from demo.utility.ledger import CANCELLED, DEBIT_NOTE, DRAFT, INVOICE, REASONS, REFUND
from demo.utility.numbering import DOCUMENT_TYPES
from demo.utility.operations_cycles import cycles_of
from demo.utility.stamps import COMPANY

MOVE_TYPES = ["out_invoice", "out_refund"]
PAYMENT_STATES = ["not_paid", "partial", "paid", "reversed"]
UNPAID, PARTLY, PAID, REVERSED = range(4)
SECURITY = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"


def write_moves(conn: Connection, books: Books) -> int:
    """COPY account_move. Returns the rows written."""
    docs, pays = _documents(books), _entries(books)
    order = np.argsort(np.concatenate([books.doc_move, books.pay_move]), kind="stable")
    columns = {}
    for name in docs | pays:
        both = _full(docs.get(name, out.NULL), len(books.kind)) + _full(pays.get(name, out.NULL), len(books.amount))
        columns[name] = np.array(both, dtype=object)[order].tolist()
    return out.copy_rows(conn, "account_move", columns)


def _documents(books: Books) -> dict[str, out.Column]:
    kind, draft = books.kind, books.kind == DRAFT
    refund, void = kind == REFUND, kind == CANCELLED
    electronic = ~books.paper & ~draft
    u = books.rng.random(len(kind))
    recent = books.issued >= books.issued[~draft].max(initial=0) - 1
    ecf = np.select([recent & (u < 0.5), u < 0.004, u < 0.018], [3, 2, 1], 0)
    ecf = np.where(electronic & ~void, ecf, -1)
    codes = np.array(list(SECURITY))[books.rng.integers(0, len(SECURITY), (len(kind), 6))]
    security = np.where(electronic, codes.view("U6").ravel() if len(kind) else codes.ravel()[:0], out.NULL).tolist()
    modification = np.where(refund, np.where(books.whole, 1, 3), np.where(kind == DEBIT_NOTE, 3, -1))
    types = list(DOCUMENT_TYPES)
    origin_fiscal = [books.fiscal[o] if o >= 0 else out.NULL for o in books.origin.tolist()]
    reading = books.masters.reading_id[books.doc_contract, books.doc_month]
    signed = np.where(electronic, books.doc_created + 4_250_000, -1)
    cancellation = np.where(void, np.where(books.doc_contract % 4 == 0, 2, 4), -1)
    return {
        "id": out.integers(books.doc_move), "company_id": str(COMPANY), "create_uid": "1", "write_uid": "1",
        "create_date": out.moments(books.doc_created), "write_date": out.moments(books.doc_written),
        "name": books.doc_name, "ref": _refs(books), "move_type": out.pick(MOVE_TYPES, refund.astype(int)),
        "state": out.pick(STATES, books.doc_state), "payment_state": out.pick(PAYMENT_STATES, _payment_states(books)),
        "partner_id": out.integers(books.partner(books.doc_contract)), "journal_id": str(books.masters.sale_journal),
        "date": out.days(books.issued), "invoice_date": out.days(np.where(draft, -1, books.issued)),
        "invoice_date_due": out.days(books.due), "amount_untaxed": out.cents(books.untaxed), "amount_tax": out.cents(books.tax),
        "amount_total": out.cents(books.total), "amount_residual": out.cents(books.residual),
        "reversed_entry_id": out.integers(np.where(refund, _origin_moves(books), -1)),
        "debit_origin_id": out.integers(np.where(kind == DEBIT_NOTE, _origin_moves(books), -1)),
        "l10n_latam_document_type_id": out.integers([types.index(p) + 1 for p in books.prefix]),
        "l10n_do_fiscal_number": books.fiscal, "l10n_do_origin_ncf": origin_fiscal,
        "l10n_do_ecf_modification_code": out.integers(modification),
        "l10n_do_cancellation_type": out.pick(["01", "02", "03", "04", "05"], np.where(cancellation > 0, cancellation - 1, -1)),
        "l10n_do_income_type": "01", "is_ecf_invoice": out.booleans(electronic), "l10n_do_ecf_security_code": security,
        "l10n_do_ecf_sign_date": out.moments(signed), "x_ecf_state": out.pick(["accepted", "accepted_conditional", "rejected", "in_process"], ecf),
        "x_contract_id": out.integers(books.doc_contract + 1),
        "x_billing_period": out.days(np.append(books.calendar.month_numbers, -1)[books.doc_month]),
        "x_reading_id": out.integers(np.where(kind == INVOICE, reading, -1)), "x_credit_reason": out.pick(REASONS, books.reason),
        "x_billed_m3": out.integers(books.m3), "x_cycle_id": out.integers(cycles_of(books)),
    }


def _origin_moves(books: Books) -> np.ndarray:
    return np.where(books.origin >= 0, books.doc_move[books.origin], -1)


def _refs(books: Books) -> list[str]:
    refs = [out.NULL] * len(books.kind)
    for i, (kind, o) in enumerate(zip(books.kind.tolist(), books.origin.tolist(), strict=True)):
        if kind == REFUND:
            refs[i] = f"Reversión de: {books.doc_name[o]}, {books.ledger.docs[i].whole and 'anulación' or 'ajuste'}"
        elif kind == DEBIT_NOTE:
            refs[i] = f"Débito de: {books.doc_name[o]}"
    notes = [i for i, ref in enumerate(refs) if ref != out.NULL]
    if notes:
        refs[notes[0]] = out.texts([refs[notes[0]] + ' — "urgente"\n\tver correo 📎 del 3/4'])[0]
    return refs


def _payment_states(books: Books) -> np.ndarray:
    """As Odoo says it: reversed when nothing but credit notes settled it."""
    by_note = np.zeros(len(books.kind), bool)
    by_money = np.zeros(len(books.kind), bool)
    debit_pay, debit, credit_pay, _, _ = books.partials.T
    by_note[debit[(debit_pay == 0) & (credit_pay == 0)]] = True
    by_money[debit[(debit_pay == 0) & (credit_pay == 1)]] = True
    full = books.residual == 0
    state = np.select([full & by_note & ~by_money, full, books.residual < books.total], [REVERSED, PAID, PARTLY], UNPAID)
    return np.where(np.isin(books.kind, [CANCELLED, DRAFT]), UNPAID, state)


def _entries(books: Books) -> dict[str, out.Column]:
    return {
        "id": out.integers(books.pay_move), "company_id": str(COMPANY), "create_uid": "6", "write_uid": "6",
        "create_date": out.moments(books.pay_created), "write_date": out.moments(books.pay_written),
        "name": books.pay_name, "move_type": "entry", "state": out.pick(STATES, books.annulled.astype(int)), "payment_state": "not_paid",
        "partner_id": out.integers(books.partner(books.pay_contract)), "journal_id": out.integers(books.masters.journal_ids[books.channel]),
        "date": out.days(books.pay_day), "amount_untaxed": "0.00", "amount_tax": "0.00", "amount_total": out.cents(books.amount),
        "amount_residual": "0.00", "is_ecf_invoice": "f", "x_contract_id": out.integers(books.pay_contract + 1),
    }


def _full(column: out.Column, count: int) -> list[str]:
    return [column] * count if isinstance(column, str) else list(column)
