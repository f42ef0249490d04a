{# The version of a contract that held on a day: for a join to int_core__contract_version called `versions`. #}
{% macro version_of(versions, contract_key, day) -%}
{{ versions }}.contract_key = {{ contract_key }} and {{ day }} >= {{ versions }}.valid_from_on and {{ day }} < {{ versions }}.valid_until_on
{%- endmacro %}
