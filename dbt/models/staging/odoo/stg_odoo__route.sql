with source as (
    select * from {{ source('odoo', 'route') }}
),

renamed as (
    select
        ---------- ids
        id as route_id,
        sector_id,
        ---------- text
        code as route_code,
        name as route_name
    from source
    where _deleted_at is null
)

select * from renamed
