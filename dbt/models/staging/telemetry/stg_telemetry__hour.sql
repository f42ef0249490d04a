{# A utility without telemetry still has its figures: its water balance is empty then. #}
{% set telemetry = load_relation(source('telemetry', 'hour')) %}

select
    ---------- text
    inlet_code,

    ---------- numerics
    flow_m3h,
    counter_m3,

    ---------- timestamps
    hour_at
from
    {% if telemetry or not execute %} {{ source('telemetry', 'hour') }} {% else %} (
        select null::text as inlet_code, null::timestamptz as hour_at, null::numeric as flow_m3h, null::numeric as counter_m3 where false
    ) {% endif %} as source
