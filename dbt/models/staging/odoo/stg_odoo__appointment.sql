with source as (
    select * from {{ source('odoo', 'appointment') }}
),

renamed as (
    select
        ---------- ids
        id as appointment_id,
        request_id as service_request_id,
        contract_id,
        ---------- text
        office,
        state,
        ---------- timestamps
        scheduled_at,
        arrived_at,
        attended_at
    from source
    where _deleted_at is null
)

select * from renamed
