select
    ---------- ids
    id as message_id,
    res_id as record_id,
    author_id as author_partner_id,
    create_uid as user_id,
    subtype_id,
    ---------- text
    model as model_name,
    message_type,
    ---------- timestamps
    date as posted_at
from {{ source('odoo', 'message') }}
where _deleted_at is null
