-- What the commercial system says was billed, credited and collected, put on the accounts that Odoo booked it to. Amounts are the facts'
-- own (lines, taxes and totals of documents, payments), never the ledger's; only the account is looked up there.
-- `subledger_amount` is positive on the account's own side: income and taxes as billed, receivables and money as owed or received.
-- Grain: month × section × account × concept × kind.
with documents as (
    select * from {{ ref('int_billing__document') }}
    where state = 'posted'
),

document_lines as (
    select * from {{ ref('int_billing__document_line') }}
),

payments as (
    select * from {{ ref('int_accounting__payment') }}
),

ledger as (
    select * from {{ ref('int_accounting__ledger_line') }}
    where movement_kind <> 'adjusted'
),

concepts as (
    select distinct on (concept_code) concept_code, concept_name from {{ ref('stg_odoo__concept') }}
    order by concept_code, concept_id
),

-- the account of a whole document or payment in a section: that of its first line there
accounts_of as (
    select distinct on (invoice_key, payment_key, section) invoice_key, payment_key, section, account_id
    from ledger
    order by invoice_key, payment_key, section, move_line_id
),

-- taxes go to the accounts of the document's tax lines; where they are several, what the total does not cover falls on the largest
tax_lines as (
    select
        invoice_key,
        account_id,
        sum(signed_amount) as ledger_amount,
        row_number() over (partition by invoice_key order by abs(sum(signed_amount)) desc, account_id) as place
    from ledger
    where section = 'impuestos'
    group by invoice_key, account_id
),

tax_rest as (
    select invoice_key, sum(ledger_amount) filter (where place > 1) as others_amount
    from tax_lines
    group by invoice_key
),

movements as (
    select
        {{ month_of('l.issued_on') }} as period_month,
        'ingresos' as section,
        g.account_id,
        l.concept_code,
        case when d.sign = 1 then 'billed' else 'credited' end as movement_kind,
        l.line_amount as amount
    from document_lines as l
    inner join documents as d on d.invoice_key = l.invoice_key
    left join ledger as g on g.move_line_id = l.invoice_line_key

    union all

    select
        {{ month_of('d.issued_on') }},
        'impuestos',
        t.account_id,
        'ITBIS',
        case when d.sign = 1 then 'billed' else 'credited' end,
        case when coalesce(t.place, 1) = 1 then d.sign * d.tax_amount - coalesce(r.others_amount, 0) else t.ledger_amount end
    from documents as d
    left join tax_lines as t on t.invoice_key = d.invoice_key
    left join tax_rest as r on r.invoice_key = d.invoice_key
    where d.tax_amount <> 0 or t.invoice_key is not null

    union all

    select
        {{ month_of('d.issued_on') }},
        'por_cobrar',
        a.account_id,
        'CXC',
        case when d.sign = 1 then 'billed' else 'credited' end,
        d.sign * d.total_amount
    from documents as d
    left join accounts_of as a on a.invoice_key = d.invoice_key and a.section = 'por_cobrar'

    union all

    select {{ month_of('p.paid_on') }}, 'por_cobrar', a.account_id, 'CXC', 'collected', -p.payment_amount
    from payments as p
    left join accounts_of as a on a.payment_key = p.payment_key and a.section = 'por_cobrar'

    union all

    select {{ month_of('p.paid_on') }}, 'cobros', a.account_id, coalesce(p.journal_code, {{ unassigned_code() }}), 'collected', p.payment_amount
    from payments as p
    left join accounts_of as a on a.payment_key = p.payment_key and a.section = 'cobros'
),

channels as (
    select distinct on (journal_code) journal_code, channel from payments
    order by journal_code, channel
)

select
    m.period_month,
    m.section,
    m.account_id,
    m.concept_code,
    max({{ accounting_concept_name('m.section', 'co.concept_name', 'ch.channel') }}) as concept_name,
    m.movement_kind,
    sum(m.amount) as subledger_amount
from movements as m
left join concepts as co on co.concept_code = m.concept_code and m.section = 'ingresos'
left join channels as ch on ch.journal_code = m.concept_code and m.section = 'cobros'
group by m.period_month, m.section, m.account_id, m.concept_code, m.movement_kind
