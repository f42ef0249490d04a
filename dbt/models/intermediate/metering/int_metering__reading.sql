-- Readings with the keys every fact takes from them, the difference of the dial (gone round or not) and the stretch between two readings had.
-- A dial went round when its index is below the earlier one and what that makes is under half of the dial; else the index went back, which is
-- an anomaly. `stretch`: the readings of a contract's meter after one that was had, up to and including the next. Written by key, from the
-- contract's own rows only, so that it can be built for the contracts that changed.
-- Grain: one row per planned reading.
with readings as (
    select * from {{ ref('stg_odoo__reading') }}
),

contracts as (
    select * from {{ ref('int_core__contract') }}
),

meters as (
    select * from {{ ref('stg_odoo__meter') }}
),

routes as (
    select * from {{ ref('int_core__route') }}
),

users as (
    select * from {{ ref('stg_odoo__user') }}
),

keyed as (
    select
        r.reading_id as reading_key,
        c.contract_key,
        coalesce(m.meter_id, {{ unassigned_key() }}) as meter_key,
        coalesce(u.user_id, {{ unassigned_key() }}) as reader_key,
        coalesce(ro.route_key, {{ unassigned_key() }}) as reading_route_key,
        c.sector_key,
        c.route_key,
        c.municipality_key,
        c.user_type_key,
        {{ month_of('r.billing_period') }} as period_month,
        r.read_at,
        {{ business_date('r.read_at') }} as read_on,
        r.previous_value_m3,
        r.value_m3,
        coalesce(r.consumption_m3, 0) as consumption_m3,
        r.reading_kind,
        coalesce(r.incident, 'none') as incident,
        r.value_m3 is not null and r.reading_kind <> 'estimated' as is_read,
        power(10::numeric, m.dial_digits) as dial_m3,
        r.value_m3 < r.previous_value_m3
        and r.value_m3 - r.previous_value_m3 + power(10::numeric, m.dial_digits) <= power(10::numeric, m.dial_digits) / 2 as is_round
    from readings as r
    left join contracts as found on found.contract_key = r.contract_id
    inner join contracts as c on c.contract_key = coalesce(found.contract_key, {{ unassigned_key() }})
    left join meters as m on m.meter_id = r.meter_id
    left join routes as ro on ro.route_key = r.route_id
    left join users as u on u.user_id = r.reader_id
)

select
    reading_key,
    contract_key,
    meter_key,
    reader_key,
    reading_route_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    period_month,
    read_at,
    read_on,
    -- the last day on which this meter was read before
    max(read_on) filter (where is_read) over earlier as previous_read_on,
    previous_value_m3,
    value_m3,
    consumption_m3,
    reading_kind,
    incident,
    is_read,
    is_read and coalesce(is_round, false) as has_rolled_over,
    case when is_read then value_m3 - previous_value_m3 + case when is_round then dial_m3 else 0 end end::numeric(18, 3) as index_difference_m3,
    count(*) filter (where is_read) over earlier as stretch
from keyed
window earlier as (
    partition by contract_key, meter_key order by period_month, reading_key rows between unbounded preceding and 1 preceding
)
