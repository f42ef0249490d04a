select
    ---------- ids
    id as concept_id,
    ---------- text
    default_code as concept_code,
    name as concept_name,
    concept_type
from {{ source('odoo', 'concept') }}
where _deleted_at is null
