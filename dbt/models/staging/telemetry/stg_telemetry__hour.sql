{% set columns = {'inlet_code': 'text', 'hour_at': 'timestamptz', 'flow_m3h': 'numeric', 'counter_m3': 'numeric'} %}

select
    ---------- text
    inlet_code,

    ---------- numerics
    flow_m3h,
    counter_m3,

    ---------- timestamps
    hour_at
from {{ loaded_or_empty(source('telemetry', 'hour'), columns) }}
