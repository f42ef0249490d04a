-- What each cycle had to read and read, route by route. A contract is read by the cycle of its bill; before there is one, by its sector's.
-- A month of which a reading changed, or whose it is, is added up again, and only that. Grain: billing period × cycle × sector × route with a reading.
{% set touched %}{% raw %}
select c.period_month from {{ changes_of(ref('int_consumption__reading')) }} as c
union
-- when it was read, and whether it took a consumption
select k.period_month from {{ source('odoo', 'reading') }} as r
inner join {{ ref('int_consumption__reading') }} as k on k.reading_key = r.id
where {{ is_new_in_raw('r') }}
union
select k.period_month from {{ changes_of(ref('int_metering__incident')) }} as c
inner join {{ ref('int_consumption__reading') }} as k on k.reading_key = c.row_key
union
select c.period_month from {{ changes_of(ref('int_billing__run_document'), 'period') }} as c
union
select c.period_month from {{ changes_of(ref('int_billing__sector_cycle')) }} as c
union
-- a contract is where it is today, all along
select k.period_month from {{ changes_of(ref('int_core__contract'), 'place') }} as c
inner join {{ ref('int_consumption__reading') }} as k on k.contract_key = c.contract_key
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'billing_cycle_id', 'sector_key', 'route_key'], 'keys': ['period_month']}},
    indexes=[{'columns': ['period_month', 'billing_cycle_id', 'sector_key', 'route_key'], 'unique': true}],
) }}

with keys as (
    select reading_key, contract_key, period_month
    from {{ ref('int_consumption__reading') }}
    where {{ is_touched('period_month') }}
),

bill_cycles as (
    select contract_key, period_month, min(billing_cycle_id) as billing_cycle_id
    from {{ ref('int_billing__run_document') }}
    where contract_key <> {{ unassigned_key() }} and billing_cycle_id is not null and {{ is_touched('period_month') }}
    group by contract_key, period_month
),

readings as (
    select
        k.period_month,
        coalesce(b.billing_cycle_id, sc.billing_cycle_id) as billing_cycle_id,
        c.sector_key,
        c.route_key,
        r.reading_id as reading_key,
        r.reading_kind,
        r.consumption_m3,
        {{ business_date('r.read_at') }} as read_on
    from keys as k
    inner join {{ ref('stg_odoo__reading') }} as r on r.reading_id = k.reading_key
    inner join {{ ref('int_core__contract') }} as c on c.contract_key = k.contract_key
    left join bill_cycles as b on b.contract_key = k.contract_key and b.period_month = k.period_month
    left join {{ ref('int_billing__sector_cycle') }} as sc on sc.sector_key = c.sector_key and sc.period_month = k.period_month
),

incidents as (
    select reading_key, count(*) as incidents, count(*) filter (where is_open) as open_incidents
    from {{ ref('int_metering__incident') }}
    group by reading_key
)

select
    period_month,
    billing_cycle_id,
    sector_key,
    route_key,
    count(*) as planned_readings,
    count(*) filter (where consumption_m3 is not null) as taken_readings,
    count(*) filter (where reading_kind = 'real') as effective_readings,
    coalesce(sum(incidents), 0)::bigint as incidents,
    coalesce(sum(open_incidents), 0)::bigint as open_incidents,
    max(read_on) as read_on
from readings
left join incidents using (reading_key)
where billing_cycle_id is not null
group by period_month, billing_cycle_id, sector_key, route_key
