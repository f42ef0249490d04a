"""What surrounds billing and collecting agrees with the ledger: tills, remittances, cycles, meters, orders, requests, deliveries."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
import yaml

import demo
from demo.odoo import schema
from demo.utility.invariants import broken

DECLARED = yaml.safe_load((schema.HERE / "models" / "operations.yml").read_text())["models"]
TABLES = [spec["table"] for spec in DECLARED.values()]


def scalar(conn: psycopg.Connection, query: str):
    return conn.execute(query).fetchone()[0]


DIFFERENCES = """
    select s.id, s.cash_register_balance_end_real - s.cash_register_balance_start
        - coalesce(sum(case p.payment_type when 'inbound' then p.amount else -p.amount end), 0) as difference
    from pos_session s left join account_payment_method_line m on m.x_payment_form = 'efectivo' and m.journal_id = s.cash_journal_id
    left join account_payment p on p.x_session_id = s.id and p.state <> 'canceled'
        and p.payment_method_line_id = m.id where s.state = 'closed' group by s.id"""


def test_tills_add_up_but_for_a_few(source: psycopg.Connection) -> None:
    count, wrong, largest = source.execute("select count(*), count(*) filter (where difference <> 0), max(abs(difference)) "
                                           f"from ({DIFFERENCES}) d").fetchone()
    assert count > 300
    assert 2 <= wrong < count * 0.08
    assert 0 < largest <= 500


def test_every_payment_at_an_office_is_in_its_tills_session(source: psycopg.Connection) -> None:
    assert scalar(source, """
        select count(*) from account_payment p join account_journal j on j.id = p.journal_id left join pos_session s on s.id = p.x_session_id
        left join pos_config c on c.id = s.config_id
        where p.company_id = 1
        and (j.code in ('CJMOC', 'CJSVI')) <> (c.x_collector_id is not distinct from p.x_collector_id and c.id is not null)""") == 0
    assert scalar(source, "select count(*) from pos_session s where not exists (select 1 from account_payment where x_session_id = s.id)") == 0


def test_a_till_was_left_open_for_days(source: psycopg.Connection) -> None:
    days = source.execute("""select max(p.date) - min(p.date), s.stop_at, s.cash_register_balance_end_real
                             from pos_session s join account_payment p on p.x_session_id = s.id where s.state = 'opened' group by s.id""").fetchall()
    assert len(days) == 1
    assert days[0][0] >= 1
    assert days[0][1:] == (None, None)


def test_remittances_declare_what_their_lines_say_but_for_the_banks_file(source: psycopg.Connection, utility, tmp_path: Path) -> None:
    wrong = source.execute("""select r.id, r.total_amount, sum(l.amount) from water_bank_remittance r
                              join water_bank_remittance_line l on l.remittance_id = r.id group by r.id
                              having r.total_amount <> sum(l.amount)""").fetchall()
    assert len(wrong) == 1
    remittance, declared, total = wrong[0]
    assert (declared - total) * 100 % 9 == 0
    path = demo.write_bank_file(utility[0], tmp_path / "banco.csv")
    with open(path, encoding="utf-8", newline="") as file:
        _, _, *lines, trailer = csv.reader(file, delimiter=";")
    assert Decimal(trailer[3]) == declared
    found = source.execute("""select to_char(l.paid_on, 'DD/MM/YYYY'), l.reference, c.code, l.amount::text from water_bank_remittance_line l
                              left join water_contract c on c.id = l.contract_id where l.remittance_id = %s
                              order by l.sequence""", [remittance]).fetchall()
    assert [list(row) for row in found] == lines


def test_every_payment_of_a_closed_month_at_a_bank_is_in_one_remittance(source: psycopg.Connection) -> None:
    assert scalar(source, """
        select count(*) from (
            select p.id from account_payment p join account_journal j on j.id = p.journal_id
            left join water_bank_remittance_line l on l.payment_id = p.id
            where j.type = 'bank' and p.payment_type = 'inbound' and p.date < '2026-11-01' group by p.id having count(l.id) <> 1) x""") == 0
    states = dict(source.execute("select state, count(*) from water_bank_remittance_line group by 1").fetchall())
    assert states["matched"] > 50 * states["unmatched"] > 0
    assert states["rejected"] == scalar(source, """select count(*) from water_bank_remittance_line l
                                                   join account_payment p on p.id = l.payment_id where p.state = 'canceled'""") > 0


def test_the_collector_who_stopped_paying_in_sends_no_more_files(source: psycopg.Connection) -> None:
    last = dict(source.execute("select c.code, max(r.date_from)::text from water_bank_remittance r "
                               "join water_collector c on c.id = r.collector_id group by 1"))
    assert last.pop("COB-03") < "2026-09-01"
    assert min(last.values()) >= "2026-10-01"
    kept = source.execute("""select count(*) from account_payment p join water_collector c on c.id = p.x_collector_id
                             where c.code = 'COB-03' and p.payment_type = 'inbound' and p.date < '2026-09-01'
                             and not exists (select from water_bank_remittance_line l where l.payment_id = p.id)""").fetchone()[0]
    assert kept > 0  # he took money and never brought it


def test_advances_are_more_than_what_was_owed(source: psycopg.Connection) -> None:
    rows = source.execute("""
        select p.amount, coalesce(sum(r.amount) filter (where m.create_date < p.create_date), 0) from account_payment p
        join account_move_line l on l.payment_id = p.id and l.display_type = 'payment_term'
        left join account_partial_reconcile r on r.credit_move_id = l.id
        left join account_move_line d on d.id = r.debit_move_id left join account_move m on m.id = d.move_id
        where p.x_is_advance group by p.id""").fetchall()
    assert len(rows) >= 3
    assert all(owed < amount for amount, owed in rows)


def test_cycles_count_the_documents_there_are(source: psycopg.Connection) -> None:
    wrong = source.execute("""
        select s.cycle_id, s.step, s.documents from water_billing_cycle_step s join water_billing_cycle c on c.id = s.cycle_id
        left join lateral (
            select count(*) filter (where m.state <> 'draft') as issued, count(*) as prepared,
                   count(*) filter (where m.state <> 'draft' and m.is_ecf_invoice) as electronic
            from account_move m where m.x_cycle_id = c.id) m on true
        left join lateral (
            select count(*) as readings, count(*) filter (where r.incident <> 'none') as incidents from water_reading r
            join water_contract k on k.id = r.contract_id join water_supply_point p on p.id = k.supply_point_id
            join water_sector z on z.id = p.sector_id
            where r.billing_period = c.period and position(z.code in c.sector_group) > 0) r on true
        where s.state <> 'pending' and case s.step when 'confirmation' then s.documents <> m.issued when 'pre_billing' then s.documents <> m.prepared
            when 'ecf' then s.documents <> m.electronic
            when 'incidents' then s.documents < r.incidents else s.documents < r.readings end""").fetchall()
    assert wrong == []
    # those of contracts whose sector nobody entered are of a cycle too
    through = scalar(source, "select sum(documents) from water_billing_cycle_step where step = 'reading'")
    assert through == scalar(source, "select count(*) from water_reading")


def test_november_is_on_its_way(source: psycopg.Connection) -> None:
    states = dict(source.execute("select number, state from water_billing_cycle where period = '2026-11-01'").fetchall())
    assert (states[1], states[3], states[4], states[5]) == ("done", "running", "pending", "pending")
    running = source.execute("select s.step from water_billing_cycle_step s join water_billing_cycle c on c.id = s.cycle_id "
                             "where c.period = '2026-11-01' and c.number = 3 and s.state = 'running'").fetchall()
    assert running == [("pre_billing",)]
    assert scalar(source, "select bool_and(x_cycle_id is not null) from account_move where state = 'draft'")
    waiting = source.execute("select distinct x_cycle_id from account_move where x_ecf_state = 'in_process' and x_cycle_id is not null").fetchall()
    running = source.execute("select cycle_id from water_billing_cycle_step where step = 'ecf' and state = 'running'").fetchall()
    assert sorted(waiting) == sorted(running)


def test_the_tariff_charges_what_was_billed(source: psycopg.Connection) -> None:
    """Water of every bill not corrected later, recomputed from the blocks in force in its month."""
    rows = source.execute("""
        select l.subtotal, sum(b.price * greatest(least(m.x_billed_m3, coalesce(b.to_m3, 1e9)) - b.from_m3, 0)) from account_move m
        join lateral (select sum(l.price_subtotal) as subtotal from account_move_line l join product_product p on p.id = l.product_id
                      where l.move_id = m.id and p.default_code = 'AGUA') l on true
        join water_contract c on c.id = m.x_contract_id join water_tariff t on t.user_type_id = c.user_type_id
        join water_tariff_block b on b.tariff_id = t.id and m.x_billing_period between b.valid_from and coalesce(b.valid_to, 'infinity')
        where m.x_cycle_id is not null group by m.id, l.subtotal""").fetchall()
    assert len(rows) > 1_000
    assert all(billed == computed for billed, computed in rows)


def test_tariff_changes_lead_to_the_contracts_tariff(source: psycopg.Connection) -> None:
    done, coming = source.execute("""
        select count(*) filter (where c.effective_on <= '2026-11-15' and t.user_type_id = k.user_type_id and k.date_start < c.effective_on),
               count(*) filter (where c.effective_on > '2026-11-15' and f.user_type_id = k.user_type_id)
        from water_tariff_change c join water_contract k on k.id = c.contract_id join water_tariff t on t.id = c.to_tariff_id
        join water_tariff f on f.id = c.from_tariff_id join water_service_request r on r.id = c.request_id and r.contract_id = k.id
        where r.kind = 'tariff_change' and r.closed_at::date < c.effective_on""").fetchone()
    assert done >= 3 and coming == 2
    assert done + coming == scalar(source, "select count(*) from water_tariff_change")


def test_a_replaced_meters_last_index_is_where_its_readings_ended(source: psycopg.Connection) -> None:
    rows = source.execute("""
        select e.reading_value, r.value from water_meter_event e
        join lateral (select value, kind, billing_period from water_reading where meter_id = e.meter_id
                      order by billing_period desc limit 1) r on true
        where e.kind = 'replaced' and r.kind <> 'estimated'""").fetchall()
    assert len(rows) >= 3
    assert all(event == reading for event, reading in rows)
    assert scalar(source, """select count(*) from water_meter_event e left join water_work_order w on w.id = e.work_order_id
                             where e.kind = 'replaced' and (w.kind = 'meter_change' and w.meter_id = e.meter_id
                             and (w.ended_at - interval '4 hours')::date = e.happened_on) is not true""") == 0


def test_an_incident_is_resolved_by_the_next_reading_had(source: psycopg.Connection) -> None:
    assert scalar(source, """
        select count(*) from water_reading_incident i join water_reading r on r.id = i.reading_id
        where r.meter_id is not null and (i.state = 'resolved') <> exists (
            select 1 from water_reading n where n.contract_id = r.contract_id and n.billing_period > r.billing_period
            and n.kind <> 'estimated')""") == 0
    assert scalar(source, "select count(distinct state) from water_reading_incident") == 2


def test_every_new_contract_and_reconnection_was_asked_for(source: psycopg.Connection) -> None:
    assert scalar(source, """select count(*) from water_contract c where c.company_id = 1
                             and c.date_start >= (select min(period) from water_billing_cycle) and not exists (
                                 select 1 from water_service_request r where r.contract_id = c.id and r.kind = 'new_connection'
                                 and r.requested_at::date < c.date_start)""") == 0
    asked = scalar(source, "select count(*) from water_service_request where kind = 'reconnection'")
    assert asked == scalar(source, "select count(*) from water_cut_order where kind = 'reconnection'") > 0
    assert scalar(source, "select count(*) from water_service_request where contract_id is null and state <> 'done'") > 0


def test_online_payments_are_actions_of_the_portal(source: psycopg.Connection) -> None:
    paid = source.execute("""select x_contract_id, x_paid_at from account_payment p join account_journal j on j.id = p.journal_id
                             where j.code = 'ENLIN' and p.payment_type = 'inbound' order by 1, 2""").fetchall()
    assert paid == source.execute("select contract_id, happened_at from water_virtual_office_action where kind = 'pay' and result = 'ok' "
                                  "order by 1, 2").fetchall()
    assert scalar(source, "select count(*) from water_virtual_office_action where result = 'failed'") > 0


def test_each_bill_of_the_year_was_sent_once(source: psycopg.Connection) -> None:
    sent, bills, channels, early = source.execute("""
        select count(d.id), count(distinct m.id), count(distinct d.channel),
               count(*) filter (where d.sent_at < m.create_date or d.delivered_at < d.sent_at)
        from account_move m left join water_bill_delivery d on d.move_id = m.id and d.contract_id = m.x_contract_id
        where m.move_type = 'out_invoice' and m.state = 'posted' and m.debit_origin_id is null and m.company_id = 1
        and m.invoice_date >= '2025-12-01'""").fetchone()
    assert sent == bills == scalar(source, "select count(*) from water_bill_delivery")
    assert (channels, early) == (3, 0)
    assert scalar(source, "select count(*) from water_bill_delivery where (state = 'delivered') <> (delivered_at is not null)") == 0


def test_claims_are_settled_with_their_outcome(source: psycopg.Connection) -> None:
    assert scalar(source, "select count(*) from water_claim where (state = 'closed') <> (x_resolution is not null) or x_due_at <= opened_at "
                  "or (x_resolution = 'no_procede') <> (not founded) or (x_amount_adjusted is not null and not founded)") == 0


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_written_before_it_is_made_or_after_the_history(source: psycopg.Connection, table: str) -> None:
    rows, early, late = source.execute(f"""select count(*), count(*) filter (where write_date < create_date),
                                                  count(*) filter (where write_date > ends_at) from {table}, demo_utility""").fetchone()
    assert rows > 0
    assert (early, late) == (0, 0)


@pytest.mark.parametrize("model", DECLARED)
def test_every_code_is_declared_and_every_reference_points_at_something(source: psycopg.Connection, model: str) -> None:
    declared = schema.models()[model]
    for field in declared.fields.values():
        if field.type == "selection":
            codes = {value for value, _ in schema.selections()[model][field.name]}
            found = {row[0] for row in source.execute(f"select distinct {field.name} from {declared.table} where {field.name} is not null")}
            assert found and found <= codes, (field.name, found)
        elif field.type == "many2one" and field.stored:
            target = schema.models()[field.relation].table
            assert scalar(source, f"select count(*) from {declared.table} t where {field.name} is not null and not exists "
                          f"(select 1 from {target} o where o.id = t.{field.name})") == 0, field.name


@pytest.mark.parametrize(("damage", "sentence"), [
    ("update pos_session set stop_at = start_at where id = 1", "a payment's session is of its journal and was open at its moment"),
    ("update water_bank_remittance set line_count = line_count + 1 where id = 1", "a remittance has the lines that it declares"),
    ("update water_bank_remittance_line set amount = amount + 0.01 where state = 'matched'",
     "a line of a remittance is the payment that it names, or says why not"),
    ("delete from water_meter_event where kind = 'retired'", "a meter's events are its days"),
    ("delete from water_reading where id = (select min(reading_id) from water_reading_incident)", "a reading with an incident has one record of it"),
    ("update account_move set x_cycle_id = x_cycle_id + 5 where id = (select min(id) from account_move where x_cycle_id = 1)",
     "a bill of a run is of its cycle's month, contract and day"),
    ("update water_billing_cycle_step set state = 'running', ended_at = null where id = 2", "the steps of a cycle follow each other"),
    ("update water_tariff_block set from_m3 = from_m3 + 1 where sequence = 2", "the blocks of a tariff leave no gap"),
    ("delete from water_work_order where kind = 'cut'", "a cut order has one work order in its state"),
])
def test_the_rules_notice_damage(source: psycopg.Connection, damage: str, sentence: str) -> None:
    source.execute(damage)
    assert sentence in broken(source)


def test_a_reading_that_is_deleted_takes_its_incident_along(source: psycopg.Connection) -> None:
    from demo.utility import changes

    reading = scalar(source, "select min(reading_id) from water_reading_incident")
    changes.delete_reading(source, reading)
    assert broken(source) == {}
