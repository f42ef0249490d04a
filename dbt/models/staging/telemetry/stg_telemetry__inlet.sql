{% set telemetry = load_relation(source('telemetry', 'inlet')) %}

select
    ---------- text
    inlet_code,
    inlet_name,
    sector_code,
    from_sector_code
from
    {% if telemetry or not execute %} {{ source('telemetry', 'inlet') }} {% else %} (
        select null::text as inlet_code, null::text as inlet_name, null::text as sector_code, null::text as from_sector_code where false
    ) {% endif %} as source
