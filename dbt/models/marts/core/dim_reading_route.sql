-- Grain: one row per reading route, and the member "Sin asignar".
select * from {{ ref('int_core__route') }}
