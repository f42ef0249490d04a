-- Debt at each closed month end by when it was billed and when it fell due: what roll rates and loss rates are made of, without going back to
-- the invoices. Grain: closed month × sector × route × user type × month billed × due date × under an agreement, non-zero only.
{% set touched %}{% raw %}
with reasons as (
    select min(c.period_month) as from_month from {{ changes_of(ref('int_receivables__component_movement')) }} as c
    union all
    -- a contract takes all that it owes along, if it owed anything
    select min(greatest(c.period_month, {{ month_of('b.issued_on') }})) from {{ changes_of(ref('int_core__contract_version'), 'version') }} as c
    inner join {{ ref('int_receivables__open_balance') }} as b on b.contract_key = c.contract_key
    union all
    select min(c.period_month) from {{ changes_of(ref('int_agreements__agreement'), 'span') }} as c
    union all
    select min(m.period_month) from {{ newly_closed_months() }} as m
)

-- what happened in a month is owed from then on: all months up to the last closed one
select m.period_month::date as period_month
from (select min(from_month) as from_month from reasons) as r
cross join lateral generate_series(r.from_month, {{ last_closed_month() }}, interval '1 month') as m (period_month)
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['period_month', 'sector_key', 'route_key', 'user_type_key', 'issued_month', 'due_on', 'is_under_agreement'], 'keys': ['period_month'],
        'log': [{'month': 'period_month'}],
    }},
    indexes=[{'columns': ['period_month']}],
) }}

with open_balances as (
    select
        b.*,
        {% if is_incremental() %}(select min(k.period_month) from touched as k){% else %}null::date{% endif %} as touched_from
    from {{ ref('int_receivables__open_balance') }} as b
    {% if is_incremental() -%}
    where coalesce(b.until_month, 'infinity') > (select min(k.period_month) from touched as k)
    {%- endif %}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

-- the agreement that a contract had in force at a month end covers what had been billed when it was signed
agreements as (
    select a.contract_key, m.period_month, max(a.signed_on) as signed_on
    from {{ ref('int_agreements__agreement') }} as a
    inner join {{ ref('int_core__closed_month') }} as m on {{ agreement_in_force('a', 'm.month_end_on') }}
    where a.contract_key <> {{ unassigned_key() }}
    group by 1, 2
),

at_month_end as (
    select
        m.period_month::date as period_month,
        b.contract_key,
        b.issued_on,
        b.due_on,
        b.balance_amount
    from open_balances as b
    cross join lateral generate_series(
        greatest(b.from_month, b.touched_from),
        least(b.until_month - interval '1 month', {{ last_closed_month() }}),
        interval '1 month'
    ) as m (period_month)
)

select
    e.period_month,
    v.sector_key,
    v.route_key,
    v.user_type_key,
    {{ month_of('e.issued_on') }} as issued_month,
    e.due_on,
    coalesce(e.issued_on <= a.signed_on, false) as is_under_agreement,
    sum(e.balance_amount) as balance_amount
from at_month_end as e
inner join versions as v on {{ version_of('v', 'e.contract_key', month_end('e.period_month')) }}
left join agreements as a on a.contract_key = e.contract_key and a.period_month = e.period_month
group by 1, 2, 3, 4, 5, 6, 7
having sum(e.balance_amount) <> 0
