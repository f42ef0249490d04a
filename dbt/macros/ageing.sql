{# Ageing of debt. Age = month end − due date, in days; 0 or less is not yet overdue. One list, used by models and tests. #}
{% macro ageing_buckets() -%}
    {{ return([
        {'order': 0, 'name': 'Corriente', 'upto': 0},
        {'order': 1, 'name': '1-30', 'upto': 30},
        {'order': 2, 'name': '31-60', 'upto': 60},
        {'order': 3, 'name': '61-90', 'upto': 90},
        {'order': 4, 'name': '91-180', 'upto': 180},
        {'order': 5, 'name': '181-365', 'upto': 365},
        {'order': 6, 'name': 'Más de 365', 'upto': none},
    ]) }}
{%- endmacro %}

{# Order (0..6) of the bucket for an age in days. #}
{% macro ageing_bucket_order(days) -%}
    case
        {%- for bucket in ageing_buckets() if bucket.upto is not none %} when {{ days }} <= {{ bucket.upto }} then {{ bucket.order }}{% endfor %}
        when {{ days }} is not null then {{ ageing_buckets()[-1].order }}
    end::smallint
{%- endmacro %}

{# Name of the bucket from its order. #}
{% macro ageing_bucket_name(bucket_order) -%}
    (array[{% for bucket in ageing_buckets() %}'{{ bucket.name }}'{{ ', ' if not loop.last }}{% endfor %}])[{{ bucket_order }} + 1]
{%- endmacro %}

{# The buckets as rows (ageing_bucket, ageing_bucket_order), for a FROM clause. #}
{% macro ageing_bucket_rows() -%}
    (values {% for bucket in ageing_buckets() %}('{{ bucket.name }}'::text, {{ bucket.order }}::smallint){{ ', ' if not loop.last }}{% endfor %})
    as ageing_buckets (ageing_bucket, ageing_bucket_order)
{%- endmacro %}
