with source as (
    select * from {{ source('odoo', 'collector') }}
),

renamed as (
    select
        ---------- ids
        id as collector_id,
        ---------- text
        code as collector_code,
        name as collector_name,
        ---------- booleans
        is_external,
        active as is_active
    from source
    where _deleted_at is null
)

select * from renamed
