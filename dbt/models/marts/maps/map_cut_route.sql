-- The way of a crew: pending orders of a reading route one after another, in the order in which its points are read. Grain: route × sector × kind.
with orders as (
    select o.*, l.supply_point_code
    from {{ ref('map_cut_order') }} as o
    inner join {{ ref('int_maps__location') }} as l on l.contract_key = o.contract_key
    where o.state = 'pending'
)

select
    municipality_code,
    municipality_name,
    sector_code,
    sector_name,
    route_code,
    order_kind,
    count(*) as orders_count,
    sum(overdue_amount) as overdue_amount,
    -- a single stop is drawn as a way that does not move
    (case when count(*) > 1
        then jsonb_agg(jsonb_build_array(longitude, latitude) order by supply_point_code, cut_order_id)
        else jsonb_build_array(jsonb_build_array(min(longitude), min(latitude)), jsonb_build_array(min(longitude), min(latitude)))
    end)::text as path
from orders
group by municipality_code, municipality_name, sector_code, sector_name, route_code, order_kind
