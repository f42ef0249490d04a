"""A second company in the same database, which the replication user of the first must not see: a handful of rows."""

from __future__ import annotations

from datetime import datetime

from psycopg import Connection, sql

from demo.utility.changes import add_invoice, insert, pay
from demo.utility.stamps import OTHER_COMPANY

_AT = datetime(2026, 9, 3, 15, 0, 0, 250_001)
_PAID = datetime(2026, 9, 20, 11, 10)  # in Santo Domingo
_TABLES = ("res_partner", "water_contract", "account_move", "account_move_line", "account_payment", "account_partial_reconcile")


def write_neighbour(conn: Connection) -> dict[str, int]:
    """Two customers with a contract and an invoice each, one of them paid. Returns rows by table."""
    for k, name in enumerate(["Vecino de Joba, Uno", "Vecina de Joba, Dos"], 1):
        partner = insert(conn, "res_partner", _AT, active=True, company_id=OTHER_COMPANY, name=name, is_company=False, customer_rank=1,
                         city="Joba Arriba")
        contract = insert(conn, "water_contract", _AT, active=True, company_id=OTHER_COMPANY, code=f"J-{k:06d}", partner_id=partner, user_type_id=1,
                          state="active", date_start=_AT.date(), is_cuttable=True, excluded_from_billing=False, has_sewer=False)
        add_invoice(conn, contract, 350, m3=28, at=_AT)
        if k == 1:
            pay(conn, contract, 350, when=_PAID, journal="CJJOB", at=_AT.replace(day=20))
    count = "select count(*) from {} where company_id = %s and create_date >= %s"
    return {table: conn.execute(sql.SQL(count).format(sql.Identifier(table)), [OTHER_COMPANY, _AT]).fetchone()[0] for table in _TABLES}
