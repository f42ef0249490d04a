-- The cadastre's entry by contract, by cadastral code or by the hash of a cédula or RNC (never the number). Grain: one row per contract.
with locations as (
    select * from {{ ref('int_maps__location') }}
),

customers as (
    select
        customer_id,
        nullif(regexp_replace(coalesce(identification_number, ''), '[^0-9A-Za-z]', '', 'g'), '') as identification_digits
    from {{ ref('stg_odoo__customer') }}
),

pepper as (
    select pepper from {{ source('identity', 'pepper') }}
)

select
    l.contract_key,
    l.contract_code,
    l.supply_point_code,
    l.cadastral_code,
    {{ identification_hash('c.identification_digits', 'pepper.pepper') }} as identification_hash,
    l.status,
    l.municipality_code,
    l.municipality_name,
    l.sector_code,
    l.sector_name,
    l.route_code,
    l.user_type_name,
    l.latitude,
    l.longitude
from locations as l
left join customers as c on c.customer_id = l.customer_key
cross join pepper
