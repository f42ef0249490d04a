-- OCA's auditlog keeps Python's text of a value: True, False for nothing, (5, 'name') for a many2one
with lines as (
    select
        c.entity_name as entity,
        l.record_id,
        c.column_name as attribute,
        c.column_type,
        {% for side in ['old', 'new'] -%}
            coalesce(i.{{ side }}_value, i.{{ side }}_value_text) as {{ side }}_text,
        {% endfor -%}
        l.changed_at,
        l.user_id as changed_by_user_id,
        i.audit_log_line_id as change_order
    from {{ ref('stg_odoo__audit_log') }} as l
    inner join {{ ref('stg_odoo__audit_log_line') }} as i on i.audit_log_id = l.audit_log_id
    inner join {{ ref('stg_ops__source_column') }} as c on c.model_name = l.model_name and c.field_name = i.field_name
    where l.method = 'write' and c.entity_name in ({% for entity in history_entities() %}'{{ entity }}'{{ ', ' if not loop.last }}{% endfor %})
)

select
    entity,
    record_id,
    attribute,
    {% for side in ['old', 'new'] -%}
        case
            when column_type = 'boolean' then (coalesce({{ side }}_text, 'False') = 'True')::text
            when {{ side }}_text in ('False', 'None', '') then null
            when column_type = 'many2one' then substring({{ side }}_text from '\d+')
            else {{ side }}_text
        end as {{ side }}_value,
    {% endfor -%}
    changed_at,
    changed_by_user_id,
    change_order
from lines
