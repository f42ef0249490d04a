select
    ---------- ids
    id as field_id,
    ---------- text
    model as model_name,
    name as field_name,
    field_description as field_label,
    ttype as field_type,
    relation as related_model_name,
    ---------- booleans
    coalesce(store, false) as is_stored,
    coalesce(translate, false) as is_translated,
    coalesce(company_dependent, false) as is_company_dependent
from {{ source('odoo', 'model_field') }}
where _deleted_at is null
