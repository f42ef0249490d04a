-- Grain: one row per journal by which money comes in, and the member "Sin asignar".
select
    journal_id as channel_key,
    coalesce(journal_code, 'D' || journal_id) as channel_code,
    coalesce(journal_name, journal_code, 'Diario ' || journal_id) as channel_name
from {{ ref('stg_odoo__journal') }}

union all

select {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_name() }}
