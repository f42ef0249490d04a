"""Changes to the source as a user of Odoo makes them: for tests of what reads it, and for a demonstration.

Each takes an open psycopg connection to the source database and leaves committing to the caller. `write_date` is the start of the
transaction, as in Odoo; `at` (naive UTC) sets another. Amounts are Decimal or int, in RD$.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from psycopg import Connection, sql

from demo.utility.catalogue import UTC_OFFSET_H, catalogue

UID = 2
# The present moment, or what follows the history's last moment when the machine's clock is behind it
_NOW = "select greatest(now() at time zone 'UTC', ends_at + (now() - generated_at)) from demo_utility"
Money = Decimal | int


def now(conn: Connection) -> datetime:
    """What Odoo would write in write_date in this transaction (naive UTC)."""
    return conn.execute(_NOW).fetchone()[0]


def insert(conn: Connection, table: str, at: datetime, **values: object) -> int:
    """`create()` of one record. Returns its id."""
    row = {"create_date": at, "write_date": at, "create_uid": UID, "write_uid": UID, **values}
    statement = sql.SQL("insert into {} ({}) values ({}) returning id").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(sql.Placeholder() * len(row)))
    return conn.execute(statement, list(row.values())).fetchone()[0]


def update(conn: Connection, table: str, record_id: int, at: datetime | None = None, **values: object) -> None:
    """`write()` on one record. LookupError when there is none."""
    row = {**values, "write_date": at or now(conn), "write_uid": UID}
    sets = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in row)
    done = conn.execute(sql.SQL("update {} set {} where id = %s").format(sql.Identifier(table), sets), [*row.values(), record_id])
    if done.rowcount != 1:
        raise LookupError(f"{table} has no record {record_id}.")


def update_silently(conn: Connection, table: str, record_id: int, **values: object) -> None:
    """The same in raw SQL, as a support technician does it: write_date stays."""
    sets = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values)
    done = conn.execute(sql.SQL("update {} set {} where id = %s").format(sql.Identifier(table), sets), [*values.values(), record_id])
    if done.rowcount != 1:
        raise LookupError(f"{table} has no record {record_id}.")


def update_partner_name(conn: Connection, partner_id: int, name: str) -> None:
    """A clerk corrects a customer's name."""
    update(conn, "res_partner", partner_id, name=name)


def archive(conn: Connection, table: str, record_id: int) -> None:
    """Archive a record (`active` = false): it hides from readers that do not ask for it."""
    update(conn, table, record_id, active=False)


def delete_reading(conn: Connection, reading_id: int) -> None:
    """`unlink()` of a reading: it leaves no trace, but for the invoice that pointed at it."""
    for (move,) in conn.execute("select id from account_move where x_reading_id = %s", [reading_id]).fetchall():
        update(conn, "account_move", move, x_reading_id=None)
    conn.execute("delete from water_reading_incident where reading_id = %s", [reading_id])  # ondelete="cascade"
    if conn.execute("delete from water_reading where id = %s", [reading_id]).rowcount != 1:
        raise LookupError(f"water_reading has no record {reading_id}.")


def add_invoice(conn: Connection, contract_id: int, amount: Money, m3: int = 10, issued_on: date | None = None, concept: str = "AGUA",
                at: datetime | None = None) -> int:
    """Post an invoice without taxes on one concept (`m3` counts for AGUA only; what m3 × price cannot give goes to OTRO). Returns the move's id."""
    at = at or now(conn)
    issued_on = issued_on or (at - timedelta(hours=UTC_OFFSET_H)).date()
    return _document(conn, contract_id, "out_invoice", Decimal(amount), m3 if concept == "AGUA" else 0, issued_on, concept, at)


def credit_note(conn: Connection, invoice_id: int, amount: Money, reason: str = "error_facturacion", issued_on: date | None = None,
                at: datetime | None = None) -> int:
    """Post a credit note on an invoice and apply it to what the invoice still owes. Returns the move's id."""
    at = at or now(conn)
    issued_on = issued_on or (at - timedelta(hours=UTC_OFFSET_H)).date()
    contract, fiscal = conn.execute("select x_contract_id, l10n_do_fiscal_number from account_move where id = %s", [invoice_id]).fetchone()
    note = _document(conn, contract, "out_refund", Decimal(amount), 0, issued_on, "OTRO", at, reversed_entry_id=invoice_id, x_credit_reason=reason,
                     l10n_do_origin_ncf=fiscal, l10n_do_ecf_modification_code="3", ref=f"Reversión de: {fiscal}")
    _apply(conn, note, [invoice_id], issued_on, at)
    return note


