"""A day of work in the raw tables, as the loader leaves it: rows with a new `_run_id`, in a run of `ops.run`.

Of `rows` changed rows: bills of the running month and payments of what is owed (the most), readings, a few corrections (telephones, user types),
and a twentieth that is late: payments of an earlier day and readings corrected, of the last months or of any age. A hash of the contract and the day
says whose. All of it is what Odoo would hold: entries balance, residuals are what was not applied, payments settle the oldest debt.
"""

from __future__ import annotations

from datetime import date

import psycopg

from caudal import runlog, warehouse
from caudal.settings import settings

SHARES = {"bill": 0.40, "pay": 0.35, "read": 0.15, "late_pay": 0.025, "late_read": 0.025, "customer": 0.045, "contract": 0.005}
ROWS_OF = {"bill": 7, "pay": 7, "read": 1, "late_pay": 7, "late_read": 1, "customer": 1, "contract": 1}  # raw rows that one of each writes
ENTITIES = ("account_move", "account_move_line", "account_payment", "account_partial_reconcile", "reading", "customer", "contract", "bill_delivery")
ANY_AGE = date(1, 1, 1)

# changes to come: who is picked lies in a temporary table, since what is picked changes with the change
PICK_BILLS = """
create temporary table pick on commit drop as
select m.*, row_number() over (order by m.id) as n, (select max(id) from raw.odoo_account_move) + row_number() over (order by m.id) as new_id
from (select distinct on (m.contract_id) m.* from raw.odoo_account_move as m
      where m.move_type = 'out_invoice' and m.state = 'posted' and m.debit_origin_id is null and m.contract_id is not null and m.amount_total > 0
          and m.billing_period = date_trunc('month', {today}::date) - interval '1 month'
          and not exists (select from raw.odoo_account_move as b where b.contract_id = m.contract_id and b.move_type = 'out_invoice'
                              and b.state <> 'cancel' and b.billing_period = date_trunc('month', {today}::date))
      order by m.contract_id, m.id) as m
order by hashint8extended(m.contract_id, {day}) limit {count}
"""
BILLS = """
insert into raw.odoo_account_move
select r.* from pick as p cross join lateral jsonb_populate_record(null::raw.odoo_account_move, to_jsonb(p) || jsonb_build_object(
    'id', p.new_id, 'create_date', {now}, 'write_date', {now}, 'name', 'FAC/D' || {day} || '/' || lpad(p.n::text, 7, '0'), 'payment_state', 'not_paid',
    'date', {today}, 'invoice_date', {today}, 'invoice_date_due', {today}::date + 30, 'amount_residual', p.amount_total,
    'l10n_do_fiscal_number', left(p.l10n_do_fiscal_number, 3) || lpad((p.new_id * 10 + 7)::text, length(p.l10n_do_fiscal_number) - 3, '9'),
    'l10n_do_ecf_sign_date', case when p.is_ecf_invoice then {now}::timestamptz end, 'billing_period', date_trunc('month', {today}::date)::date,
    'reading_id', null, 'cycle_id', null, '_loaded_at', {now}, '_run_id', {run})) as r
"""
BILL_LINES = """
insert into raw.odoo_account_move_line
select r.* from (
    select l.*, p.new_id, p.n, (select max(id) from raw.odoo_account_move_line) + row_number() over (order by l.move_id, l.id) as line_id
    from pick as p inner join raw.odoo_account_move_line as l on l.move_id = p.id) as s
cross join lateral jsonb_populate_record(null::raw.odoo_account_move_line, to_jsonb(s) || jsonb_build_object(
    'id', s.line_id, 'move_id', s.new_id, 'create_date', {now}, 'write_date', {now}, 'move_name', 'FAC/D' || {day} || '/' || lpad(s.n::text, 7, '0'),
    'date', {today}, 'date_maturity', case when s.display_type = 'payment_term' then {today}::date + 30 end, 'reconciled', false,
    'amount_residual', case when s.display_type = 'payment_term' then s.balance else 0 end, '_loaded_at', {now}, '_run_id', {run})) as r
"""
DELIVERIES = """
insert into raw.odoo_bill_delivery
select r.* from (select d.*, p.new_id, (select max(id) from raw.odoo_bill_delivery) + row_number() over (order by d.id) as delivery_id
                 from pick as p inner join raw.odoo_bill_delivery as d on d.move_id = p.id) as s
cross join lateral jsonb_populate_record(null::raw.odoo_bill_delivery, to_jsonb(s) || jsonb_build_object(
    'id', s.delivery_id, 'move_id', s.new_id, 'create_date', {now}, 'write_date', {now}, 'sent_at', {now}, 'delivered_at', null, 'state', 'sent',
    'reason', null, '_loaded_at', {now}, '_run_id', {run})) as r
"""
# the oldest debt of each contract, paid whole, by the way of a recent payment outside the tills
PICK_DEBTS = """
create temporary table pick on commit drop as
with ways as materialized (
    select row_number() over (order by w.journal_id) - 1 as n, count(*) over () as ways, w.*
    from (select distinct on (p.journal_id) p.journal_id, p.payment_method_line_id, p.collector_id, l.account_id
          from (select * from raw.odoo_account_payment order by id desc limit 5000) as p
          inner join raw.odoo_account_move_line as l on l.move_id = p.move_id and l.display_type = 'product'
          where p.payment_type = 'inbound' and p.session_id is null and p.state = 'paid' and p.company_id = 1 order by p.journal_id, p.id desc) as w),
debts as (
    select distinct on (m.contract_id) m.id, m.contract_id, m.partner_id, m.company_id, m.invoice_date, m.amount_residual, m.amount_total
    from raw.odoo_account_move as m
    where m.move_type = 'out_invoice' and m.state = 'posted' and m.amount_residual > 0 and m.contract_id is not null and m.partner_id is not null
        and m.company_id = 1 and m.invoice_date < {today}::date - 1 and m._run_id <> {run}
    order by m.contract_id, m.invoice_date_due, m.id),
chosen as (select * from debts order by hashint8extended(contract_id, {day} + 1000) limit {count})
select c.*, row_number() over (order by c.id) as n, w.journal_id, w.payment_method_line_id, w.collector_id, w.account_id, t.id as term_id, {paid_on} as paid_on
from chosen as c
inner join raw.odoo_account_move_line as t on t.move_id = c.id and t.display_type = 'payment_term'
inner join ways as w on w.n = c.contract_id % w.ways
"""
TODAY_PAID = "{today}::date"
LATE_PAID = "greatest(c.invoice_date, {since}) + 1 + (abs(hashint8extended(c.id, 3)) % greatest({today}::date - greatest(c.invoice_date, {since}) - 1, 1))::int"
PAYMENTS = (
    """create temporary table base on commit drop as
       select (select max(id) from raw.odoo_account_move) as move, (select max(id) from raw.odoo_account_move_line) as line,
           (select max(id) from raw.odoo_account_payment) as payment, (select max(id) from raw.odoo_account_partial_reconcile) as partial""",
    """insert into raw.odoo_account_move (id, create_date, write_date, name, move_type, state, payment_state, partner_id, journal_id, date, amount_untaxed,
           amount_tax, amount_total, amount_residual, is_ecf_invoice, contract_id, billed_m3, company_id, _source, _loaded_at, _run_id)
       select b.move + n, {now}, {now}, 'PD' || {day} || '/' || lpad((b.payment + n)::text, 9, '0'), 'entry', 'posted', 'not_paid', partner_id, journal_id,
           paid_on, 0, 0, amount_residual, 0, false, contract_id, 0, company_id, {source}, {now}, {run} from pick, base as b""",
    """insert into raw.odoo_account_payment (id, create_date, write_date, name, move_id, partner_id, amount, date, state, payment_type, journal_id,
           payment_method_line_id, contract_id, collector_id, paid_at, is_advance, company_id, _source, _loaded_at, _run_id)
       select b.payment + n, {now}, {now}, 'PD' || {day} || '/' || lpad((b.payment + n)::text, 9, '0'), b.move + n, partner_id, amount_residual, paid_on,
           'paid', 'inbound', journal_id, payment_method_line_id, contract_id, collector_id, paid_on + interval '14 hours', false, company_id, {source}, {now},
           {run} from pick, base as b""",
    """insert into raw.odoo_account_move_line (id, create_date, write_date, move_id, partner_id, account_id, name, display_type, parent_state, move_name, date,
           date_maturity, quantity, price_unit, price_subtotal, price_total, debit, credit, balance, amount_residual, reconciled, payment_id, company_id, _source,
           _loaded_at, _run_id)
       select b.line + 2 * n - side, {now}, {now}, b.move + n, partner_id, case side when 1 then p.account_id else (
               select id from raw.odoo_account where account_type = 'asset_receivable' order by id limit 1) end, 'Pago de cliente',
           case side when 1 then 'product' else 'payment_term' end, 'posted', 'PD' || {day} || '/' || lpad((b.payment + n)::text, 9, '0'), paid_on,
           case side when 0 then paid_on end, 0, 0, 0, 0, side * amount_residual, (1 - side) * amount_residual, (2 * side - 1) * amount_residual, 0, side = 0,
           b.payment + n, company_id, {source}, {now}, {run}
       from pick as p cross join base as b cross join (values (1), (0)) as s (side)""",
    """insert into raw.odoo_account_partial_reconcile (id, create_date, write_date, debit_move_id, credit_move_id, amount, max_date, company_id, _source, _loaded_at,
           _run_id)
       select b.partial + n, {now}, {now}, term_id, b.line + 2 * n, amount_residual, greatest(paid_on, invoice_date), company_id, {source}, {now}, {run}
       from pick, base as b""",
    """update raw.odoo_account_move_line as l set amount_residual = 0, reconciled = true, write_date = {now}, _loaded_at = {now}, _run_id = {run}
       from pick as p where l.id = p.term_id""",
    """update raw.odoo_account_move as m set amount_residual = 0, payment_state = 'paid', write_date = {now}, _loaded_at = {now}, _run_id = {run}
       from pick as p where m.id = p.id""",
    "drop table pick, base",
)
READINGS = """
insert into raw.odoo_reading
select r.* from (
    select l.*, (select max(id) from raw.odoo_reading) + row_number() over (order by l.id) as new_id
    from (select distinct on (contract_id) * from raw.odoo_reading as r
          where r.billing_period = date_trunc('month', {today}::date) - interval '1 month'
              and not exists (select from raw.odoo_reading as b where b.contract_id = r.contract_id and b.billing_period = date_trunc('month', {today}::date))
          order by contract_id, id) as l
    order by hashint8extended(l.contract_id, {day}) limit {count}) as s
cross join lateral jsonb_populate_record(null::raw.odoo_reading, to_jsonb(s) || jsonb_build_object(
    'id', s.new_id, 'create_date', {now}, 'write_date', {now}, 'billing_period', date_trunc('month', {today}::date)::date,
    'read_at', case when s.read_at is not null then {now}::timestamptz end, 'previous_value', s.value, 'value', s.value + s.consumption_m3, 'incident', 'none',
    '_loaded_at', {now}, '_run_id', {run})) as r
"""
UPDATES = {
    "late_read": """update raw.odoo_reading as r set kind = 'adjusted', consumption_m3 = r.consumption_m3 + 1, write_date = {now}, _loaded_at = {now},
                        _run_id = {run}
                    from (select id from raw.odoo_reading where kind = 'real' and billing_period >= {since} order by hashint8extended(id, {day})
                          limit {count}) as p where r.id = p.id""",
    "customer": """update raw.odoo_customer as c set mobile = '809-555-' || lpad((c.id % 10000)::text, 4, '0'), write_date = {now}, _loaded_at = {now},
                       _run_id = {run}
                   from (select id from raw.odoo_customer where customer_rank > 0 order by hashint8extended(id, {day}) limit {count}) as p where c.id = p.id""",
    "contract": """update raw.odoo_contract as c set user_type_id = case c.user_type_id when 1 then 2 else 1 end, write_date = {now}, _loaded_at = {now},
                       _run_id = {run}
                   from (select id from raw.odoo_contract where state = 'active' and user_type_id in (1, 2) order by hashint8extended(id, {day})
                         limit {count}) as p where c.id = p.id""",
}


