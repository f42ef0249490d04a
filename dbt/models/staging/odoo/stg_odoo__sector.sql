with source as (
    select * from {{ source('odoo', 'sector') }}
),

renamed as (
    select
        ---------- ids
        id as sector_id,
        municipality_id,
        ---------- text
        code as sector_code,
        name as sector_name
    from source
    where _deleted_at is null
)

select * from renamed
