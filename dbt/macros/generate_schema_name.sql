{# Schemas are named as they are, without dbt's target prefix: staging, intermediate, marts_next. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
