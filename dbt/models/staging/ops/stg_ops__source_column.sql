select
    ---------- text
    source as source_name,
    entity as entity_name,
    column_name,
    model as model_name,
    field as field_name,
    column_type
from {{ source('ops', 'source_column') }}
