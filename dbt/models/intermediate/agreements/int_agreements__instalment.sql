-- Instalments: what Odoo says of each, and what the money that really came in pays of it (down payment first, then by due date).
-- Grain: one row per instalment. One whose agreement is gone keeps its amount and points at no agreement.
with instalments as (
    select
        instalment_id,
        agreement_id,
        instalment_number,
        due_on,
        paid_on,
        coalesce(instalment_amount, 0) as instalment_amount
    from {{ ref('stg_odoo__agreement_instalment') }}
),

agreements as (
    select * from {{ ref('int_agreements__agreement') }}
),

-- not kept: the days of one agreement are found by the index
recoveries as not materialized (
    select * from {{ ref('int_agreements__recovery') }}
),

recovered as (
    select agreement_key, max(accumulated_amount) as recovered_amount
    from recoveries
    group by agreement_key
),

scheduled as (
    select
        i.*,
        a.agreement_key,
        a.contract_key,
        a.sector_key,
        a.route_key,
        a.municipality_key,
        a.user_type_key,
        a.broken_on,
        coalesce(r.recovered_amount, 0) as agreement_recovered_amount,
        a.down_payment_amount + sum(i.instalment_amount) over (
            partition by i.agreement_id order by i.due_on, i.instalment_number, i.instalment_id rows between unbounded preceding and current row
        ) as scheduled_amount
    from instalments as i
    left join agreements as a on a.agreement_key = i.agreement_id
    left join recovered as r on r.agreement_key = i.agreement_id
)

select
    s.instalment_id as instalment_key,
    coalesce(s.agreement_key, {{ unassigned_key() }}) as agreement_key,
    coalesce(s.contract_key, {{ unassigned_key() }}) as contract_key,
    coalesce(s.sector_key, {{ unassigned_key() }}) as sector_key,
    coalesce(s.route_key, {{ unassigned_key() }}) as route_key,
    coalesce(s.municipality_key, {{ unassigned_key() }}) as municipality_key,
    coalesce(s.user_type_key, {{ unassigned_key() }}) as user_type_key,
    coalesce(s.instalment_number, 0)::integer as instalment_number,
    s.due_on,
    s.instalment_amount,
    s.paid_on,
    case
        when s.paid_on <= s.due_on + {{ agreement_grace_days() }} then 'pagada_a_tiempo'
        when s.paid_on is not null then 'pagada_tarde'
        when s.due_on + {{ agreement_grace_days() }} < {{ business_today() }} then 'vencida'
        else 'pendiente'
    end as instalment_state,
    greatest(0, coalesce(s.paid_on, {{ business_today() }}) - s.due_on) as days_late,
    -- once an agreement is broken the whole debt is due again, and the instalments to come are nothing to comply with
    s.agreement_key is not null and (s.broken_on is null or s.due_on < s.broken_on) as is_enforceable,
    -- `least` and `greatest` skip what is unknown: with no agreement there is no schedule, and nothing was recovered
    case
        when s.agreement_key is null then 0
        else greatest(0, least(s.instalment_amount, s.agreement_recovered_amount - (s.scheduled_amount - s.instalment_amount)))
    end as recovered_amount,
    r.covered_on
from scheduled as s
left join lateral (
    select min(recoveries.recovered_on) as covered_on
    from recoveries
    where recoveries.agreement_key = s.agreement_key and recoveries.accumulated_amount >= s.scheduled_amount
) as r on true
