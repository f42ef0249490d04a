select
    ---------- ids
    id as audit_log_id,
    user_id,
    res_id as record_id,
    ---------- text
    model_model as model_name,
    name as record_name,
    method,
    ---------- timestamps
    create_date as changed_at
from {{ source('odoo', 'audit_log') }}
