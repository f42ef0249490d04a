-- Consumption of each contract and month. Two readings of one period (a meter replaced) are one row: volumes add up, and the
-- month is as sure as its least sure reading. Grain: one row per contract and planned month.
with readings as (
    select * from {{ ref('stg_odoo__reading') }}
),

contracts as (
    select * from {{ ref('int_core__contract') }}
),

keyed as (
    select
        coalesce(c.contract_key, {{ unassigned_key() }}) as contract_key,
        {{ month_of('r.billing_period') }} as period_month,
        coalesce(r.consumption_m3, 0) as consumption_m3,
        case r.reading_kind when 'real' then 0 when 'adjusted' then 1 else 2 end as doubt,
        nullif(r.incident, 'none') as incident
    from readings as r
    left join contracts as c on c.contract_key = r.contract_id
),

monthly as (
    select
        contract_key,
        period_month,
        sum(consumption_m3) as consumption_m3,
        max(doubt) as doubt,
        min(incident) as incident
    from keyed
    group by contract_key, period_month
)

select
    m.contract_key,
    m.period_month,
    c.sector_key,
    c.route_key,
    c.municipality_key,
    c.user_type_key,
    m.consumption_m3,
    (array['real', 'adjusted', 'estimated'])[m.doubt + 1] as consumption_kind,
    m.doubt = 0 as is_effective_reading,
    coalesce(m.incident, 'none') as incident
from monthly as m
inner join contracts as c on c.contract_key = m.contract_key
