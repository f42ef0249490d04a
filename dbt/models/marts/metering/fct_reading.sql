-- Readings as they were taken. Each row follows from its own contract's readings only, so the table can be built for the contracts that changed.
-- Grain: one row per planned reading.
select
    r.reading_key,
    r.contract_key,
    r.meter_key,
    r.reader_key,
    coalesce(u.user_name, {{ unassigned_name() }}) as reader_name,
    r.reading_route_key,
    r.sector_key,
    r.route_key,
    r.municipality_key,
    r.user_type_key,
    r.period_month,
    r.read_at,
    r.read_on,
    r.previous_read_on,
    (case when r.is_read then r.read_on - r.previous_read_on end)::integer as days_between,
    r.previous_value_m3::numeric(18, 3) as previous_value_m3,
    r.value_m3::numeric(18, 3) as value_m3,
    r.index_difference_m3,
    a.booked_m3 as consumption_m3,
    a.attributed_m3,
    r.reading_kind,
    a.attribution,
    a.regularised_on,
    r.is_read,
    r.reading_kind = 'real' as is_effective_reading,
    r.has_rolled_over,
    coalesce(r.index_difference_m3 < 0, false) as has_gone_back,
    r.incident
from {{ ref('int_metering__reading') }} as r
inner join {{ ref('int_metering__attributed_reading') }} as a on a.reading_key = r.reading_key
left join {{ ref('stg_odoo__user') }} as u on u.user_id = r.reader_key
