select
    supply_point_id,
    located_sector_code,
    metres_from_sector
from {{ source('gis', 'supply_point') }}
