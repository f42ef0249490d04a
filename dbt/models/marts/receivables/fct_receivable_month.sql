-- What each contract owed at each closed month end, by age of the debt. Grain: contract × month × bucket, non-zero only.
{% set touched %}{% raw %}
select contract_key, min(from_month) as from_month
from (
    -- by the month of what moved, not by that from which the old balance was owed: who pays today an old debt owes the same at all closed month ends
    select c.contract_key, c.period_month as from_month from {{ changes_of(ref('int_receivables__component_movement')) }} as c
    union all
    select c.contract_key, c.period_month from {{ changes_of(ref('int_core__contract_version'), 'version') }} as c
    union all
    select b.contract_key, m.period_month
    from {{ newly_closed_months() }} as m
    inner join {{ ref('int_receivables__open_balance') }} as b on b.from_month <= m.period_month and (b.until_month is null or b.until_month > m.period_month)
) as reasons
group by contract_key
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['contract_key', 'period_month', 'ageing_bucket_order'], 'keys': ['contract_key'],
        'month': 'period_month', 'at': 'from',
        'months': "select period_month from {{ ref('int_core__closed_month') }}",
        'log': [{'contract': 'contract_key', 'month': 'period_month'}],
    }},
) }}

with open_balances as (
    select
        b.*,
        {% if is_incremental() %}k.from_month{% else %}null::date{% endif %} as touched_from
    from {{ ref('int_receivables__open_balance') }} as b
    {% if is_incremental() %}inner join touched as k on k.contract_key = b.contract_key and coalesce(b.until_month, 'infinity') > k.from_month{% endif %}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

at_month_end as (
    select
        b.contract_key,
        m.period_month::date as period_month,
        {{ month_end('m.period_month') }} - b.due_on as days_past_due,
        b.balance_amount
    from open_balances as b
    cross join lateral generate_series(
        greatest(b.from_month, b.touched_from),
        least(b.until_month - interval '1 month', {{ last_closed_month() }}),
        interval '1 month'
    ) as m (period_month)
),

aged as (
    select contract_key, period_month, {{ ageing_bucket_order('days_past_due') }} as ageing_bucket_order, balance_amount
    from at_month_end
),

by_bucket as (
    select
        contract_key,
        period_month,
        ageing_bucket_order,
        sum(balance_amount) as receivable_amount
    from aged
    group by contract_key, period_month, ageing_bucket_order
    having sum(balance_amount) <> 0
)

select
    b.contract_key,
    b.period_month,
    {{ month_end('b.period_month') }} as month_end_on,
    v.contract_version_key,
    v.sector_key,
    v.route_key,
    v.municipality_key,
    v.user_type_key,
    {{ ageing_bucket_name('b.ageing_bucket_order') }} as ageing_bucket,
    b.ageing_bucket_order,
    b.receivable_amount,
    case when b.ageing_bucket_order > 0 then b.receivable_amount else 0 end as overdue_amount
from by_bucket as b
inner join versions as v on {{ version_of('v', 'b.contract_key', month_end('b.period_month')) }}
