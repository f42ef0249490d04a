{# What a customer is declared by on the DGII's forms: the letters and digits of its number; NULL when there are none. #}
{% macro declared_id(number) -%} nullif(regexp_replace({{ number }}, '[^0-9A-Za-z]', '', 'g'), '') {%- endmacro %}

{# Form 607, field 2: 1 RNC, 2 cédula, 3 passport or none; the number's own shape decides when Odoo does not say which it is. #}
{% macro declared_id_type(id, code) -%}
    case
        when {{ code }} = 'rnc' and length({{ id }}) = 9 then '1'
        when {{ code }} in ('cedula', 'rnc') and length({{ id }}) = 11 then '2'
        when {{ code }} is null and {{ id }} ~ '^\d{9}$' then '1'
        when {{ code }} is null and {{ id }} ~ '^\d{11}$' then '2'
        else '3'
    end
{%- endmacro %}
