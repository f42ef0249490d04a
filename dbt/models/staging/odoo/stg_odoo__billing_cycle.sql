with source as (
    select * from {{ source('odoo', 'billing_cycle') }}
),

renamed as (
    select
        ---------- ids
        id as billing_cycle_id,
        ---------- text
        name as cycle_name,
        sector_group,
        state,
        ---------- numerics
        number as cycle_number,
        ---------- dates
        period as billing_period,
        issue_on as issued_on
    from source
    where _deleted_at is null
)

select * from renamed
