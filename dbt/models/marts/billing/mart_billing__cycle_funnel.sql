-- The cycle as a funnel: how many bills got through each stage. Counts add up over everything but stages.
-- Grain: cycle × sector × route × stage.
select
    w.billing_cycle_id as billing_cycle_key,
    w.cycle_name,
    w.cycle_number,
    w.period_month,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    stage.stage_order,
    stage.stage_name,
    stage.stage_count
from {{ ref('int_billing__cycle_work') }} as w
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = w.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = w.route_key
cross join lateral (
    values
    {%- for stage in billing_stages() %}
    ({{ loop.index }}::smallint, '{{ stage.name }}'::text, w.{{ stage.measure }}::bigint){{ ',' if not loop.last }}
    {%- endfor %}
) as stage (stage_order, stage_name, stage_count)
