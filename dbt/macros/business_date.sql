{# The business date: CAUDAL_TODAY (ISO), else today in the utility's time zone. A closed month ended before it.
   Not asked for when dbt parses: a third of the project would be parsed again every day. #}
{% macro business_today() -%}
    {%- set fixed = env_var('CAUDAL_TODAY', '') if execute else '' -%}
    {%- if fixed -%}
        {%- if not modules.re.match('^\d{4}-\d{2}-\d{2}$', fixed) -%}
            {{ exceptions.raise_compiler_error("CAUDAL_TODAY debe ser una fecha AAAA-MM-DD y es '" ~ fixed ~ "'") }}
        {%- endif -%}
        date '{{ fixed }}'
    {%- else -%}
        (now() at time zone '{{ business_timezone() }}')::date
    {%- endif -%}
{%- endmacro %}

{% macro business_timezone() -%}
    {{ env_var('CAUDAL_TIMEZONE', 'America/Santo_Domingo') }}
{%- endmacro %}

{# The business date of a moment (timestamptz): a payment at 21:00 belongs to that day, not to the next UTC day. #}
{% macro business_date(moment) -%}
    ({{ moment }} at time zone '{{ business_timezone() }}')::date
{%- endmacro %}
