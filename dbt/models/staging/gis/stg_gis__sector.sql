{# A utility that has not loaded its cadastre still has its figures: the map is empty then. #}
{% set cadastre = load_relation(source('gis', 'sector')) %}

with source as (
    {% if cadastre or not execute %}
    select * from {{ source('gis', 'sector') }}
    {% else %}
    select null::text as sector_code, null::text as sector_name, null::jsonb as geojson, null::numeric as area_km2 where false
    {% endif %}
),

renamed as (
    select
        ---------- text
        sector_code,
        sector_name,

        ---------- geometry
        geojson,

        ---------- numerics
        area_km2
    from source
)

select * from renamed
