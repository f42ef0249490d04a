with source as (
    select * from {{ source('odoo', 'tariff') }}
),

renamed as (
    select
        ---------- ids
        id as tariff_id,
        user_type_id,
        ---------- text
        code as tariff_code,
        name as tariff_name,
        ---------- numerics
        minimum_m3,
        ---------- booleans
        active as is_active
    from source
    where _deleted_at is null
)

select * from renamed
