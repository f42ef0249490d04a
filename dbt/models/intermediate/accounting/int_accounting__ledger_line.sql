-- Odoo's general ledger as far as the commercial cycle goes: posted lines of documents and of payments, and what other entries did to the
-- same income and receivable accounts. `signed_amount` is positive on the account's own side: credit for income and taxes, debit for the rest.
-- Grain: one row per posted line.
with lines as (
    select * from {{ ref('stg_odoo__account_move_line') }}
    where state = 'posted'
),

accounts as (
    select * from {{ ref('stg_odoo__account') }}
),

documents as (
    select * from {{ ref('int_billing__document') }}
    where state = 'posted'
),

payments as (
    select * from {{ ref('int_accounting__payment') }}
),

concepts as (
    select * from {{ ref('stg_odoo__concept') }}
),

classified as (
    select
        l.move_line_id,
        d.invoice_key,
        p.payment_key,
        l.account_id,
        l.concept_id,
        p.journal_code,
        p.channel,
        {{ month_of('l.accounted_on') }} as period_month,
        case
            when d.sign = 1 then 'billed'
            when d.sign = -1 then 'credited'
            when p.payment_key is not null then 'collected'
            else 'adjusted'
        end as movement_kind,
        case
            when a.account_type = 'asset_receivable' then 'por_cobrar'
            when d.invoice_key is not null then case when l.display_type = 'tax' then 'impuestos' else 'ingresos' end
            when p.payment_key is not null then 'cobros'
        end as section,
        l.balance_amount
    from lines as l
    left join accounts as a on a.account_id = l.account_id
    left join documents as d on d.invoice_key = l.move_id
    left join payments as p on p.move_id = l.move_id
),

-- an income or receivable account of the cycle, and what it is: other entries in it are adjustments
tracked as (
    select distinct account_id, section from classified
    where movement_kind <> 'adjusted' and section in ('ingresos', 'por_cobrar')
),

placed as (
    select
        c.move_line_id,
        c.invoice_key,
        c.payment_key,
        c.account_id,
        c.concept_id,
        c.journal_code,
        c.channel,
        c.period_month,
        c.movement_kind,
        t.section,
        c.balance_amount
    from classified as c
    inner join tracked as t on t.account_id = c.account_id
    where c.movement_kind = 'adjusted'

    union all

    select
        move_line_id,
        invoice_key,
        payment_key,
        account_id,
        concept_id,
        journal_code,
        channel,
        period_month,
        movement_kind,
        section,
        balance_amount
    from classified
    where movement_kind <> 'adjusted'
)

select
    p.move_line_id,
    p.invoice_key,
    p.payment_key,
    p.account_id,
    p.period_month,
    p.section,
    p.movement_kind,
    {{ accounting_concept('p.section', 'co.concept_code', 'p.journal_code') }} as concept_code,
    {{ accounting_concept_name('p.section', 'co.concept_name', 'p.channel') }} as concept_name,
    p.balance_amount,
    case when p.section in ('ingresos', 'impuestos') then -p.balance_amount else p.balance_amount end as signed_amount
from placed as p
left join concepts as co on co.concept_id = p.concept_id
