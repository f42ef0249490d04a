-- Grain: one row per ageing bucket.
select *
from (
    values
    {%- for bucket in ageing_buckets() %}
    (
        {{ bucket.order }}::smallint,
        '{{ bucket.name }}'::text,
        {{ 'null::integer' if loop.first else loop.previtem.upto + 1 }},
        {{ 'null::integer' if bucket.upto is none else bucket.upto }}
    ){{ ',' if not loop.last }}
    {%- endfor %}
) as buckets (ageing_bucket_order, ageing_bucket, from_days, upto_days)
