-- Periods since a contract began, the one going on included, for which it has no posted bill, whether it should have one or not. There is nothing to
-- say of periods before the first that was billed to anybody. Grain: contract × period without a bill.
{% set touched %}{% raw %}
with months as (
    select generate_series(min(d.period_month), {{ month_of(business_today()) }}, interval '1 month')::date as period_month
    from {{ ref('int_billing__run_document') }} as d
    where d.state = 'posted' and d.contract_key <> {{ unassigned_key() }}
),

new_months as (
    select period_month from months
    where period_month > {{ brought_to('closed_month') }} + interval '1 month'
        or period_month < (select coalesce(min(t.period_month), 'infinity') from {{ this }} as t)
)

select c.contract_key, c.period_month from {{ changes_of(ref('int_billing__run_document')) }} as c
union
select c.contract_key, m.period_month from {{ changes_of(ref('int_core__contract')) }} as c
cross join months as m
union
select c.contract_key, m.period_month from {{ ref('int_core__contract') }} as c
cross join new_months as m
union
select t.contract_key, t.period_month from {{ this }} as t
where t.contract_key in (select c.contract_key from {{ changes_of(ref('int_core__contract')) }} as c)
    or t.period_month < (select min(m.period_month) from months as m)
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['contract_key', 'period_month'], 'keys': ['contract_key', 'period_month']}},
    indexes=[{'columns': ['contract_key', 'period_month'], 'unique': true}, {'columns': ['period_month']}],
) }}

with bills as {{ found_by_key() }} (
    select contract_key, period_month from {{ ref('int_billing__run_document') }}
    where state = 'posted' and contract_key <> {{ unassigned_key() }} and period_month is not null
),

months as (
    select generate_series(min(period_month), {{ month_of(business_today()) }}, interval '1 month')::date as period_month
    from bills
)

select c.contract_key, m.period_month
from {{ ref('int_core__contract') }} as c
inner join months as m on m.period_month >= c.started_on
{% if is_incremental() %}inner join touched as k on k.contract_key = c.contract_key and k.period_month = m.period_month{% endif %}
left join bills as b on b.contract_key = c.contract_key and b.period_month = m.period_month
where c.contract_key <> {{ unassigned_key() }} and b.contract_key is null
