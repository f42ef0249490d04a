{% set telemetry = load_relation(source('telemetry', 'network')) %}

select
    ---------- text
    sector_code,

    ---------- numerics
    mains_km,
    service_pipe_km,
    pressure_m
from
    {% if telemetry or not execute %} {{ source('telemetry', 'network') }} {% else %} (
        select null::text as sector_code, null::numeric as mains_km, null::numeric as service_pipe_km, null::numeric as pressure_m where false
    ) {% endif %} as source
