-- Credit in favour of each contract at each closed month end. Grain: contract × month, non-zero only.
{% set touched %}{% raw %}
select contract_key, min(from_month) as from_month
from (
    select c.contract_key, c.period_month as from_month from {{ changes_of(ref('int_receivables__credit_movement')) }} as c
    union all
    select c.contract_key, c.period_month from {{ changes_of(ref('int_core__contract_version'), 'version') }} as c
    union all
    select distinct v.contract_key, m.period_month
    from {{ newly_closed_months() }} as m
    cross join {{ ref('int_receivables__credit_movement') }} as v
) as reasons
group by contract_key
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['contract_key', 'period_month'], 'keys': ['contract_key'],
        'month': 'period_month', 'at': 'from',
        'months': "select period_month from {{ ref('int_core__closed_month') }}",
        'log': [{'contract': 'contract_key', 'month': 'period_month'}],
    }},
) }}

with movements as (
    select
        v.*,
        {% if is_incremental() %}k.from_month{% else %}null::date{% endif %} as touched_from
    from {{ ref('int_receivables__credit_movement') }} as v
    {% if is_incremental() %}inner join touched as k on k.contract_key = v.contract_key{% endif %}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

running as (
    select
        contract_key,
        period_month as from_month,
        lead(period_month) over in_time as until_month,
        sum(amount) over in_time as balance_amount,
        touched_from
    from movements
    window in_time as (partition by contract_key order by period_month)
),

at_month_end as (
    select
        r.contract_key,
        m.period_month::date as period_month,
        r.balance_amount
    from running as r
    cross join lateral generate_series(
        greatest(r.from_month, r.touched_from),
        least(r.until_month - interval '1 month', {{ last_closed_month() }}),
        interval '1 month'
    ) as m (period_month)
    where r.balance_amount <> 0
)

select
    b.contract_key,
    b.period_month,
    v.contract_version_key,
    v.sector_key,
    v.route_key,
    v.municipality_key,
    v.user_type_key,
    b.balance_amount as credit_balance_amount
from at_month_end as b
inner join versions as v on {{ version_of('v', 'b.contract_key', month_end('b.period_month')) }}
