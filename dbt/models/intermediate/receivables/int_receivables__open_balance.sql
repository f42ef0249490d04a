-- What each invoice owed at month ends, as spans of months with the same balance: Σ issued − Σ allocated by then.
-- Grain: one row per invoice and span; `from_month` ≤ month < `until_month` (null: still owed). Only spans with a balance.
-- By the index of contract and end, what it owed from a month on is found without all that it ever owed.
{% set touched %}{% raw %}
select c.row_key as invoice_key from {{ changes_of(ref('int_billing__document')) }} as c
union
select c.row_key from {{ changes_of(ref('int_receivables__reconciliation'), 'invoice') }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['invoice_key', 'from_month'], 'keys': ['invoice_key'],
        'log': [{'row': 'invoice_key', 'contract': 'contract_key', 'month': 'from_month'}],
    }},
    indexes=[
        {'columns': ['invoice_key', 'from_month'], 'unique': true}, {'columns': ['until_month']},
        {'columns': ['contract_key', "coalesce(until_month, 'infinity')"]},
    ],
) }}

with documents as (
    select * from {{ ref('int_billing__document') }}
    where state = 'posted' and sign = 1
        {% if is_incremental() %}and invoice_key in (select invoice_key from touched){% endif %}
),

allocations as (
    select * from {{ ref('int_receivables__allocation') }}
    {% if is_incremental() %}where invoice_key in (select invoice_key from touched){% endif %}
),

movements as (
    select invoice_key, {{ month_of('issued_on') }} as period_month, total_amount as amount
    from documents

    union all

    select invoice_key, {{ month_of('allocated_on') }}, -allocated_amount
    from allocations
),

monthly as (
    select invoice_key, period_month, sum(amount) as amount
    from movements
    group by invoice_key, period_month
),

running as (
    select
        invoice_key,
        period_month as from_month,
        lead(period_month) over in_time as until_month,
        sum(amount) over in_time as balance_amount
    from monthly
    window in_time as (partition by invoice_key order by period_month)
),

owed as (
    select
        r.invoice_key,
        d.contract_key,
        d.issued_on,
        d.due_on,
        r.from_month,
        r.until_month,
        r.balance_amount
    from running as r
    inner join documents as d on d.invoice_key = r.invoice_key
    where r.balance_amount <> 0
)

select * from owed
