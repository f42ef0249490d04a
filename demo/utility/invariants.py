"""What is true of every Odoo database, said in SQL: tests of the generator and of `changes` hold the source against it."""

from __future__ import annotations

from psycopg import Connection

_APPLIED = """applied as (
    select id, sum(amount) as amount
    from (select debit_move_id as id, amount from account_partial_reconcile union all select credit_move_id, amount from account_partial_reconcile) p
    group by id)"""

# a sentence → a query whose rows break it (first column: the id of what is wrong)
RULES = {
    "every move balances": """
        select move_id from account_move_line group by move_id having sum(debit) <> sum(credit) or sum(balance) <> 0""",
    "a line is debit or credit, and its balance is their difference": """
        select id from account_move_line where balance <> debit - credit or debit < 0 or credit < 0 or (debit > 0 and credit > 0)""",
    "a document, or the entry of a payment, has one receivable line": """
        select m.id from account_move m left join account_move_line l on l.move_id = m.id and l.display_type = 'payment_term'
        where m.move_type <> 'entry' or exists (select from account_payment p where p.move_id = m.id) group by m.id having count(l.id) <> 1""",
    "a document's amounts are those of its lines": """
        select m.id from account_move m join account_move_line l on l.move_id = m.id where m.move_type <> 'entry' group by m.id
        having m.amount_untaxed <> coalesce(sum(l.price_subtotal) filter (where l.display_type = 'product'), 0)
            or m.amount_tax <> coalesce(sum(abs(l.balance)) filter (where l.display_type = 'tax'), 0)
            or m.amount_total <> sum(abs(l.balance)) filter (where l.display_type = 'payment_term')
            or m.amount_total <> m.amount_untaxed + m.amount_tax""",
    "price times quantity is the subtotal": """
        select id from account_move_line where product_id is not null and round(quantity * price_unit, 2) <> price_subtotal""",
    "income is credited by invoices and debited by credit notes": """
        select l.id from account_move_line l join account_move m on m.id = l.move_id
        where l.product_id is not null and l.balance <> l.price_subtotal * case m.move_type when 'out_refund' then 1 else -1 end""",
    "the residual of a receivable line is what was not applied to it": f"""
        with {_APPLIED} select l.id from account_move_line l left join applied a on a.id = l.id
        where l.display_type = 'payment_term' and abs(l.amount_residual) <> abs(l.balance) - coalesce(a.amount, 0)""",
    "the residual has the sign of the line, and reconciled means none": """
        select id from account_move_line where display_type = 'payment_term'
        and (amount_residual * balance < 0 or reconciled <> (amount_residual = 0))""",
    "the residual of a document is that of its receivable line": """
        select m.id from account_move m join account_move_line l on l.move_id = m.id and l.display_type = 'payment_term'
        where m.move_type <> 'entry' and m.amount_residual <> abs(l.amount_residual)""",
    "payment_state follows the residual": """
        select id from account_move where move_type <> 'entry' and payment_state <> case
            when state <> 'posted' or amount_residual = amount_total then 'not_paid' when amount_residual > 0 then 'partial'
            when payment_state = 'reversed' then 'reversed' else 'paid' end""",
    "a reversed invoice was settled by credit notes alone": """
        select m.id from account_move m join account_move_line d on d.move_id = m.id and d.display_type = 'payment_term'
        join account_partial_reconcile p on p.debit_move_id = d.id join account_move_line c on c.id = p.credit_move_id
        where m.move_type = 'out_invoice' and m.state = 'posted' group by m.id
        having m.payment_state = 'reversed' and bool_or(c.payment_id is not null)""",
    "a partial joins a posted debit and a posted credit of one customer": """
        select p.id from account_partial_reconcile p left join account_move_line d on d.id = p.debit_move_id
        left join account_move_line c on c.id = p.credit_move_id
        where (d.balance > 0 and c.balance < 0 and p.amount > 0 and d.parent_state = 'posted' and c.parent_state = 'posted'
               and d.partner_id is not distinct from c.partner_id) is not true""",
    "max_date is the later of both dates": """
        select p.id from account_partial_reconcile p join account_move_line d on d.id = p.debit_move_id
        join account_move_line c on c.id = p.credit_move_id where p.max_date <> greatest(d.date, c.date)""",
    "oldest due first: no debt is paid while an older one of the contract is open": """
        with paid as (
            select m.x_contract_id, m.invoice_date_due, p.create_date, p.credit_move_id from account_partial_reconcile p
            join account_move_line d on d.id = p.debit_move_id join account_move m on m.id = d.move_id
            join account_move_line c on c.id = p.credit_move_id where c.payment_id is not null and m.move_type = 'out_invoice')
        select o.id from account_move o join paid p on p.x_contract_id = o.x_contract_id
        where o.move_type = 'out_invoice' and o.state = 'posted' and o.amount_residual = o.amount_total and o.create_date < p.create_date
        and o.invoice_date_due < p.invoice_date_due""",
    "billed = paid + credited + owed, for every contract": f"""
        with {_APPLIED}, documents as (
            select m.x_contract_id, sum(m.amount_total) as billed, sum(m.amount_residual) as owed,
                   coalesce(sum(p.paid), 0) as paid, coalesce(sum(p.credited), 0) as credited
            from account_move m join account_move_line l on l.move_id = m.id and l.display_type = 'payment_term'
            left join lateral (
                select sum(r.amount) filter (where c.payment_id is not null) as paid, sum(r.amount) filter (where c.payment_id is null) as credited
                from account_partial_reconcile r join account_move_line c on c.id = r.credit_move_id where r.debit_move_id = l.id) p on true
            where m.move_type = 'out_invoice' and m.state = 'posted' group by m.x_contract_id)
        select x_contract_id from documents where billed <> paid + credited + owed""",
    "a payment's entry has its amount, date, customer and state": """
        select p.id from account_payment p join account_move m on m.id = p.move_id
        where m.amount_total <> p.amount or m.date <> p.date or m.partner_id is distinct from p.partner_id
        or (m.state = 'cancel') <> (p.state = 'canceled')""",
    "a payment's date is its moment's in Santo Domingo": """
        select id from account_payment where (x_paid_at at time zone 'UTC' at time zone 'America/Santo_Domingo')::date <> date""",
    "a cancelled payment or document has no partials": """
        select p.id from account_partial_reconcile p join account_move_line l on l.id in (p.debit_move_id, p.credit_move_id)
        where l.parent_state <> 'posted'""",
    "a fiscal number is used once by a company": """
        select min(id) from account_move where l10n_do_fiscal_number is not null group by company_id, l10n_do_fiscal_number having count(*) > 1""",
    "a fiscal number has the form of its type": """
        select m.id from account_move m left join l10n_latam_document_type t on t.id = m.l10n_latam_document_type_id
        where m.l10n_do_fiscal_number is not null
        and (left(m.l10n_do_fiscal_number, 3) = t.doc_code_prefix and m.l10n_do_fiscal_number ~ '^(E[0-9]{12}|B[0-9]{10})$') is not true""",
    "posted documents have a fiscal number, drafts have none": """
        select id from account_move where move_type <> 'entry' and (l10n_do_fiscal_number is null) <> (state = 'draft')""",
    "lines repeat their move's state, date, customer and name": """
        select l.id from account_move_line l join account_move m on m.id = l.move_id
        where l.parent_state <> m.state or l.date <> m.date or l.partner_id is distinct from m.partner_id or l.move_name <> m.name""",
    "water and sewer carry no tax": """
        select l.id from account_move_line l join product_product p on p.id = l.product_id
        where p.x_concept_type in ('agua', 'alcantarillado', 'mora') and l.price_total <> l.price_subtotal""",
    "the m³ of a document are those of its water lines": """
        select m.id from account_move m left join account_move_line l on l.move_id = m.id left join product_product p on p.id = l.product_id
        where m.move_type <> 'entry' and m.x_billed_m3 > 0 group by m.id
        having m.x_billed_m3 <> sum(l.quantity) filter (where p.default_code = 'AGUA')""",
    "nothing was written before it was created": """
        select id from account_move where write_date < create_date union all select id from account_payment where write_date < create_date
        union all select id from res_partner where write_date < create_date union all select id from water_reading where write_date < create_date""",
    "one reading a contract and period": """
        select min(id) from water_reading group by contract_id, billing_period having count(*) > 1""",
    "a payment's session is of its journal and was open at its moment": """
        select p.id from account_payment p left join pos_session s on s.id = p.x_session_id where p.x_session_id is not null
        and (s.cash_journal_id = p.journal_id and s.company_id = p.company_id and p.x_paid_at between s.start_at and coalesce(s.stop_at, p.x_paid_at))
            is not true""",
    "a session is counted when it is closed": """
        select id from pos_session where (state = 'closed') <> (stop_at is not null)
        or (state = 'closed') <> (cash_register_balance_end_real is not null)""",
    "a remittance has the lines that it declares": """
        select r.id from water_bank_remittance r left join water_bank_remittance_line l on l.remittance_id = r.id
        group by r.id having count(l.id) <> r.line_count""",
    "a line of a remittance is the payment that it names, or says why not": """
        select l.id from water_bank_remittance_line l join water_bank_remittance r on r.id = l.remittance_id
        left join account_payment p on p.id = l.payment_id
        where (l.state = 'unmatched') <> (l.payment_id is null) or (l.state = 'matched') <> (l.reason is null)
        or l.payment_id is not null and (p.amount = l.amount and p.date = l.paid_on and p.x_contract_id = l.contract_id
            and p.journal_id = r.journal_id and p.x_collector_id is not distinct from r.collector_id
            and p.date between r.date_from and r.date_to) is not true""",
    "a meter's events are its days": """
        select m.id from water_meter m left join water_meter_event e on e.meter_id = m.id and e.kind <> 'tested' group by m.id
        having count(*) filter (where e.kind = 'installed') <> 1 or min(e.happened_on) filter (where e.kind = 'installed') <> m.installed_on
        or count(*) filter (where e.kind = 'retired') <> (m.retired_on is not null)::int
        or min(e.happened_on) filter (where e.kind = 'retired') <> m.retired_on
        or count(*) filter (where e.kind = 'replaced') <> (m.replaced_by_id is not null)::int""",
    "a reading with an incident has one record of it": """
        select coalesce(r.id, i.reading_id) from (select * from water_reading where incident <> 'none') r
        full join water_reading_incident i on i.reading_id = r.id
        where (i.contract_id = r.contract_id and i.kind = r.incident and (i.state = 'resolved') = (i.resolved_at is not null)) is not true""",
    "a bill of a run is of its cycle's month, contract and day": """
        select m.id from account_move m join water_billing_cycle c on c.id = m.x_cycle_id
        join water_contract k on k.id = m.x_contract_id left join water_supply_point p on p.id = k.supply_point_id
        left join water_sector s on s.id = p.sector_id
        where m.x_billing_period <> c.period or m.invoice_date <> c.issue_on or position(s.code in c.sector_group) = 0""",
    "the steps of a cycle follow each other": """
        select id from (select *, lag(ended_at) over w as before, lag(state) over w as state_before from water_billing_cycle_step
                        window w as (partition by cycle_id order by sequence)) s
        where started_at < before or (state <> 'pending' and state_before <> 'done') or (state = 'done') <> (ended_at is not null)
        or (state = 'pending') <> (started_at is null) or ended_at < started_at""",
    "the blocks of a tariff leave no gap": """
        select id from (select *, lag(to_m3) over (partition by tariff_id, valid_from order by sequence) as before from water_tariff_block) b
        where from_m3 <> coalesce(before, 0) or to_m3 <= from_m3 or valid_to < valid_from""",
    "a cut order has one work order in its state": """
        select c.id from water_cut_order c left join water_work_order w on w.cut_order_id = c.id
        where (w.contract_id = c.contract_id and w.kind = c.kind and (w.state = 'done') = (c.state = 'done')) is not true
        or (w.ended_at - interval '4 hours')::date <> c.executed_on""",
    "who came to an appointment arrived before being attended": """
        select id from water_appointment where (state = 'attended') <> (arrived_at is not null) or (state = 'attended') <> (attended_at is not null)
        or attended_at < arrived_at""",
}


def broken(conn: Connection) -> dict[str, list[int]]:
    """Sentence → up to five ids that break it; empty when all holds."""
    found = {}
    for sentence, query in RULES.items():
        ids = [row[0] for row in conn.execute(f"select * from ({query}) q limit 5".encode()).fetchall()]
        if ids:
            found[sentence] = ids
    return found
