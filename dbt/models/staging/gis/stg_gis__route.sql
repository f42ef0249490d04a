with source as (
    select * from {{ source('gis', 'route') }}
),

renamed as (
    select
        route_code,
        sector_code,
        geojson,
        points as points_count
    from source
)

select * from renamed
