-- Users of Odoo, as Odoo shows them to their colleagues. Grain: one row per user, and the member "Sin asignar".
select
    user_id as user_key,
    login as user_login,
    coalesce(user_name, login) as user_name,
    is_active,
    is_deleted,
    (
        select string_agg(g.user_group_name, ', ' order by g.user_group_name)
        from {{ ref('stg_odoo__user_group') }} as g
        where g.user_group_id = any(u.group_ids)
    ) as group_names
from {{ ref('stg_odoo__user') }} as u

union all

select {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_name() }}, false, false, null
