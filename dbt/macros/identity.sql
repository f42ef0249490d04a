{# Masking and check digits of personal identifiers (Ley 172-13: only caudal_pii sees them whole). #}

{# "María del Carmen Pérez" → "M*** d*** C*** P***". #}
{% macro masked_name(name) -%}
    regexp_replace(btrim({{ name }}), '[("''.-]*(\S)\S*', '\1***', 'g')
{%- endmacro %}

{# All but the last three characters hidden; nothing of a number shorter than seven. #}
{% macro masked_identification(digits) -%}
    case when length({{ digits }}) >= 7 then repeat('*', length({{ digits }}) - 3) || right({{ digits }}, 3) else repeat('*', length({{ digits }})) end
{%- endmacro %}

{# Cédula: 11 digits with a Luhn check digit (as python-stdnum's do.cedula; it also knows a list of old numbers issued wrong). #}
{% macro is_valid_cedula(digits) -%}
    case when {{ digits }} ~ '^\d{11}$' then (
        {%- for i in range(1, 12) %}
        {%- if i % 2 == 1 %} substr({{ digits }}, {{ i }}, 1)::int
        {%- else %} (array[0, 2, 4, 6, 8, 1, 3, 5, 7, 9])[substr({{ digits }}, {{ i }}, 1)::int + 1]
        {%- endif %}{{ ' +' if not loop.last }}
        {%- endfor %}) % 10 = 0
    else false end
{%- endmacro %}

{# RNC: 9 digits, weights 7 9 8 6 5 4 3 2, check = (10 − Σ mod 11) mod 9 + 1 (as python-stdnum's do.rnc). #}
{% macro is_valid_rnc(digits) -%}
    case when {{ digits }} ~ '^\d{9}$' then (
        mod(10 - mod({% for w in [7, 9, 8, 6, 5, 4, 3, 2] %}{{ w }} * substr({{ digits }}, {{ loop.index }}, 1)::int{{ ' + ' if not loop.last }}{% endfor %}, 11), 9) + 1
        = substr({{ digits }}, 9, 1)::int)
    else false end
{%- endmacro %}
