-- Grain: one row per user type, and the member "Sin asignar".
select * from {{ ref('int_core__user_type') }}
