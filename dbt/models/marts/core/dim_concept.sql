-- Grain: one row per billed concept, and the member "Sin asignar".
select
    concept_id as concept_key,
    coalesce(concept_code, {{ unassigned_code() }}) as concept_code,
    coalesce(concept_name, concept_code, 'Concepto ' || concept_id) as concept_name,
    coalesce(concept_type, 'sin_asignar') as concept_type
from {{ ref('stg_odoo__concept') }}

union all

select {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_name() }}, 'sin_asignar'
