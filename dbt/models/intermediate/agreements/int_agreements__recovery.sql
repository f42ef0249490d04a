-- Money that came in for each agreement: payments applied, from its signing on, to invoices that its contract had by then, up to the agreed
-- amount. Grain: one row per agreement and day with such money.
{% set touched %}{% raw %}
select c.row_key as agreement_key from {{ changes_of(ref('int_agreements__agreement')) }} as c
union
select g.agreement_key from {{ changes_of(ref('int_receivables__reconciliation')) }} as c
inner join {{ ref('int_agreements__agreement') }} as g on g.contract_key = c.contract_key and c.period_month >= {{ month_of('g.signed_on') }}
    and (g.recovers_until is null or c.period_month <= g.recovers_until)
union
select g.agreement_key from {{ changes_of(ref('int_billing__document'), 'debt') }} as c
inner join {{ ref('int_agreements__agreement') }} as g on g.contract_key = c.contract_key and c.period_month <= g.signed_on
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['agreement_key', 'recovered_on'], 'keys': ['agreement_key']}},
    indexes=[{'columns': ['agreement_key', 'recovered_on']}],
) }}

with agreements as (
    select * from {{ ref('int_agreements__agreement') }}
    where contract_key <> {{ unassigned_key() }}
        {% if is_incremental() %}and agreement_key in (select agreement_key from touched){% endif %}
),

allocations as (
    select * from {{ ref('int_receivables__allocation') }}
    where allocation_kind = 'pago'
),

documents as (
    select invoice_key, issued_on from {{ ref('int_billing__document') }}
),

daily as (
    select g.agreement_key, g.agreed_amount, a.allocated_on as recovered_on, sum(a.allocated_amount) as applied_amount
    from agreements as g
    inner join allocations as a on a.contract_key = g.contract_key and a.allocated_on >= g.signed_on
        and (g.recovers_until is null or a.allocated_on < g.recovers_until)
    inner join documents as d on d.invoice_key = a.invoice_key and d.issued_on <= g.signed_on
    group by 1, 2, 3
),

running as (
    select
        *,
        least(agreed_amount, sum(applied_amount) over (partition by agreement_key order by recovered_on)) as accumulated_amount
    from daily
),

capped as (
    select
        agreement_key,
        recovered_on,
        accumulated_amount,
        accumulated_amount - coalesce(lag(accumulated_amount) over (partition by agreement_key order by recovered_on), 0) as recovered_amount
    from running
)

select * from capped
where recovered_amount > 0
