select
    ---------- ids
    id as audit_log_line_id,
    log_id as audit_log_id,
    field_id,
    ---------- text
    field_name,
    old_value,
    new_value,
    old_value_text,
    new_value_text
from {{ source('odoo', 'audit_log_line') }}
