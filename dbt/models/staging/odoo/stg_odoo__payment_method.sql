select
    ---------- ids
    id as payment_method_id,
    ---------- text
    name as payment_method_name,
    payment_form
from {{ source('odoo', 'payment_method') }}
where _deleted_at is null
