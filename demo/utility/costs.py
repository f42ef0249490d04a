"""What the utility spends: one entry a month of its operating costs, so that the books can tell how much of them the income covers."""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.catalogue import Calendar
from demo.utility.ledger import DAY_US, HOUR_US
from demo.utility.stamps import COMPANY, SET_UP, ids_from, stamps

STREAM = 5_000  # of the seed sequence
PAYABLE = ("21010101", "Cuentas por pagar a suplidores", "Trade payables", "liability_payable")
COSTS = [  # code, Spanish, English, type, thousandths of an average month's income, thousandths that it varies
    ("51010100", "Energía eléctrica de bombeo", "Pumping energy", "expense_direct_cost", 330, 90),
    ("51010200", "Productos químicos", "Chemicals", "expense_direct_cost", 70, 60),
    ("51020100", "Sueldos y beneficios", "Payroll", "expense", 290, 10),
    ("51020200", "Mantenimiento de redes y equipos", "Maintenance", "expense", 130, 200),
    ("51020300", "Gastos administrativos y comerciales", "Administrative and commercial", "expense", 110, 50),
    ("51030100", "Depreciación de activos fijos", "Depreciation", "expense_depreciation", 140, 0),
]


def write_costs(conn: Connection, rows: dict[str, int], calendar: Calendar, seed: int) -> None:
    """COPY the accounts, the journal, and an entry of each closed month: costs against what is owed to suppliers."""
    rng = np.random.default_rng([seed, STREAM])
    closed = [int(m) for m in calendar.month_numbers[1:]]  # first days of the months after the closed ones
    income = conn.execute("""select coalesce(-sum(l.balance), 0) from account_move_line l join account_account a on a.id = l.account_id
                             where a.account_type = 'income' and l.parent_state = 'posted'""").fetchone()[0]
    average = int(income * 100) // len(closed)
    account = _next(conn, "account_account")
    accounts = [PAYABLE, *(cost[:4] for cost in COSTS)]
    rows["account_account"] += out.copy_rows(conn, "account_account", {
        "id": ids_from(len(accounts), account), **stamps(SET_UP, len(accounts)), "name": [out.translated(es, en) for _, es, en, _ in accounts],
        "code": [a[0] for a in accounts], "account_type": [a[3] for a in accounts]})
    journal = _next(conn, "account_journal")
    rows["account_journal"] += out.copy_rows(conn, "account_journal", {
        "id": [str(journal)], **stamps(SET_UP, 1), "name": [out.translated("Operaciones diversas", "Miscellaneous")], "code": ["VARIO"],
        "type": ["general"], "active": "t", "company_id": str(COMPANY)})
    count, kinds = len(closed), len(COSTS)
    share, spread = np.array([c[4:] for c in COSTS]).T
    amounts = average * share // 1000 * (1000 + (spread * (2 * rng.random((count, kinds)) - 1)).astype(np.int64)) // 1000
    last_day = np.array(closed) - 1
    posted = last_day * DAY_US + 21 * HOUR_US + rng.integers(0, HOUR_US, count)
    moves = _next(conn, "account_move") + np.arange(count)
    names = [f"VARIO/{day[:4]}/{day[5:7]}/0001" for day in out.days(last_day)]
    rows["account_move"] = rows.get("account_move", 0) + out.copy_rows(conn, "account_move", {
        "id": out.integers(moves), **stamps(posted, count, 4), "company_id": str(COMPANY), "name": names, "ref": "Costos de operación del mes",
        "move_type": "entry", "state": "posted", "payment_state": "not_paid", "journal_id": str(journal), "date": out.days(last_day),
        "amount_untaxed": "0.00", "amount_tax": "0.00", "amount_total": out.cents(amounts.sum(axis=1)), "amount_residual": "0.00",
        "is_ecf_invoice": "f"})
    balance = np.concatenate([amounts, -amounts.sum(axis=1, keepdims=True)], axis=1)
    width = kinds + 1
    of_line = np.concatenate([np.arange(1, width), [0]])  # the payable is the first account and the last line
    rows["account_move_line"] = rows.get("account_move_line", 0) + out.copy_rows(conn, "account_move_line", {
        "id": ids_from(count * width, _next(conn, "account_move_line")), **stamps(np.repeat(posted, width), count * width, 4),
        "company_id": str(COMPANY), "move_id": out.integers(np.repeat(moves, width)), "account_id": out.integers(np.tile(account + of_line, count)),
        "name": out.texts([accounts[k][1] for k in of_line.tolist()] * count), "display_type": "product", "parent_state": "posted",
        "move_name": np.repeat(names, width).tolist(), "date": out.days(np.repeat(last_day, width)),
        "debit": out.cents(np.maximum(balance, 0).ravel()), "credit": out.cents(np.maximum(-balance, 0).ravel()),
        "balance": out.cents(balance.ravel()),
        "amount_residual": "0.00", "reconciled": "f"})


def _next(conn: Connection, table: str) -> int:
    """The first id that `table` has not used."""
    return conn.execute(f"select max(id) + 1 from {table}").fetchone()[0]
