select
    ---------- ids
    id as document_type_id,
    ---------- text
    doc_code_prefix as document_type_code,
    name as document_type_name
from {{ source('odoo', 'document_type') }}
where _deleted_at is null
