-- What each credit has left at month ends, as spans of months with the same remainder. The sources' sum is the contract's credit balance.
-- Grain: one row per credit and span; `from_month` ≤ month < `until_month` (null: still there). Only spans with a remainder.
{% set touched %}{% raw %}
select 'pago' as credit_kind, c.row_key as credit_key from {{ changes_of(ref('int_collections__payment')) }} as c
union
select 'pago', c.row_key from {{ changes_of(ref('int_receivables__reconciliation'), 'payment') }} as c
union
select 'pago', p.id from {{ source('odoo', 'account_payment') }} as p
where {{ is_new_in_raw('p') }}
union
select 'nota_credito', c.row_key from {{ changes_of(ref('int_billing__document')) }} as c
union
select 'nota_credito', c.row_key from {{ changes_of(ref('int_receivables__reconciliation'), 'note') }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['credit_kind', 'credit_key', 'from_month'], 'keys': ['credit_kind', 'credit_key']}},
    indexes=[{'columns': ['credit_kind', 'credit_key', 'from_month'], 'unique': true}],
) }}

with sources as (
    {% if is_incremental() -%}
    -- one by one: a condition does not reach into the two halves of the view from outside
    select s.* from touched as k
    cross join lateral (
        select * from {{ ref('int_collections__credit_source') }} as c
        where c.credit_kind = k.credit_kind and c.credit_key = k.credit_key
        offset 0 -- noqa: AM09
    ) as s
    {%- else -%}
    select * from {{ ref('int_collections__credit_source') }}
    {%- endif %}
),

reconciliations as {{ found_by_key() }} (
    select * from {{ ref('int_receivables__reconciliation') }}
),

movements as (
    select credit_kind, credit_key, credited_on as moved_on, credit_amount as amount from sources

    union all

    select 'pago', credit_payment_key, reconciled_on, -reconciled_amount
    from reconciliations
    where credit_kind = 'pago'
        {% if is_incremental() %}and credit_payment_key in (select credit_key from touched where credit_kind = 'pago'){% endif %}

    union all

    select 'nota_credito', credit_invoice_key, reconciled_on, -reconciled_amount
    from reconciliations
    where credit_kind = 'nota_credito'
        {% if is_incremental() %}and credit_invoice_key in (select credit_key from touched where credit_kind = 'nota_credito'){% endif %}

    union all

    -- the other half of money given back
    select 'pago', debit_payment_key, reconciled_on, reconciled_amount
    from reconciliations
    where debit_payment_key is not null
        {% if is_incremental() %}and debit_payment_key in (select credit_key from touched where credit_kind = 'pago'){% endif %}
),

monthly as (
    select credit_kind, credit_key, {{ month_of('moved_on') }} as period_month, sum(amount) as amount
    from movements
    group by 1, 2, 3
),

running as (
    select
        credit_kind,
        credit_key,
        period_month as from_month,
        lead(period_month) over in_time as until_month,
        sum(amount) over in_time as remaining_amount
    from monthly
    window in_time as (partition by credit_kind, credit_key order by period_month)
)

select
    r.credit_kind,
    r.credit_key,
    s.credit_origin,
    s.contract_key,
    s.credited_on,
    s.channel,
    s.credit_amount,
    r.from_month,
    r.until_month,
    r.remaining_amount
from running as r
inner join sources as s on s.credit_kind = r.credit_kind and s.credit_key = r.credit_key
where r.remaining_amount <> 0
