{#
    A source that not every utility loads (cadastre, telemetry), for a FROM clause: where its table is missing, one without rows, so
    that what reads it is empty and not broken. `columns`: name → type.
#}
{% macro loaded_or_empty(source, columns) -%}
    {%- if load_relation(source) or not execute -%} {{ source }}
    {%- else -%} (select {% for name, type in columns.items() %}null::{{ type }} as {{ name }}{{ ', ' if not loop.last }}{% endfor %} where false) as not_loaded
    {%- endif -%}
{%- endmacro %}
