-- The rules that quality is measured by: those of the seed quality_rules, and one of completeness for each mandatory field.
-- Grain: one row per rule.
select
    rule_code,
    quality_dimension,
    entity_name,
    population,
    rule_name
from {{ ref('quality_rules') }}

union all

select
    entity_name || '_' || field_name || '_filled',
    'completitud',
    entity_name,
    entity_name as population,
    'Lleno: ' || field_label
from {{ ref('mandatory_fields') }}
