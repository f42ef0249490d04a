-- The month of customers: contracts gained and lost, changes of holder, marks of fraud. A customer belongs to one contract (int_customers__home).
-- Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

events as (
    select
        {{ month_of('event_on') }} as period_month, sector_key, route_key, user_type_key,
        count(*) filter (where event_kind = 'alta') as new_contracts,
        count(*) filter (where event_kind = 'baja') as ended_contracts,
        count(*) filter (where event_kind = 'cambio_titular') as holder_changes
    from {{ ref('fct_contract_event') }}
    group by 1, 2, 3, 4
),

episodes as (
    select
        e.customer_key,
        e.episode_number,
        e.flagged_on,
        e.lifted_on,
        coalesce(h.sector_key, {{ unassigned_key() }}) as sector_key,
        coalesce(h.route_key, {{ unassigned_key() }}) as route_key,
        coalesce(h.user_type_key, {{ unassigned_key() }}) as user_type_key
    from {{ ref('int_customers__fraud_episode') }} as e
    left join {{ ref('int_customers__home') }} as h on h.customer_key = e.customer_key
),

flagged as (
    select {{ month_of('flagged_on') }} as period_month, sector_key, route_key, user_type_key, count(*) as fraud_flags_set
    from episodes
    group by 1, 2, 3, 4
),

fraud as (
    select
        m.period_month, e.sector_key, e.route_key, e.user_type_key,
        count(*) filter (where e.lifted_on is null or e.lifted_on > m.month_end_on) as fraud_customers,
        count(*) filter (where e.episode_number = 1) as ever_fraud_customers,
        count(*) filter (where e.episode_number = 2) as repeat_fraud_customers
    from {{ ref('int_core__closed_month') }} as m
    inner join episodes as e on e.flagged_on <= m.month_end_on
    group by 1, 2, 3, 4
),

contracts as (
    select * from {{ ref('int_core__contract_count_month') }}
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    grid.route_code,
    grid.user_type_name,
    coalesce(events.new_contracts, 0) as new_contracts,
    coalesce(events.ended_contracts, 0) as ended_contracts,
    coalesce(events.holder_changes, 0) as holder_changes,
    coalesce(flagged.fraud_flags_set, 0) as fraud_flags_set,
    coalesce(fraud.fraud_customers, 0) as fraud_customers,
    coalesce(fraud.ever_fraud_customers, 0) as ever_fraud_customers,
    coalesce(fraud.repeat_fraud_customers, 0) as repeat_fraud_customers,
    coalesce(contracts.active_contracts, 0) as active_contracts
from grid
left join events using (period_month, sector_key, route_key, user_type_key)
left join flagged using (period_month, sector_key, route_key, user_type_key)
left join fraud using (period_month, sector_key, route_key, user_type_key)
left join contracts using (period_month, sector_key, route_key, user_type_key)
