-- What the commercial system says was billed, credited and collected, put on the accounts that Odoo booked it to. Amounts are the facts'
-- own (lines, taxes and totals of documents, payments), never the ledger's; only the account is looked up there. `amount` is positive on the
-- account's own side: income and taxes as billed, receivables and money as owed or received. `entry_key` is the entry in Odoo, which a document
-- is itself; of a payment without one, its key below zero. Grain: entry × section × account × concept, numbered.
{% set touched %}{% raw %}
select c.row_key as entry_key from {{ changes_of(ref('int_billing__document')) }} as c
union
select c.row_key from {{ changes_of(ref('int_billing__document_line'), 'invoice') }} as c
union
select c.row_key from {{ changes_of(ref('int_accounting__posted_line'), 'move') }} as c
union
select c.row_key from {{ changes_of(ref('int_collections__payment'), 'entry') }} as c
union
select {{ payment_entry('p') }} from {{ source('odoo', 'journal') }} as j
inner join {{ ref('int_collections__payment') }} as p on p.channel_key = j.id
where {{ is_new_in_raw('j') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['entry_key', 'place'], 'keys': ['entry_key'],
        'log': [{'row': 'entry_key', 'month': 'period_month'}],
    }},
    indexes=[{'columns': ['entry_key', 'place'], 'unique': true}, {'columns': ['period_month']}],
) }}

with documents as (
    select * from {{ ref('int_billing__document') }}
    where state = 'posted'
        {% if is_incremental() %}and invoice_key in (select entry_key from touched){% endif %}
),

document_lines as (
    select * from {{ ref('int_billing__document_line') }}
    {% if is_incremental() %}where invoice_key in (select entry_key from touched){% endif %}
),

payments as (
    select p.*, {{ payment_entry('p') }} as entry_key from {{ ref('int_accounting__payment') }} as p
    {% if is_incremental() -%}
    where p.payment_key in (
        select q.payment_key from touched as k
        inner join {{ ref('int_collections__payment') }} as q on q.move_id = k.entry_key
        union
        select q.payment_key from touched as k
        inner join {{ ref('int_collections__payment') }} as q on q.payment_key = -k.entry_key and q.move_id is null
    )
    {%- endif %}
),

ledger as (
    select
        move_line_id,
        invoice_key,
        payment_key,
        section,
        account_id,
        {{ accounting_signed('section', 'balance_amount') }} as signed_amount
    from {{ ref('int_accounting__posted_line') }}
    where movement_kind <> 'adjusted'
        {% if is_incremental() %}and move_id in (select entry_key from touched){% endif %}
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
        d.invoice_key as entry_key,
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
        d.invoice_key,
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
        d.invoice_key,
        {{ month_of('d.issued_on') }},
        'por_cobrar',
        a.account_id,
        'CXC',
        case when d.sign = 1 then 'billed' else 'credited' end,
        d.sign * d.total_amount
    from documents as d
    left join accounts_of as a on a.invoice_key = d.invoice_key and a.section = 'por_cobrar'

    union all

    select p.entry_key, {{ month_of('p.paid_on') }}, 'por_cobrar', a.account_id, 'CXC', 'collected', -p.payment_amount
    from payments as p
    left join accounts_of as a on a.payment_key = p.payment_key and a.section = 'por_cobrar'

    union all

    select p.entry_key, {{ month_of('p.paid_on') }}, 'cobros', a.account_id, coalesce(p.journal_code, {{ unassigned_code() }}), 'collected', p.payment_amount
    from payments as p
    left join accounts_of as a on a.payment_key = p.payment_key and a.section = 'cobros'
),

summed as (
    select
        entry_key,
        period_month,
        section,
        account_id,
        concept_code,
        movement_kind,
        sum(amount) as amount
    from movements
    group by entry_key, period_month, section, account_id, concept_code, movement_kind
)

select
    entry_key,
    row_number() over (partition by entry_key order by section, account_id, concept_code, movement_kind)::smallint as place,
    period_month,
    section,
    account_id,
    concept_code,
    movement_kind,
    amount
from summed