def _document(conn: Connection, contract_id: int, kind: str, amount: Decimal, m3: int, issued_on: date, concept: str, at: datetime,
              **more: object) -> int:
    partner, company = conn.execute("select partner_id, company_id from water_contract where id = %s", [contract_id]).fetchone()
    journal = conn.execute("select id from account_journal where type = 'sale' and company_id = %s", [company]).fetchone()[0]
    prefix = "E34" if kind == "out_refund" else "E32"
    doc_type = conn.execute("select id from l10n_latam_document_type where doc_code_prefix = %s", [prefix]).fetchone()[0]
    fiscal = conn.execute(
        "select %s || lpad((coalesce(max(substr(l10n_do_fiscal_number, 4)::bigint), 0) + 1)::text, 10, '0') from account_move "
        "where l10n_do_fiscal_number like %s and company_id = %s", [prefix, f"{prefix}%", company]).fetchone()[0]
    code = "NC" if kind == "out_refund" else "FAC"
    sign = 1 if kind == "out_refund" else -1
    due = issued_on if kind == "out_refund" else issued_on + timedelta(days=catalogue()["due_days"])
    common = {"company_id": company, "partner_id": partner, "date": issued_on}
    name = f"{code}/{issued_on:%Y/%m}/{fiscal[-6:]}"
    move = insert(
        conn, "account_move", at, **common, name=name, move_type=kind, state="posted", payment_state="not_paid", journal_id=journal,
        invoice_date=issued_on, invoice_date_due=due, amount_untaxed=amount, amount_tax=0, amount_total=amount, amount_residual=amount,
        l10n_latam_document_type_id=doc_type, l10n_do_fiscal_number=fiscal, l10n_do_income_type="01", is_ecf_invoice=True, x_ecf_state="accepted",
        l10n_do_ecf_sign_date=at, x_contract_id=contract_id, x_billing_period=issued_on.replace(day=1), x_billed_m3=m3, **more)
    quantity = m3 or 1
    price = (amount / quantity).quantize(Decimal("0.01"), ROUND_DOWN)
    for code, count, unit in ((concept, quantity, price), ("OTRO", 1, amount - price * quantity)):
        if not unit:
            continue
        product, label, own = conn.execute("select id, name ->> 'es_DO', (property_account_income_id ->> %s)::int from product_product "
                                           "where default_code = %s", [str(company), code]).fetchone()
        income = own or _default(conn, "product.product", "property_account_income_id", company)
        _line(conn, at, move, sign * unit * count, "product", income, **common, move_name=name, name=label, product_id=product, quantity=count,
              price_unit=unit, price_subtotal=unit * count, price_total=unit * count)
    _line(conn, at, move, -sign * amount, "payment_term", _receivable(conn), **common, move_name=name, date_maturity=due,
          amount_residual=-sign * amount)
    return move


def _default(conn: Connection, model: str, name: str, company: int) -> int:
    """What ir.default says for a company-dependent field: the company's, else everybody's."""
    return conn.execute("select d.json_value::int from ir_default d join ir_model_fields f on f.id = d.field_id where f.model = %s and f.name = %s "
                        "and (d.company_id = %s or d.company_id is null) order by d.company_id, d.id limit 1", [model, name, company]).fetchone()[0]


def _receivable(conn: Connection) -> int:
    return conn.execute("select id from account_account where account_type = 'asset_receivable'").fetchone()[0]


def _line(conn: Connection, at: datetime, move: int, balance: Decimal, display: str, account: int, **values: object) -> int:
    values = {"amount_residual": Decimal(0), "reconciled": False, "parent_state": "posted", **values}
    return insert(conn, "account_move_line", at, move_id=move, account_id=account, display_type=display, debit=max(balance, Decimal(0)),
                   credit=max(-balance, Decimal(0)), balance=balance, **values)


def pay(conn: Connection, contract_id: int, amount: Money, when: datetime | None = None, journal: str = "CJMOC", at: datetime | None = None) -> int:
    """Receive money of a contract and apply it to its open invoices, oldest due first; what is left stays unapplied.

    `when` is the moment of the payment in Santo Domingo (naive); its date is the business date. Returns the id of the account.payment.
    """
    at = at or now(conn)
    when = when or at - timedelta(hours=UTC_OFFSET_H)
    amount = Decimal(amount)
    partner, company = conn.execute("select partner_id, company_id from water_contract where id = %s", [contract_id]).fetchone()
    journal_id = conn.execute("select id from account_journal where code = %s", [journal]).fetchone()[0]
    method = conn.execute("select id from account_payment_method_line where journal_id = %s order by id limit 1", [journal_id]).fetchone()[0]
    cash = conn.execute("select id from account_account where account_type = 'asset_cash' "
                        "order by name = (select name from account_journal where id = %s) desc, id limit 1", [journal_id]).fetchone()[0]
    common = {"company_id": company, "partner_id": partner, "date": when.date()}
    entry = insert(conn, "account_move", at, **common, move_type="entry", state="posted", payment_state="not_paid", journal_id=journal_id,
                    amount_untaxed=0, amount_tax=0, amount_total=amount, amount_residual=0, is_ecf_invoice=False, x_contract_id=contract_id)
    name = f"P{journal}/{when.year}/{entry}"
    update(conn, "account_move", entry, at, name=name)
    payment = insert(conn, "account_payment", at, **common, name=name, move_id=entry, amount=amount, state="paid", payment_type="inbound",
                      journal_id=journal_id, payment_method_line_id=method, x_contract_id=contract_id, x_paid_at=when + timedelta(hours=UTC_OFFSET_H))
    common |= {"name": "Pago de cliente", "move_name": name, "payment_id": payment}
    _line(conn, at, entry, amount, "product", cash, **common)
    _line(conn, at, entry, -amount, "payment_term", _receivable(conn), **common, date_maturity=when.date(), amount_residual=-amount)
    owed = conn.execute("select id from account_move where x_contract_id = %s and move_type = 'out_invoice' and state = 'posted' "
                        "and amount_residual > 0 order by invoice_date_due, id", [contract_id]).fetchall()
    _apply(conn, entry, [move for (move,) in owed], when.date(), at)
    return payment


