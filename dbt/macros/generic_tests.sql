{# Tests of our own: the hub's packages cannot be had everywhere. Each returns the rows that break the rule. #}

{# The columns identify a row: none is repeated. #}
{% test unique_grain(model, columns) %}
select {{ columns | join(', ') }}, count(*) as repeated
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

{# The relation has one row, whatever happens. #}
{% test one_row(model) %}
select count(*) as n
from {{ model }}
having count(*) <> 1
{% endtest %}

{# Every combination of the columns' values has a row: balances at a group's last period are then never short. #}
{% test dense_grain(model, columns) %}
with counted as (
    select
        count(*) as n
        {%- for column in columns %}, count(distinct {{ column }}) as n_{{ loop.index }}{% endfor %}
    from {{ model }}
)

select * from counted
where n <> {% for column in columns %}n_{{ loop.index }}{{ ' * ' if not loop.last }}{% endfor %}
{% endtest %}

{# Every key points at a member of its dimension. `keys`: column → [dimension model, its key]. One query for all keys of a fact. #}
{% test known_members(model, keys) %}
{% for column, target in keys.items() %}
select '{{ column }}' as key_name, f.{{ column }} as key_value, count(*) as fact_rows
from {{ model }} as f
left join {{ ref(target[0]) }} as d on d.{{ target[1] }} = f.{{ column }}
where f.{{ column }} is not null and d.{{ target[1] }} is null
group by f.{{ column }}
{{ 'union all' if not loop.last }}
{% endfor %}
{% endtest %}

{# The column holds these values only (NULL too when the column may be empty). #}
{% test values_in(model, column_name, values) %}
select {{ column_name }}, count(*) as fact_rows
from {{ model }}
where {{ column_name }} not in ({% for v in values %}'{{ v }}'{{ ', ' if not loop.last }}{% endfor %})
group by {{ column_name }}
{% endtest %}
