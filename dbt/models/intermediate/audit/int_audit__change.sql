-- Every change that Odoo's discussions (mail.tracking.value) or OCA's auditlog wrote down, whatever the model. Where both follow a field, the
-- discussions' is kept. Values are what a person would read; they may be personal data: only dbt reads this.
-- Grain: one row per change of one field (a record created or deleted without values: one row without a field).
with tracked as (
    select
        'seguimiento-' || t.tracking_value_id as change_key,
        'seguimiento' as trail,
        t.changed_at,
        m.user_id,
        m.model_name,
        m.record_id,
        'write' as change_kind,
        f.field_name,
        f.field_label,
        f.field_type,
        {% for side in ['old', 'new'] -%}
            case f.field_type
                when 'boolean' then case when coalesce(t.{{ side }}_value_integer, 0) = 1 then 'sí' else 'no' end
                when 'integer' then t.{{ side }}_value_integer::text
                when 'float' then t.{{ side }}_value_float::text
                when 'monetary' then t.{{ side }}_value_float::text
                when 'date' then (t.{{ side }}_value_datetime at time zone 'UTC')::date::text
                when 'datetime' then (t.{{ side }}_value_datetime at time zone '{{ business_timezone() }}')::text
                when 'text' then t.{{ side }}_value_text
                else t.{{ side }}_value_char
            end as {{ side }}_value{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_odoo__tracking_value') }} as t
    inner join {{ ref('stg_odoo__message') }} as m on m.message_id = t.message_id
    left join {{ ref('stg_odoo__model_field') }} as f on f.field_id = t.field_id
),

audited as (
    select
        'bitácora-' || l.audit_log_id || coalesce('-' || i.audit_log_line_id, '') as change_key,
        'bitácora' as trail,
        l.changed_at,
        l.user_id,
        l.model_name,
        l.record_id,
        l.method as change_kind,
        i.field_name,
        f.field_label,
        f.field_type,
        nullif(coalesce(i.old_value, i.old_value_text), 'False') as old_value,
        nullif(coalesce(i.new_value, i.new_value_text), 'False') as new_value
    from {{ ref('stg_odoo__audit_log') }} as l
    left join {{ ref('stg_odoo__audit_log_line') }} as i on i.audit_log_id = l.audit_log_id
    left join {{ ref('stg_odoo__model_field') }} as f on f.field_id = i.field_id
)

select * from tracked
union all
select a.* from audited as a
where not exists (
    select from tracked as t
    where t.model_name = a.model_name and t.record_id = a.record_id and t.field_name = a.field_name
        and t.changed_at between a.changed_at - interval '5 seconds' and a.changed_at + interval '5 seconds'
)