def _term(conn: Connection, move_id: int) -> tuple[int, Decimal, date]:
    return conn.execute("select id, amount_residual, date from account_move_line where move_id = %s and display_type = 'payment_term'",
                        [move_id]).fetchone()


def _apply(conn: Connection, credit_move: int, invoices: list[int], day: date, at: datetime) -> None:
    """Partials between the credit's receivable line and the invoices', in this order, and the residuals that follow from them."""
    credit, left, _ = _term(conn, credit_move)
    left = -left
    company = conn.execute("select company_id from account_move where id = %s", [credit_move]).fetchone()[0]
    for invoice in invoices:
        debit, owed, issued = _term(conn, invoice)
        part = min(left, owed)
        if part <= 0:
            continue
        insert(conn, "account_partial_reconcile", at, company_id=company, debit_move_id=debit, credit_move_id=credit, amount=part,
               max_date=max(day, issued))
        left -= part
        _settle(conn, invoice, debit, owed - part, at)
    update(conn, "account_move_line", credit, at, amount_residual=-left, reconciled=left == 0)
    kind = conn.execute("select move_type from account_move where id = %s", [credit_move]).fetchone()[0]
    if kind == "out_refund":
        _settle(conn, credit_move, credit, -left, at)


def _settle(conn: Connection, move: int, line: int, residual: Decimal, at: datetime) -> None:
    """Write the residual of a document and its receivable line, and the payment state that follows."""
    total = conn.execute("select amount_total from account_move where id = %s", [move]).fetchone()[0]
    left = abs(residual)
    update(conn, "account_move_line", line, at, amount_residual=residual, reconciled=left == 0)
    paid_by_money = conn.execute("select exists (select 1 from account_partial_reconcile p join account_move_line l on l.id = p.credit_move_id "
                                 "where p.debit_move_id = %s and l.payment_id is not null)", [line]).fetchone()[0]
    is_note = conn.execute("select move_type = 'out_refund' from account_move where id = %s", [move]).fetchone()[0]
    settled = "paid" if paid_by_money or is_note else "reversed"
    update(conn, "account_move", move, at, amount_residual=left, payment_state=settled if left == 0 else "not_paid" if left == total else "partial")


def cancel_payment(conn: Connection, payment_id: int) -> None:
    """Cancel a payment: its partials go (no trace), what they settled is owed again, its entry is cancelled."""
    at = now(conn)
    entry = conn.execute("select move_id from account_payment where id = %s", [payment_id]).fetchone()[0]
    credit, _, _ = _term(conn, entry)
    removed = conn.execute("delete from account_partial_reconcile where credit_move_id = %s returning debit_move_id, amount", [credit]).fetchall()
    for debit, amount in removed:
        move, owed = conn.execute("select move_id, amount_residual from account_move_line where id = %s", [debit]).fetchone()
        _settle(conn, move, debit, owed + amount, at)
    total = conn.execute("select amount from account_payment where id = %s", [payment_id]).fetchone()[0]
    update(conn, "account_payment", payment_id, at, state="canceled")
    update(conn, "account_move", entry, at, state="cancel")
    for (line,) in conn.execute("select id from account_move_line where move_id = %s", [entry]).fetchall():
        update(conn, "account_move_line", line, at, parent_state="cancel")
    update(conn, "account_move_line", credit, at, amount_residual=-total, reconciled=False)


def late_commit(conn: Connection, contract_id: int, amount: Money, minutes: int = 10) -> int:
    """An invoice whose transaction began `minutes` ago and commits now: it appears with an old write_date. Returns the move's id."""
    return add_invoice(conn, contract_id, amount, at=now(conn) - timedelta(minutes=minutes))
