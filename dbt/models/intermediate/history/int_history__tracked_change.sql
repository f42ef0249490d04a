-- mail.tracking.value keeps a value in the column that suits the field's type; of a selection it keeps the label
with tracked as (
    select
        c.entity_name as entity,
        m.record_id,
        c.column_name as attribute,
        f.field_type,
        t.field_id,
        t.tracking_value_id,
        t.changed_at,
        m.user_id as changed_by_user_id,
        {% for side in ['old', 'new'] -%}
            case f.field_type
                when 'many2one' then nullif(t.{{ side }}_value_integer, 0)::text
                when 'boolean' then (coalesce(t.{{ side }}_value_integer, 0) = 1)::text
                when 'integer' then t.{{ side }}_value_integer::text
                when 'float' then t.{{ side }}_value_float::text
                when 'monetary' then t.{{ side }}_value_float::text
                when 'date' then (t.{{ side }}_value_datetime at time zone 'UTC')::date::text
                when 'datetime' then t.{{ side }}_value_datetime::text
                when 'text' then t.{{ side }}_value_text
                else t.{{ side }}_value_char
            end as {{ side }}_text{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_odoo__tracking_value') }} as t
    inner join {{ ref('stg_odoo__message') }} as m on m.message_id = t.message_id
    inner join {{ ref('stg_odoo__model_field') }} as f on f.field_id = t.field_id
    inner join {{ ref('stg_ops__source_column') }} as c on c.model_name = m.model_name and c.field_name = f.field_name
    where c.entity_name in ({% for entity in history_entities() %}'{{ entity }}'{{ ', ' if not loop.last }}{% endfor %})
)

select
    t.entity,
    t.record_id,
    t.attribute,
    case when t.field_type = 'selection' then coalesce(before.selection_value, t.old_text) else t.old_text end as old_value,
    case when t.field_type = 'selection' then coalesce(later.selection_value, t.new_text) else t.new_text end as new_value,
    t.changed_at,
    t.changed_by_user_id,
    t.tracking_value_id as change_order
from tracked as t
left join {{ ref('stg_odoo__field_selection') }} as before on before.field_id = t.field_id and before.selection_label = t.old_text
left join {{ ref('stg_odoo__field_selection') }} as later on later.field_id = t.field_id and later.selection_label = t.new_text
