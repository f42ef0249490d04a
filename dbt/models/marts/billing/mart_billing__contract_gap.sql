-- What a contract in service lacks to be read, billed and found. Grain: contract × thing missing.
with contracts as (
    select * from {{ ref('int_core__contract') }}
    where contract_key <> {{ unassigned_key() }} and coalesce(status, 'active') <> 'closed'
),

metered as (
    select distinct supply_point_id as supply_point_key from {{ ref('stg_odoo__meter') }}
    where retired_on is null and supply_point_id is not null
)

select
    c.contract_key,
    c.contract_code,
    gap.gap_code,
    gap.gap_name,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    u.user_type_name,
    c.status,
    c.started_on,
    c.is_excluded_from_billing
from contracts as c
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = c.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = c.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = c.user_type_key
left join metered as m on m.supply_point_key = c.supply_point_key
cross join lateral (
    values
    ('customer'::text, 'Sin cliente'::text, c.customer_key = {{ unassigned_key() }}),
    ('supply_point', 'Sin punto de suministro', c.supply_point_key = {{ unassigned_key() }}),
    -- without a supply point there can be neither sector, route nor meter: one row says it
    ('sector', 'Sin sector comercial', c.supply_point_key <> {{ unassigned_key() }} and c.sector_key = {{ unassigned_key() }}),
    ('route', 'Sin ruta de lectura', c.supply_point_key <> {{ unassigned_key() }} and c.route_key = {{ unassigned_key() }}),
    ('meter', 'Sin medidor', c.supply_point_key <> {{ unassigned_key() }} and m.supply_point_key is null),
    ('user_type', 'Sin tipo de usuario', c.user_type_key = {{ unassigned_key() }}),
    ('start', 'Sin fecha de inicio', c.started_on is null)
) as gap (gap_code, gap_name, is_missing)
where gap.is_missing
