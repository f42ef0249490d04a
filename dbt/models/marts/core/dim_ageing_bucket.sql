-- Grain: one row per ageing bucket.
select *
from (
    values
    {%- for bucket in ageing_buckets() %}
    ({{ bucket.order }}::smallint, '{{ bucket.name }}'::text, {{ ageing_buckets()[loop.index0 - 1].upto + 1 if not loop.first else 'null::integer' }}, {{ bucket.upto if bucket.upto is not none else 'null::integer' }}){{ ',' if not loop.last }}
    {%- endfor %}
) as buckets (ageing_bucket_order, ageing_bucket, from_days, upto_days)
