{# A value as a person reads it, by the unit and the format of its metric: values of different units stand in one column of the scorecard. #}
{% macro written(value, unit, format) -%}
    case
        when {{ unit }} = '%' then to_char(100 * {{ value }}, {{ written_mask(format) }}) || ' %'
        when {{ unit }} = 'RD$' and abs({{ value }}) >= 1000000 then 'RD$ ' || to_char({{ value }} / 1000000, 'FM999,990.00') || ' M'
        when {{ unit }} = 'RD$' then 'RD$ ' || to_char({{ value }}, 'FM999,999,990')
        when {{ unit }} = 'RD$/m3' then 'RD$ ' || to_char({{ value }}, {{ written_mask(format) }}) || '/m³'
        when {{ unit }} = 'n' then to_char({{ value }}, {{ written_mask(format) }})
        else to_char({{ value }}, {{ written_mask(format) }}) || ' ' || replace(replace({{ unit }}, 'm3', 'm³'), 'dias', 'días')
    end
{%- endmacro %}

{# Decimals of a d3 format (",.2f", ".1%") as PostgreSQL's mask. #}
{% macro written_mask(format) -%}
    'FM999,999,990' || coalesce('.' || nullif(repeat('0', substring({{ format }} from '[.]([0-9])')::int), ''), '')
{%- endmacro %}
