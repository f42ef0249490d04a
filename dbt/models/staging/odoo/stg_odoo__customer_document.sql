select
    ---------- ids
    id as document_id,
    res_id as customer_id,
    create_uid as user_id,
    ---------- text
    name as document_name,
    mimetype,
    checksum,
    ---------- numerics
    file_size as file_size_bytes,
    ---------- timestamps
    create_date as uploaded_at
from {{ source('odoo', 'customer_document') }}
where _deleted_at is null