def a_day(day: int, rows: int, today: date, late_since: date = ANY_AGE) -> dict[str, int]:
    """Write the day number `day` (1, 2, …), whose date is `today`: some `rows` changed rows, what is late not older than `late_since`.

    Returns the rows written, by entity.
    """
    count = {kind: max(1, round(rows * share / ROWS_OF[kind])) for kind, share in SHARES.items()}
    with runlog.run("replicate", "account_move") as run:
        known = {"today": f"'{today}'", "day": str(day), "run": str(run.run_id), "now": f"'{today} 20:00:00+00'", "since": f"'{late_since}'::date"}
        with warehouse.connect() as conn:
            known["source"] = f"""'{conn.execute("select min(_source) from raw.odoo_contract").fetchone()[0]}'"""
            _billed(conn, known, count["bill"])
            _paid(conn, known, count["pay"], TODAY_PAID)
            _paid(conn, known | {"day": str(day + 500)}, count["late_pay"], LATE_PAID)
            conn.execute(READINGS.format(**known, count=count["read"]))
            for kind, statement in UPDATES.items():
                conn.execute(statement.format(**known, count=count[kind]))
            written = {e: conn.execute(f"select count(*) from raw.odoo_{e} where _run_id = {run.run_id}").fetchone()[0] for e in ENTITIES}
        run.rows_read = run.rows_updated = sum(written.values())
    with psycopg.connect(settings().warehouse_url("owner"), autocommit=True) as conn:
        for entity in ENTITIES:
            conn.execute(f"analyze raw.odoo_{entity}")
    return written


def _billed(conn: psycopg.Connection, known: dict[str, str], count: int) -> None:
    for statement in (PICK_BILLS, BILLS, BILL_LINES, DELIVERIES):
        conn.execute(statement.format(**known, count=count))
    conn.execute("drop table pick")


def _paid(conn: psycopg.Connection, known: dict[str, str], count: int, paid_on: str) -> None:
    conn.execute(PICK_DEBTS.format(**known, count=count, paid_on=paid_on.format(**known)))
    for statement in PAYMENTS:
        conn.execute(statement.format(**known))
