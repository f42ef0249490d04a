-- User types, and the member "Sin asignar". Grain: one row per user type.
select
    user_type_id as user_type_key,
    coalesce(user_type_code, 'T' || user_type_id) as user_type_code,
    coalesce(user_type_name, user_type_code, 'Tipo ' || user_type_id) as user_type_name
from {{ ref('stg_odoo__user_type') }}

union all

select {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_name() }}
