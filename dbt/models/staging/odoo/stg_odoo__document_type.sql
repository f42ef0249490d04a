with source as (
    select * from {{ source('odoo', 'document_type') }}
),

renamed as (
    select
        ---------- ids
        id as document_type_id,
        ---------- text
        doc_code_prefix as document_type_code,
        name as document_type_name
    from source
    where _deleted_at is null
)

select * from renamed
