select
    ---------- ids
    id as field_selection_id,
    field_id,
    ---------- text
    value as selection_value,
    name as selection_label,
    ---------- numerics
    sequence as selection_order
from {{ source('odoo', 'field_selection') }}
where _deleted_at is null
