-- Contracts, active at month end, that get their bill by e-mail and that use the virtual office. By e-mail: the month's bill went out that way;
-- empty where the source keeps no deliveries of the month. Virtual office: an action that went well within the twelve months up to then.
-- Balances of the month end. Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

recorded as (
    select distinct period_month, true as is_recorded from {{ ref('int_delivery__bill') }}
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    grid.route_code,
    grid.user_type_name,
    coalesce(sums.adoption_contracts, 0) as adoption_contracts,
    case when recorded.is_recorded then coalesce(sums.ebill_contracts, 0) end as ebill_contracts,
    coalesce(sums.virtual_office_contracts, 0) as virtual_office_contracts
from grid
left join {{ ref('int_delivery__adoption_month') }} as sums using (period_month, sector_key, route_key, user_type_key)
left join recorded using (period_month)
