with source as (
    select * from {{ source('gis', 'municipality') }}
),

renamed as (
    select
        municipality_code,
        municipality_name,
        geojson,
        area_km2
    from source
)

select * from renamed
