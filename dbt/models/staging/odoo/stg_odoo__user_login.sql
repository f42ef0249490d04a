select
    ---------- ids
    id as user_login_id,
    user_id,
    ---------- timestamps
    create_date as logged_in_at
from {{ source('odoo', 'user_login') }}
