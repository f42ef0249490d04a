-- Months with the same anomaly in a row are one episode, open until corrected: by the contract's next reading without it, by a credit note of the
-- month (the customer's bill was put right), or, for a sector's night flow, by the first month that is back under the limit. Grain: one row per
-- contract (or sector, for night leaks), kind and episode.
{% set touched %}{% raw %}
select c.contract_key from {{ changes_of(ref('int_metering__reading')) }} as c
union
select c.contract_key from {{ changes_of(ref('int_metering__anomaly_month')) }} as c
union
select c.contract_key from {{ changes_of(ref('int_billing__document'), 'period') }} as c
union
select c.contract_key from {{ changes_of(ref('int_core__contract')) }} as c
union
-- night leaks, which have no log
select {{ unassigned_key() }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['contract_key', 'anomaly_key'], 'keys': ['contract_key']}},
    indexes=[{'columns': ['contract_key', 'anomaly_key'], 'unique': true}],
) }}

with months as (
    select m.*, c.contract_code
    from {{ ref('int_metering__anomaly_month') }} as m
    inner join {{ ref('int_core__contract') }} as c on c.contract_key = m.contract_key
    {% if is_incremental() %}where m.contract_key in (select contract_key from touched){% endif %}
),

readings as (
    select
        reading_key,
        contract_key,
        period_month,
        read_on,
        is_read,
        {{ month_end('period_month') }} as month_end_on,
        row_number() over (partition by contract_key order by period_month, reading_key) as turn
    from {{ ref('int_metering__reading') }}
    where contract_key in (select contract_key from months)
),

placed as (
    select
        m.*,
        r.turn,
        r.month_end_on,
        r.turn - row_number() over (partition by m.contract_key, m.anomaly_kind order by r.turn) as island
    from months as m
    inner join readings as r on r.reading_key = m.reading_key
),

episodes as (
    select
        contract_key,
        contract_code,
        anomaly_kind,
        island,
        min(period_month) as first_month,
        max(period_month) as last_month,
        count(*) as months_count,
        max(turn) as last_turn,
        min(coalesce(read_on, month_end_on)) as opened_on,
        (array_agg(meter_key order by turn desc))[1] as meter_key,
        min(sector_key) as sector_key,
        min(route_key) as route_key,
        min(municipality_key) as municipality_key,
        min(user_type_key) as user_type_key,
        (array_agg(consumption_m3 order by turn desc))[1] as observed_m3,
        (array_agg(expected_m3 order by turn desc))[1] as expected_m3,
        (array_agg(limit_m3 order by turn desc))[1] as limit_m3
    from placed
    group by contract_key, contract_code, anomaly_kind, island
),

credited as (
    select contract_key, {{ month_of('billing_period') }} as period_month, min(issued_on) as credited_on
    from {{ ref('int_billing__document') }}
    where state = 'posted' and document_kind = 'nota_credito' and {{ is_touched('contract_key') }}
    group by 1, 2
),

next_reading as (
    select e.contract_key, e.anomaly_kind, e.island, min(r.read_on) as read_again_on
    from episodes as e
    inner join readings as r on r.contract_key = e.contract_key and r.turn > e.last_turn and r.is_read
    group by 1, 2, 3
),

of_contracts as (
    select
        e.*,
        least(n.read_again_on, case when e.anomaly_kind <> 'estimated' then c.credited_on end) as closed_on,
        case
            when c.credited_on < n.read_again_on and e.anomaly_kind <> 'estimated' then 'nota_credito'
            when n.read_again_on is not null then 'lectura_normal'
            when c.credited_on is not null and e.anomaly_kind <> 'estimated' then 'nota_credito'
        end as closed_by
    from episodes as e
    left join next_reading as n using (contract_key, anomaly_kind, island)
    left join credited as c on c.contract_key = e.contract_key and c.period_month = e.last_month
)

select
    anomaly_kind || ':' || contract_code || ':' || to_char(first_month, 'YYYY-MM') || ':' || island as anomaly_key,
    anomaly_kind,
    contract_key,
    contract_code,
    meter_key,
    sector_key,
    route_key,
    user_type_key,
    first_month,
    last_month,
    months_count,
    observed_m3,
    expected_m3,
    limit_m3,
    null::numeric as observed_m3h,
    null::numeric as expected_m3h,
    opened_on,
    closed_on,
    closed_by
from of_contracts

union all

select
    'night_leak:' || sector_code || ':' || to_char(first_month, 'YYYY-MM'),
    'night_leak',
    {{ unassigned_key() }},
    {{ unassigned_code() }},
    {{ unassigned_key() }},
    sector_key,
    {{ unassigned_key() }},
    {{ unassigned_key() }},
    first_month,
    last_month,
    months_count,
    null,
    null,
    null,
    observed_m3h,
    expected_m3h,
    opened_on,
    closed_on,
    case when closed_on is not null then 'caudal_normal' end
from {{ ref('int_telemetry__night_leak') }}
