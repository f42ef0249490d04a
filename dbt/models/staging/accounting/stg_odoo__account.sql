with source as (
    select * from {{ source('odoo', 'account') }}
),

renamed as (
    select
        ---------- ids
        id as account_id,
        ---------- text
        code as account_code,
        name as account_name,
        account_type
    from source
    where _deleted_at is null
)

select * from renamed
