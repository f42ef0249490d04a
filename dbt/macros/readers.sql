{# Roles that may read a mart. Relations holding a person's full identity (meta.pii: true in their YAML) are for caudal_pii only. #}
{% macro readers(relation) -%}
    {%- if model.config.meta.get('pii') -%} caudal_pii {%- else -%} caudal_read, caudal_pii {%- endif -%}
{%- endmacro %}
