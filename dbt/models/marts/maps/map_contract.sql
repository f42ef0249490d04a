-- Contracts as points, with the debt of the last closed month. Grain: one row per contract with coordinates.
with locations as (
    select * from {{ ref('int_maps__location') }}
    where latitude is not null
),

debts as (
    select * from {{ ref('int_maps__debt') }}
)

select
    l.contract_key,
    l.contract_code,
    l.status,
    l.supply_point_code,
    l.cadastral_code,
    l.municipality_code,
    l.municipality_name,
    l.sector_code,
    l.sector_name,
    l.route_code,
    l.user_type_name,
    l.latitude,
    l.longitude,
    coalesce(d.receivable_amount, 0) as receivable_amount,
    coalesce(d.overdue_amount, 0) as overdue_amount,
    case when d.contract_key is null then 'Sin deuda' else {{ ageing_bucket_name('d.oldest_bucket_order') }} end as debt_age,
    coalesce(d.oldest_bucket_order, -1) as debt_age_order,
    coalesce(l.located_sector_code <> l.sector_code, false) as is_misplaced
from locations as l
left join debts as d on d.contract_key = l.contract_key
