-- Payment agreements by month: signed, in force, broken, complied with, and what they bring in.
-- Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

agreements as (
    select * from {{ ref('fct_agreement') }}
),

signed as (
    select
        {{ month_of('signed_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        count(*) as signed_agreements,
        count(*) filter (where agreement_state = 'caido') as signed_then_broken_agreements,
        count(*) filter (where agreement_state = 'cumplido') as signed_then_fulfilled_agreements,
        sum(agreed_amount) as signed_amount,
        sum(down_payment_amount) as down_payment_amount
    from agreements
    group by 1, 2, 3, 4
),

closed as (
    select
        {{ month_of('closed_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        count(*) filter (where agreement_state = 'caido') as broken_agreements,
        count(*) filter (where agreement_state = 'cumplido') as fulfilled_agreements
    from agreements
    where closed_on is not null
    group by 1, 2, 3, 4
),

in_force as (
    select
        m.period_month,
        a.sector_key,
        a.route_key,
        a.user_type_key,
        count(*) as in_force_agreements,
        sum(a.agreed_amount) as in_force_amount
    from agreements as a
    inner join {{ ref('int_core__closed_month') }} as m on {{ agreement_in_force('a', 'm.month_end_on') }}
    group by 1, 2, 3, 4
),

instalments as (
    select
        {{ month_of('due_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        count(*) as due_instalments,
        count(*) filter (where instalment_state = 'pagada_a_tiempo') as on_time_instalments,
        sum(instalment_amount) as due_instalments_amount,
        coalesce(sum(instalment_amount) filter (where instalment_state = 'pagada_a_tiempo'), 0) as on_time_instalments_amount
    from {{ ref('fct_agreement_instalment') }}
    where is_enforceable
    group by 1, 2, 3, 4
),

recoveries as (
    select
        {{ month_of('r.recovered_on') }} as period_month,
        a.sector_key,
        a.route_key,
        a.user_type_key,
        sum(r.recovered_amount) as recovered_amount
    from {{ ref('int_agreements__recovery') }} as r
    inner join agreements as a on a.agreement_key = r.agreement_key
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
    coalesce(signed.signed_agreements, 0) as signed_agreements,
    coalesce(signed.signed_then_broken_agreements, 0) as signed_then_broken_agreements,
    coalesce(signed.signed_then_fulfilled_agreements, 0) as signed_then_fulfilled_agreements,
    coalesce(signed.signed_amount, 0) as signed_amount,
    coalesce(signed.down_payment_amount, 0) as down_payment_amount,
    coalesce(closed.broken_agreements, 0) as broken_agreements,
    coalesce(closed.fulfilled_agreements, 0) as fulfilled_agreements,
    coalesce(in_force.in_force_agreements, 0) as in_force_agreements,
    coalesce(in_force.in_force_amount, 0) as in_force_amount,
    coalesce(instalments.due_instalments, 0) as due_instalments,
    coalesce(instalments.on_time_instalments, 0) as on_time_instalments,
    coalesce(instalments.due_instalments_amount, 0) as due_instalments_amount,
    coalesce(instalments.on_time_instalments_amount, 0) as on_time_instalments_amount,
    coalesce(recoveries.recovered_amount, 0) as recovered_amount
from grid
left join signed using (period_month, sector_key, route_key, user_type_key)
left join closed using (period_month, sector_key, route_key, user_type_key)
left join in_force using (period_month, sector_key, route_key, user_type_key)
left join instalments using (period_month, sector_key, route_key, user_type_key)
left join recoveries using (period_month, sector_key, route_key, user_type_key)
