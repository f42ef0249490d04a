with source as (
    select * from {{ source('odoo', 'identification_type') }}
),

renamed as (
    select
        ---------- ids
        id as identification_type_id,
        ---------- text
        code as identification_type_code,
        name as identification_type_name
    from source
    where _deleted_at is null
)

select * from renamed
