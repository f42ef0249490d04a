-- Consumption of each contract and month. Two readings of one period (a meter replaced) are one row: volumes add up, and the
-- month is as sure as its least sure reading. Sector, route and user type are those of the contract at the month's end.
-- Grain: one row per contract and planned month.
{% set touched %}{% raw %}
select c.contract_key, c.period_month from {{ changes_of(ref('int_consumption__reading')) }} as c
union
select r.contract_key, r.period_month from {{ changes_of(ref('int_core__contract_version'), 'version') }} as c
inner join {{ ref('int_consumption__reading') }} as r on r.contract_key = c.contract_key and r.period_month >= c.period_month
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['contract_key', 'period_month'], 'keys': ['contract_key', 'period_month'],
        'month': 'period_month', 'at': 'month',
        'months': "select distinct date_trunc('month', period_month)::date from {{ ref('int_consumption__reading') }}",
        'log': [{'contract': 'contract_key', 'month': 'period_month'}],
    }},
) }}

with readings as (
    select r.* from {{ ref('int_consumption__reading') }} as r
    {% if is_incremental() %}inner join touched as k on k.contract_key = r.contract_key and k.period_month = r.period_month{% endif %}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

monthly as (
    select
        contract_key,
        period_month,
        sum(consumption_m3) as consumption_m3,
        max(case reading_kind when 'real' then 0 when 'adjusted' then 1 else 2 end) as doubt,
        min(incident) as incident
    from readings
    group by contract_key, period_month
)

select
    m.contract_key,
    m.period_month,
    v.contract_version_key,
    v.sector_key,
    v.route_key,
    v.municipality_key,
    v.user_type_key,
    m.consumption_m3,
    (array['real', 'adjusted', 'estimated'])[m.doubt + 1] as consumption_kind,
    m.doubt = 0 as is_effective_reading,
    coalesce(m.incident, 'none') as incident
from monthly as m
inner join versions as v on {{ version_of('v', 'm.contract_key', month_end('m.period_month')) }}
