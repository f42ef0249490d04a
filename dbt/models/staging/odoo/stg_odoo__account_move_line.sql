with source as (
    select * from {{ source('odoo', 'account_move_line') }}
),

renamed as (
    select
        ---------- ids
        id as move_line_id,
        move_id,
        product_id as concept_id,
        ---------- text
        display_type,
        ---------- numerics
        price_subtotal as untaxed_amount
    from source
    where _deleted_at is null
)

select * from renamed
