select
    ---------- ids
    id as tracking_value_id,
    mail_message_id as message_id,
    field_id,
    currency_id,
    ---------- text
    old_value_char,
    new_value_char,
    old_value_text,
    new_value_text,
    ---------- numerics
    old_value_integer,
    new_value_integer,
    old_value_float,
    new_value_float,
    ---------- timestamps
    old_value_datetime,
    new_value_datetime,
    create_date as changed_at
from {{ source('odoo', 'tracking_value') }}
where _deleted_at is null
