with source as (
    select * from {{ source('odoo', 'reading_incident') }}
),

renamed as (
    select
        ---------- ids
        id as reading_incident_id,
        reading_id,
        contract_id,
        ---------- text
        kind as incident,
        state,
        resolution,
        ---------- timestamps
        reported_at,
        resolved_at
    from source
    where _deleted_at is null
)

select * from renamed
