with source as (
    select * from {{ source('odoo', 'user_type') }}
),

renamed as (
    select
        ---------- ids
        id as user_type_id,
        ---------- text
        code as user_type_code,
        name as user_type_name
    from source
    where _deleted_at is null
)

select * from renamed
