{# First day of the month of a date. #}
{% macro month_of(day) -%} date_trunc('month', {{ day }})::date {%- endmacro %}

{# Last day of the month whose first day is given. #}
{% macro month_end(period_month) -%} ({{ period_month }} + interval '1 month' - interval '1 day')::date {%- endmacro %}

{# First day of the last month that ended before the business date. #}
{% macro last_closed_month() -%} ({{ month_of(business_today()) }} - interval '1 month')::date {%- endmacro %}

{# Spanish month names, by number. #}
{% macro month_name_es(month_number) -%}
    (array['enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto', 'septiembre', 'octubre', 'noviembre', 'diciembre'])[{{ month_number }}]
{%- endmacro %}

{# The date is in the month that begins on the other: a range, by which partitions are pruned while the query runs and an index can be used. #}
{% macro is_in_month(day, period_month) -%} {{ day }} >= {{ period_month }} and {{ day }} < ({{ period_month }} + interval '1 month')::date {%- endmacro %}
