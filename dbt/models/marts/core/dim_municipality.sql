-- Grain: one row per municipality, and the member "Sin asignar".
select
    municipality_id as municipality_key,
    coalesce(municipality_code, 'M' || municipality_id) as municipality_code,
    coalesce(municipality_name, municipality_code, 'Municipio ' || municipality_id) as municipality_name
from {{ ref('stg_odoo__municipality') }}

union all

select {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_name() }}
