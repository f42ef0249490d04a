with source as (
    select * from {{ source('ops', 'reconciliation') }}
),

renamed as (
    select
        ---------- ids
        id as reconciliation_id,
        ---------- text
        entity as entity_name,
        kind,
        status,
        ---------- dates
        since as since_on,
        ---------- timestamps
        checked_at
    from source
)

select * from renamed
