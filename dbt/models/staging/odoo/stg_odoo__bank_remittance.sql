select
    ---------- ids
    id as bank_remittance_id,
    journal_id,
    collector_id,
    ---------- text
    name as remittance_name,
    state,
    ---------- numerics
    total_amount as declared_amount,
    line_count as declared_lines_count,
    ---------- dates
    date_from as covers_from_on,
    date_to as covers_to_on,
    received_on
from {{ source('odoo', 'bank_remittance') }}
where _deleted_at is null
