-- What was issued in each month, and what was applied in it to documents of any month: what `mart_collections__cohort_month` adds up by month of issue.
-- By the month in which it happened, since old debts are paid every day: a month in which something changed is added up again, and only that.
-- Grain: month × month of issue × sector × route × user type.
{% set touched %}{% raw %}
with documents as (
    select c.row_key as invoice_key, c.period_month from {{ changes_of(ref('int_billing__document'), 'debt') }} as c
)

select period_month from documents
union
select c.period_month from {{ changes_of(ref('int_receivables__reconciliation')) }} as c
union
select {{ month_of('r.reconciled_on') }} from documents as d
inner join {{ ref('int_receivables__reconciliation') }} as r on r.debit_invoice_key = d.invoice_key
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['period_month', 'issued_month', 'sector_key', 'route_key', 'user_type_key'], 'keys': ['period_month'],
        'log': [{'month': 'period_month'}],
    }},
    indexes=[{'columns': ['period_month']}],
) }}

{% set terms = collection_terms() %}

with issued as (
    select
        {{ month_of('issued_on') }} as period_month,
        {{ month_of('issued_on') }} as issued_month,
        sector_key,
        route_key,
        user_type_key,
        sum(total_amount) as billed_amount
    from {{ touched_months_of(ref('int_billing__document'), 'issued_on') }}
    where state = 'posted' and sign = 1
    group by 1, 2, 3, 4, 5
),

settled as (
    select
        {{ month_of('r.reconciled_on') }} as period_month,
        {{ month_of('d.issued_on') }} as issued_month,
        d.sector_key,
        d.route_key,
        d.user_type_key,
        sum(r.reconciled_amount) filter (where r.credit_kind = 'pago') as collected_amount,
        sum(r.reconciled_amount) filter (where r.credit_kind = 'nota_credito') as credited_amount,
        sum(r.reconciled_amount) filter (where r.credit_kind not in ('pago', 'nota_credito')) as adjusted_amount
        {%- for days in terms %},
        sum(r.reconciled_amount) filter (
            where r.credit_kind = 'pago' and r.reconciled_on - d.issued_on <= {{ days }}
        ) as collected_{{ days }}_amount,
        sum(r.reconciled_amount) filter (
            where r.credit_kind <> 'pago' and r.reconciled_on - d.issued_on <= {{ days }}
        ) as credited_{{ days }}_amount
        {%- endfor %}
    from (select * from {{ touched_months_of(ref('int_receivables__reconciliation'), 'reconciled_on') }} where debit_kind = 'factura') as r
    inner join {{ ref('int_billing__document') }} as d on d.invoice_key = r.debit_invoice_key
    where d.state = 'posted' and d.sign = 1
    group by 1, 2, 3, 4, 5
)

select
    period_month,
    issued_month,
    sector_key,
    route_key,
    user_type_key,
    coalesce(issued.billed_amount, 0) as billed_amount,
    coalesce(settled.collected_amount, 0) as collected_amount,
    coalesce(settled.credited_amount, 0) as credited_amount,
    coalesce(settled.adjusted_amount, 0) as adjusted_amount
    {%- for days in terms %},
    coalesce(settled.collected_{{ days }}_amount, 0) as collected_{{ days }}_amount,
    coalesce(settled.credited_{{ days }}_amount, 0) as credited_{{ days }}_amount
    {%- endfor %}
from issued
full join settled using (period_month, issued_month, sector_key, route_key, user_type_key)
