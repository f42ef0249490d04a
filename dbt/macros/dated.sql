{# The version of a contract that held on a day: for a join to int_core__contract_version called `versions`. #}
{% macro version_of(versions, contract_key, day) -%}
{{ versions }}.contract_key = {{ contract_key }} and {{ day }} >= {{ versions }}.valid_from_on and {{ day }} < {{ versions }}.valid_until_on
{%- endmacro %}

{# The same of a day that may not be known, when today's holds. `day` may be several, the first known of which counts: 'o.ordered_on, o.executed_on'. #}
{% macro version_of_or_todays(versions, contract_key, day) -%} {{ version_of(versions, contract_key, 'coalesce(' ~ day ~ ', ' ~ business_today() ~ ')') }} {%- endmacro %}
