with source as (
    select * from {{ source('odoo', 'cut_order') }}
),

renamed as (
    select
        ---------- ids
        id as cut_order_id,
        contract_id,
        ---------- text
        kind as order_kind,
        state,
        ---------- dates
        ordered_on,
        executed_on
    from source
    where _deleted_at is null
)

select * from renamed
