-- Successful log-ins. Odoo keeps the last of each user and trims the rest daily: those that a replication saw stay here, others are lost.
-- Odoo has no record of log-ins that failed. Grain: one row per log-in.
select
    l.user_login_id as access_key,
    coalesce(u.user_key, {{ unassigned_key() }}) as user_key,
    coalesce(u.user_login, {{ unassigned_code() }}) as user_login,
    coalesce(u.user_name, {{ unassigned_name() }}) as user_name,
    l.logged_in_at,
    {{ business_date('l.logged_in_at') }} as logged_in_on,
    {{ is_outside_hours('l.logged_in_at') }} as is_outside_hours
from {{ ref('stg_odoo__user_login') }} as l
left join {{ ref('dim_user') }} as u on u.user_key = l.user_id
