-- Contracts, active at month end, that get their bill by e-mail and that use the virtual office. By e-mail: the month's bill went out that way;
-- empty where the source keeps no deliveries of the month. Virtual office: an action that went well within the twelve months up to then.
-- Balances of the month end. Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

contracts as (
    select * from {{ ref('int_core__contract_month') }}
),

by_mail as (
    select distinct contract_key, period_month
    from {{ ref('int_delivery__bill') }}
    where channel_code = 'email'
),

recorded as (
    select distinct period_month, true as is_recorded from {{ ref('int_delivery__bill') }}
),

used as (
    select distinct contract_id as contract_key, {{ month_of(business_date('happened_at')) }} as used_month
    from {{ ref('stg_odoo__virtual_office_action') }}
    where action_result = 'ok'
),

-- a month of use counts at the ends of twelve months
in_use as (
    select distinct used.contract_key, m.period_month
    from used
    inner join {{ ref('int_core__closed_month') }} as m
        on m.period_month >= used.used_month and m.period_month < used.used_month + interval '12 months'
),

counted as (
    select
        c.period_month,
        c.sector_key,
        c.route_key,
        c.user_type_key,
        count(*) as adoption_contracts,
        count(b.contract_key) as ebill_contracts,
        count(v.contract_key) as virtual_office_contracts
    from contracts as c
    left join by_mail as b using (contract_key, period_month)
    left join in_use as v using (contract_key, period_month)
    group by 1, 2, 3, 4
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    grid.route_code,
    grid.user_type_name,
    coalesce(counted.adoption_contracts, 0) as adoption_contracts,
    case when recorded.is_recorded then coalesce(counted.ebill_contracts, 0) end as ebill_contracts,
    coalesce(counted.virtual_office_contracts, 0) as virtual_office_contracts
from grid
left join counted using (period_month, sector_key, route_key, user_type_key)
left join recorded using (period_month)
