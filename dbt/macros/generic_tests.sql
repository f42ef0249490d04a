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

{# Every combination of the columns' values has a row (columns that depend on each other go as one: "(sector_code, route_code)"): balances at a group's last period are then never short. #}
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
with facts as {{ 'not materialized' if tests_everything() else 'materialized' }} (  -- of a daily run few rows, found once
    select * from {{ model }}  -- in a daily run a subquery with an alias of its own
)
{% for column, target in keys.items() %}
select '{{ column }}' as key_name, f.{{ column }} as key_value, count(*) as fact_rows
from facts as f
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

{# A history (valid_from, valid_to, is_current): each key has one version of today, and its versions follow each other without gap or overlap. #}
{% test one_current_version(model, key) %}
with version as (
    select
        {{ key }} as record_key,
        valid_from,
        valid_to,
        is_current,
        lead(valid_from) over (partition by {{ key }} order by version_number) as next_from
    from {{ model }}
)

select record_key from version
group by record_key
having count(*) filter (where is_current) <> 1 or bool_or(valid_to is distinct from next_from) or bool_or(valid_to <= valid_from)
{% endtest %}
