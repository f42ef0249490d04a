with source as (
    select * from {{ source('odoo', 'virtual_office_action') }}
),

renamed as (
    select
        ---------- ids
        id as virtual_office_action_id,
        contract_id,
        ---------- text
        kind as action_kind,
        channel,
        result as action_result,
        ---------- timestamps
        happened_at
    from source
    where _deleted_at is null
)

select * from renamed
