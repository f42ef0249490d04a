"""What the synthetic utility hides in its tills, files and collectors shows in the marts; and cohorts recomputed from raw in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from psycopg import Connection

from caudal import warehouse

TODAY = date(2026, 11, 15)


@pytest.fixture(scope="module")
def marts(built: object) -> Iterator[Connection]:
    with warehouse.connect() as conn:
        yield conn
        conn.rollback()


def _rows(conn: Connection, query: str) -> list[tuple]:
    return conn.execute(query).fetchall()


def test_the_collector_who_stopped_paying_in_is_named(marts: Connection) -> None:
    standing = dict(_rows(marts, "select collector_code, standing from marts.mart_collections__external_collector"))
    assert [code for code, how in standing.items() if how == "Dejó de pagar"] == ["COB-03"]
    overdue = _rows(marts, """select collector_name, sum(receipt_amount), min(age_days)
                              from marts.mart_collections__unsettled_receipt where is_overdue group by 1""")
    assert [name for name, *_ in overdue] == ["Félix Antonio Grullón"]
    assert overdue[0][2] > 60
    held = _rows(marts, """select sum(pending_overdue_amount) from marts.mart_collections__collector_month
                           where period_month = '2026-10-01' and collector_code = 'COB-03'""")
    assert held[0][0] == overdue[0][1] > 0


def test_the_file_with_the_wrong_total_is_the_only_one(marts: Connection) -> None:
    wrong = _rows(marts, "select trailer_difference_amount, sender_kind from marts.fct_bank_remittance where trailer_difference_amount <> 0")
    assert len(wrong) == 1
    assert wrong[0][1] == "banco"
    assert wrong[0][0] * 100 % 9 == 0  # two digits the wrong way round
    assert _rows(marts, "select count(*) > 0 from marts.fct_bank_remittance where unmatched_amount > 0 and unmatched_lines_count > 0") == [(True,)]


def test_cash_that_is_short_shows_by_till(marts: Connection) -> None:
    """The differences from raw, session by session."""
    cash = dict(_rows(marts, """
        select p.session_id, sum(case p.payment_type when 'outbound' then -p.amount else p.amount end)
        from raw.odoo_account_payment as p join raw.odoo_payment_method as m on m.id = p.payment_method_line_id
        where p.state in ('paid', 'in_process') and m.payment_form = 'efectivo' and p.session_id is not null group by 1"""))
    sessions = _rows(marts, """select id, cash_register_balance_start, cash_register_balance_end_real
                               from raw.odoo_cash_session where state = 'closed'""")
    wanted = {key: end - start - cash.get(key, Decimal(0)) for key, start, end in sessions}
    found = dict(_rows(marts, "select cash_session_key, difference_amount from marts.fct_cash_session where difference_amount is not null"))
    assert found == wanted
    assert any(found.values())
    assert _rows(marts, "select count(*) from marts.fct_cash_session where is_left_open") == [(1,)]


def test_cohorts_recomputed_from_raw(marts: Connection) -> None:
    """Collected of each month's bills within 30, 60 and 90 days, document by document, from Odoo's own rows."""
    documents = {row[0]: row[1:] for row in _rows(marts, """select id, invoice_date, amount_total from raw.odoo_account_move
                                                            where move_type = 'out_invoice' and state = 'posted' and _deleted_at is null""")}
    partials = _rows(marts, """
        select d.move_id, p.amount, greatest(p.max_date, m.date), c.payment_id is not null
        from raw.odoo_account_partial_reconcile as p join raw.odoo_account_move_line as d on d.id = p.debit_move_id
        join raw.odoo_account_move_line as c on c.id = p.credit_move_id join raw.odoo_account_move as m on m.id = c.move_id
        where p._deleted_at is null""")
    for days in (30, 60, 90):
        collected, collectable = defaultdict(Decimal), defaultdict(Decimal)
        for issued, total in documents.values():
            collectable[issued.replace(day=1)] += total
        for key, amount, day, is_money in partials:
            if key in documents and (max(day, documents[key][0]) - documents[key][0]).days <= days:
                month = documents[key][0].replace(day=1)
                if is_money:
                    collected[month] += amount
                else:
                    collectable[month] -= amount
        found = _rows(marts, f"""select period_month, sum(collected_{days}_amount), sum(collectable_{days}_amount)
                                 from marts.mart_collections__cohort_month group by 1 order by 1""")
        assert len(found) == 14
        for month, got, of in found:
            end = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
            wanted = (collected[month], collectable[month]) if end + timedelta(days=days) < TODAY else (None, None)
            assert (got, of) == wanted, (days, month)


def test_credits_of_today_are_odoos_residuals(marts: Connection) -> None:
    """What is left of each payment and credit note is what Odoo says of its receivable line."""
    wanted = dict(_rows(marts, """
        select coalesce('pago ' || p.id, 'nota_credito ' || m.id), -l.amount_residual
        from raw.odoo_account_move_line as l join raw.odoo_account_move as m on m.id = l.move_id
        left join raw.odoo_account_payment as p on p.move_id = m.id
        where l.display_type = 'payment_term' and l.amount_residual <> 0 and m.state = 'posted'
          and (p.id is not null or m.move_type = 'out_refund')"""))
    found = dict(_rows(marts, "select credit_kind || ' ' || credit_key, unapplied_amount from marts.mart_collections__credit_balance"))
    assert found == wanted
    assert len(found) > 5
