with source as (
    select * from {{ source('odoo', 'journal') }}
),

renamed as (
    select
        ---------- ids
        id as journal_id,
        ---------- text
        code as journal_code,
        name as journal_name
    from source
    where _deleted_at is null
)

select * from renamed
