{% set telemetry = load_relation(source('telemetry', 'network')) %}

with source as (
    {% if telemetry or not execute %}
    select * from {{ source('telemetry', 'network') }}
    {% else %}
    select null::text as sector_code, null::numeric as mains_km, null::numeric as service_pipe_km, null::numeric as pressure_m where false
    {% endif %}
),

renamed as (
    select
        ---------- text
        sector_code,

        ---------- numerics
        mains_km,
        service_pipe_km,
        pressure_m
    from source
)

select * from renamed
