{% set columns = {'inlet_code': 'text', 'inlet_name': 'text', 'sector_code': 'text', 'from_sector_code': 'text'} %}

select
    ---------- text
    inlet_code,
    inlet_name,
    sector_code,
    from_sector_code
from {{ loaded_or_empty(source('telemetry', 'inlet'), columns) }}
