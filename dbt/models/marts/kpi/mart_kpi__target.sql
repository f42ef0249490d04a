-- Grain: metric × month × sector with a target; without a sector it is the whole utility's.
{{ config(indexes=[{'columns': ['metric_name', 'period_month']}]) }}

with target as (
    select * from {{ ref('metric_targets') }}
),

sector as (
    select * from {{ ref('dim_commercial_sector') }}
)

select
    target.metric_name,
    target.period_month,
    target.sector_code,
    sector.sector_name,
    target.target_value::numeric(18, 4) as target_value
from target
left join sector on sector.sector_code = target.sector_code
