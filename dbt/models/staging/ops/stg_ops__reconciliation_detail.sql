select
    ---------- ids
    reconciliation_id,
    ---------- text
    entity as entity_name,
    state,
    status,
    explanation as explanation_es,
    ---------- numerics
    source_rows,
    warehouse_rows,
    source_amount,
    warehouse_amount,
    rows_difference,
    amount_difference,
    pending_rows,
    quarantined_rows,
    ---------- dates
    day as day_on
from {{ source('ops', 'reconciliation_detail') }}
