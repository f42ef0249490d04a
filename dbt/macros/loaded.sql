{#
    A source that not every utility loads (cadastre, telemetry), for a FROM clause: where its table is missing, one without rows, so
    that what reads it is empty and not broken. `columns`: name → type. The database is asked, not dbt's cache (`load_relation`): while one thread
    lists a schema of sources into it, the others find there only the tables that it has come to, and the rest not loaded.
#}
{% macro loaded_or_empty(source, columns) -%}
    {%- if not execute or run_query("select to_regclass('" ~ source ~ "') is not null").rows[0][0] -%} {{ source }}
    {%- else -%} (select {% for name, type in columns.items() %}null::{{ type }} as {{ name }}{{ ', ' if not loop.last }}{% endfor %} where false) as not_loaded
    {%- endif -%}
{%- endmacro %}
