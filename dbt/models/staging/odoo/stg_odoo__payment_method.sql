with source as (
    select * from {{ source('odoo', 'payment_method') }}
),

renamed as (
    select
        ---------- ids
        id as payment_method_id,
        ---------- text
        name as payment_method_name,
        payment_form
    from source
    where _deleted_at is null
)

select * from renamed
