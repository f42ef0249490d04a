select
    ---------- ids
    id as journal_id,
    ---------- text
    code as journal_code,
    name as journal_name
from {{ source('odoo', 'journal') }}
where _deleted_at is null
