-- Roll matrix: what the debt of each bucket became in the month; each row is a link of a Sankey chart (source, target, amount).
-- Grain: closed month × sector × route × user type × source × target, only where money moved.
with rolls as (
    select
        *,
        -- debt under an agreement is one target, whatever its age; the bucket it is in is kept in int_receivables__roll
        case when is_under_agreement then 7 else end_order end::smallint as to_order
    from {{ ref('int_receivables__roll') }}
),

summed as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        from_order,
        to_order,
        sum(flow_amount) as flow_amount
    from rolls
    group by 1, 2, 3, 4, 5, 6
)

{% set last_bucket = ageing_buckets()[-1].order %}

select
    f.period_month,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    u.user_type_name,
    {{ debt_state_name('f.from_order', debt_sources()) }} as from_bucket,
    f.from_order as from_bucket_order,
    {{ debt_state_name('f.to_order', debt_targets()) }} as to_bucket,
    f.to_order as to_bucket_order,
    f.flow_amount,
    case when f.from_order >= 0 then f.flow_amount else 0 end as opening_amount,
    -- the last bucket has no worse one to go to
    case when f.from_order between 0 and {{ last_bucket - 1 }} then f.flow_amount else 0 end as rollable_amount,
    case when f.from_order >= 0 and f.to_order between f.from_order + 1 and {{ last_bucket }} then f.flow_amount else 0 end as rolled_amount,
    case when f.from_order > 0 then f.flow_amount else 0 end as overdue_opening_amount,
    case when f.from_order > 0 and f.to_order = {{ allocation_target_order("'pago'") }} then f.flow_amount else 0 end as cured_amount
from summed as f
inner join {{ ref('int_core__sector') }} as s on s.sector_key = f.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = f.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = f.user_type_key
where f.flow_amount <> 0
