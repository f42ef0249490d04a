-- Grain: one row per type of fiscal document, and the member "Sin asignar".
select
    document_type_id as document_type_key,
    coalesce(document_type_code, 'T' || document_type_id) as document_type_code,
    coalesce(document_type_name, document_type_code, 'Tipo ' || document_type_id) as document_type_name
from {{ ref('stg_odoo__document_type') }}

union all

select {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_name() }}
