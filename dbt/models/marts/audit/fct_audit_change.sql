-- Who changed what and when. Values that may identify a customer are hidden here (fct_audit_change_pii has them): of a field that the seed
-- sensitive_fields does not know, only what cannot name a person is shown (yes/no, options, numbers, dates).
-- Grain: one row per change of one field.
with changes as (
    select * from {{ ref('int_audit__change') }}
),

fields as (
    select * from {{ ref('sensitive_fields') }}
),

users as (
    select * from {{ ref('dim_user') }}
),

entities as (
    select model_name, min(entity_name) as entity_name
    from {{ ref('stg_ops__source_column') }}
    group by model_name
),

judged as (
    select
        c.*,
        coalesce(f.is_sensitive, w.is_sensitive, false) as is_sensitive,
        case when coalesce(f.is_sensitive, w.is_sensitive) then coalesce(f.reason, w.reason) end as sensitive_reason,
        coalesce(
            f.is_personal,
            w.is_personal,
            c.field_type is null or c.field_type not in ('boolean', 'selection', 'integer', 'float', 'monetary', 'date', 'datetime')
        ) as is_hidden
    from changes as c
    left join fields as f on f.model_name = c.model_name and f.field_name = c.field_name
    left join fields as w on w.model_name = c.model_name and w.field_name = '*'
)

select
    j.change_key,
    j.trail,
    j.changed_at,
    {{ business_date('j.changed_at') }} as changed_on,
    coalesce(u.user_key, {{ unassigned_key() }}) as user_key,
    coalesce(u.user_login, {{ unassigned_code() }}) as user_login,
    coalesce(u.user_name, {{ unassigned_name() }}) as user_name,
    j.model_name,
    coalesce(e.entity_name, j.model_name) as entity_name,
    j.record_id::bigint as record_id,
    j.change_kind,
    j.field_name,
    j.field_label,
    case when j.is_hidden and j.old_value is not null then '***' else j.old_value end as old_value,
    case when j.is_hidden and j.new_value is not null then '***' else j.new_value end as new_value,
    j.is_hidden as is_hidden_value,
    j.is_sensitive,
    j.sensitive_reason,
    {{ is_outside_hours('j.changed_at') }} as is_outside_hours
from judged as j
left join users as u on u.user_key = j.user_id
left join entities as e on e.model_name = j.model_name
