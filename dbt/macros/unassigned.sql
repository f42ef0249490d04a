{# Every dimension has this member; facts with an unknown or missing reference point at it and are never dropped. #}
{% macro unassigned_key() -%} -1 {%- endmacro %}
{% macro unassigned_name() -%} 'Sin asignar'::text {%- endmacro %}
{% macro unassigned_code() -%} 'S/A'::text {%- endmacro %}
