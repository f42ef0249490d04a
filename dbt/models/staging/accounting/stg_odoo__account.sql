select
    ---------- ids
    id as account_id,
    ---------- text
    code as account_code,
    name as account_name,
    account_type
from {{ source('odoo', 'account') }}
where _deleted_at is null
