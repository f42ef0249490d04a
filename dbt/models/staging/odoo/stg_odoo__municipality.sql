with source as (
    select * from {{ source('odoo', 'municipality') }}
),

renamed as (
    select
        ---------- ids
        id as municipality_id,
        ---------- text
        code as municipality_code,
        name as municipality_name
    from source
    where _deleted_at is null
)

select * from renamed
