{% set columns = {'sector_code': 'text', 'mains_km': 'numeric', 'service_pipe_km': 'numeric', 'pressure_m': 'numeric'} %}

select
    ---------- text
    sector_code,

    ---------- numerics
    mains_km,
    service_pipe_km,
    pressure_m
from {{ loaded_or_empty(source('telemetry', 'network'), columns) }}
