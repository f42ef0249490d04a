with source as (
    select * from {{ source('odoo', 'bill_delivery') }}
),

renamed as (
    select
        ---------- ids
        id as bill_delivery_id,
        move_id,
        contract_id,
        ---------- text
        channel,
        state,
        reason as failure_reason,
        courier,
        ---------- timestamps
        sent_at,
        delivered_at
    from source
    where _deleted_at is null
)

select * from renamed
