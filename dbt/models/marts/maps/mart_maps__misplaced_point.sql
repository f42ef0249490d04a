-- Supply points that the cadastre should look at: without coordinates, in no sector, or in another than Odoo says. Grain: one row per contract.
with locations as (
    select * from {{ ref('int_maps__location') }}
)

select
    contract_key,
    contract_code,
    supply_point_code,
    cadastral_code,
    municipality_code,
    municipality_name,
    sector_code,
    sector_name,
    route_code,
    latitude,
    longitude,
    located_sector_code,
    metres_from_sector,
    case
        when latitude is null then 'sin_coordenadas'
        when located_sector_code is null then 'fuera_de_los_sectores'
        else 'otro_sector'
    end as problem
from locations
where latitude is null
    or (located_sector_code is null and metres_from_sector is not null)
    or located_sector_code <> sector_code
