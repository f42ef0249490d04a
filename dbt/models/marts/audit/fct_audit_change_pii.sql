-- The values of each change, whole, for caudal_pii only. Grain: one row per change of one field.
select
    change_key,
    old_value,
    new_value
from {{ ref('int_audit__change') }}
