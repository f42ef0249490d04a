{# A value as a person reads it, by the unit of its metric: values of different units stand in one column of the scorecard. #}
{% macro written(value, unit) -%}
    case
        when {{ unit }} = '%' then to_char(100 * {{ value }}, 'FM999,990.0') || ' %'
        when {{ unit }} = 'RD$' and abs({{ value }}) >= 1000000 then 'RD$ ' || to_char({{ value }} / 1000000, 'FM999,990.00') || ' M'
        when {{ unit }} = 'RD$' then 'RD$ ' || to_char({{ value }}, 'FM999,999,990')
        when {{ unit }} = 'RD$/m3' then 'RD$ ' || to_char({{ value }}, 'FM999,990.00') || '/m³'
        when {{ unit }} = 'n' then to_char({{ value }}, 'FM999,999,990')
        else to_char({{ value }}, 'FM999,999,990.0') || ' ' || replace(replace({{ unit }}, 'm3', 'm³'), 'dias', 'días')
    end
{%- endmacro %}
