-- Consumption documents under the threshold, which the 607 declares in its summary screen. Months of which a document changed, and those that closed,
-- are added up again. Grain: one row per closed month, dense.
{% set touched %}{% raw %}
select c.period_month from {{ changes_of(ref('int_billing__607_document')) }} as c
union
select m.period_month from {{ newly_closed_months() }} as m
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month'], 'keys': ['period_month']}},
) }}

with documents as (
    select * from {{ touched_months_of(ref('int_billing__607_document'), 'period_month') }}
)

select
    m.period_month,
    count(d.invoice_key) as documents_count,
    coalesce(sum(d.billed_amount), 0) as billed_amount,
    coalesce(sum(d.itbis_billed_amount), 0) as itbis_billed_amount,
    coalesce(sum(d.cash_amount), 0) as cash_amount,
    coalesce(sum(d.bank_amount), 0) as bank_amount,
    coalesce(sum(d.card_amount), 0) as card_amount,
    coalesce(sum(d.credit_amount), 0) as credit_amount,
    coalesce(sum(d.voucher_amount), 0) as voucher_amount,
    coalesce(sum(d.barter_amount), 0) as barter_amount,
    coalesce(sum(d.other_forms_amount), 0) as other_forms_amount
from {{ ref('int_core__closed_month') }} as m
left join documents as d on d.period_month = m.period_month and d.is_summarised
{% if is_incremental() %}where m.period_month in (select k.period_month from touched as k){% endif %}
group by m.period_month
