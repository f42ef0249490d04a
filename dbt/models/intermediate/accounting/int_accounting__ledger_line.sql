-- Odoo's general ledger as far as the commercial cycle goes: posted lines of documents and of payments, and what other entries did to the
-- same income and receivable accounts. `signed_amount` is positive on the account's own side: credit for income and taxes, debit for the rest.
-- A view over the posted lines. Grain: one row per posted line.
{{ config(materialized='view') }}

select
    p.move_line_id,
    p.move_id,
    p.invoice_key,
    p.payment_key,
    p.account_id,
    p.period_month,
    p.section,
    p.movement_kind,
    {{ accounting_concept('p.section', 'co.concept_code', 'p.journal_code') }} as concept_code,
    {{ accounting_concept_name('p.section', 'co.concept_name', 'p.channel') }} as concept_name,
    p.balance_amount,
    {{ accounting_signed('p.section', 'p.balance_amount') }} as signed_amount
from (
    select
        l.move_line_id,
        l.move_id,
        l.invoice_key,
        l.payment_key,
        l.account_id,
        l.concept_id,
        l.journal_code,
        l.channel,
        l.period_month,
        case l.movement_kind when 'adjusted' then t.section else l.section end as section,
        l.movement_kind,
        l.balance_amount
    from {{ ref('int_accounting__posted_line') }} as l
    left join {{ ref('int_accounting__tracked_account') }} as t on l.movement_kind = 'adjusted' and t.account_id = l.account_id
    where l.movement_kind <> 'adjusted' or t.account_id is not null
) as p
left join {{ ref('stg_odoo__concept') }} as co on co.concept_id = p.concept_id
