with source as (
    select * from {{ source('odoo', 'support_stage') }}
),

renamed as (
    select
        ---------- ids
        id as support_stage_id,
        ---------- text
        name as support_stage_name,
        ---------- numerics
        sequence as stage_order,
        ---------- booleans
        coalesce(fold, false) as is_closing,
        coalesce(active, true) as is_active
    from source
    where _deleted_at is null
)

select * from renamed
