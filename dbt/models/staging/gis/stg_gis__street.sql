with source as (
    select * from {{ source('gis', 'street') }}
),

renamed as (
    select
        street_id,
        street_name,
        street_kind,
        geojson
    from source
)

select * from renamed
