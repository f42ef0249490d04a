with source as (
    select * from {{ source('odoo', 'agreement_instalment') }}
),

renamed as (
    select
        ---------- ids
        id as instalment_id,
        agreement_id,
        ---------- text
        state,
        ---------- numerics
        sequence as instalment_number,
        amount as instalment_amount,
        ---------- dates
        due_on,
        paid_on
    from source
    where _deleted_at is null
)

select * from renamed
