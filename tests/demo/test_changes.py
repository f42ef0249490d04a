"""Changes as a user of Odoo makes them leave a database that Odoo could have left."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from demo.utility import changes
from demo.utility.invariants import broken


@pytest.fixture
def contract(source: psycopg.Connection) -> int:
    """An active contract that owes nothing."""
    return source.execute("""select c.id from water_contract c
                             join account_move m on m.x_contract_id = c.id and m.move_type = 'out_invoice' and m.state = 'posted'
                             where c.state = 'active' and c.company_id = 1 and c.partner_id is not null
                             group by c.id having sum(m.amount_residual) = 0 order by 1 limit 1""").fetchone()[0]


def state(conn: psycopg.Connection, move: int) -> tuple[Decimal, str]:
    return conn.execute("select amount_residual, payment_state from account_move where id = %s", [move]).fetchone()


def test_an_invoice_is_paid_in_two_parts_and_the_rest_stays_as_credit(source: psycopg.Connection, contract: int) -> None:
    invoice = changes.add_invoice(source, contract, Decimal("500.25"), m3=20)
    changes.pay(source, contract, 200)
    assert state(source, invoice) == (Decimal("300.25"), "partial")
    payment = changes.pay(source, contract, 400)
    assert state(source, invoice) == (Decimal("0.00"), "paid")
    left = source.execute("select amount_residual from account_move_line where payment_id = %s and display_type = 'payment_term'",
                          [payment]).fetchone()[0]
    assert left == Decimal("-99.75")
    assert broken(source) == {}


def test_a_cancelled_payment_is_owed_again(source: psycopg.Connection, contract: int) -> None:
    invoice = changes.add_invoice(source, contract, 300)
    payment = changes.pay(source, contract, 300)
    changes.cancel_payment(source, payment)
    assert state(source, invoice) == (Decimal("300.00"), "not_paid")
    assert broken(source) == {}


def test_a_whole_credit_note_reverses(source: psycopg.Connection, contract: int) -> None:
    invoice = changes.add_invoice(source, contract, 300)
    note = changes.credit_note(source, invoice, 300)
    assert state(source, invoice) == (Decimal("0.00"), "reversed")
    assert state(source, note) == (Decimal("0.00"), "paid")
    assert broken(source) == {}


def test_a_payment_at_nine_in_the_evening_belongs_to_its_day(source: psycopg.Connection, contract: int) -> None:
    payment = changes.pay(source, contract, 100, when=datetime(2026, 11, 14, 21, 0))
    day, moment = source.execute("select date, x_paid_at from account_payment where id = %s", [payment]).fetchone()
    assert (day.isoformat(), moment) == ("2026-11-14", datetime(2026, 11, 15, 1, 0))


def test_write_date_is_the_start_of_the_transaction(source: psycopg.Connection, contract: int) -> None:
    changes.update_partner_name(source, 50, "Otro nombre")
    source.execute("select pg_sleep(0.05)")
    changes.archive(source, "res_partner", 51)
    stamps = {row[0] for row in source.execute("select write_date from res_partner where id in (50, 51)").fetchall()}
    assert stamps == {changes.now(source)}
    assert changes.now(source) > source.execute("select ends_at from demo_utility").fetchone()[0]


def test_a_silent_update_leaves_no_trace(source: psycopg.Connection) -> None:
    before = source.execute("select write_date from res_partner where id = 50").fetchone()[0]
    changes.update_silently(source, "res_partner", 50, name="Callado")
    assert source.execute("select name, write_date from res_partner where id = 50").fetchone() == ("Callado", before)


def test_a_late_commit_looks_old(source: psycopg.Connection, contract: int) -> None:
    move = changes.late_commit(source, contract, 100, minutes=12)
    stamp, last = source.execute("select write_date, (select max(id) from account_move) from account_move where id = %s", [move]).fetchone()
    assert changes.now(source) - stamp == timedelta(minutes=12)
    assert last == move
    assert broken(source) == {}


def test_a_deleted_reading_is_gone(source: psycopg.Connection) -> None:
    reading, move = source.execute("select x_reading_id, id from account_move where x_reading_id is not null order by id limit 1").fetchone()
    changes.delete_reading(source, reading)
    assert source.execute("select count(*) from water_reading where id = %s", [reading]).fetchone()[0] == 0
    assert source.execute("select x_reading_id from account_move where id = %s", [move]).fetchone()[0] is None


@pytest.mark.parametrize("change", [
    lambda conn: changes.update_partner_name(conn, 10**8, "x"), lambda conn: changes.delete_reading(conn, 10**8),
    lambda conn: changes.update_silently(conn, "res_partner", 10**8, name="x"),
])
def test_a_record_that_is_not_there_is_an_error(source: psycopg.Connection, change) -> None:
    with pytest.raises(LookupError, match="100000000"):
        change(source)
