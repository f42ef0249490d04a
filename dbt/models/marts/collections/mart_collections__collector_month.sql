-- What each collector took, and what external ones had not deposited at month end (a balance, hence dense).
-- Grain: closed month × sector × collector, dense.
with grid as (
    select
        m.period_month,
        m.month_end_on,
        s.*,
        c.collector_key,
        c.collector_code,
        c.collector_name,
        c.collector_kind
    from {{ ref('int_core__closed_month') }} as m
    cross join {{ ref('int_core__sector') }} as s
    cross join {{ ref('int_collections__collector') }} as c
),

payments as (
    select * from {{ ref('fct_collector_month') }}
),

receipts as (
    select * from {{ ref('int_collections__collector_receipt') }}
),

settled as (
    select
        {{ month_of('deposited_on') }} as period_month,
        sector_key,
        collector_key,
        sum(receipt_amount) as settled_amount,
        count(*) as settled_receipts,
        sum(days_to_settle) as settlement_days_sum
    from receipts
    where deposited_on is not null
    group by 1, 2, 3
),

held as (
    select
        m.period_month::date as period_month,
        r.sector_key,
        r.collector_key,
        sum(r.receipt_amount) as pending_settlement_amount,
        count(*) as pending_receipts,
        sum(r.receipt_amount) filter (
            where {{ month_end('m.period_month') }} - r.paid_on > {{ var('collector_deposit_days', 10) }}
        ) as pending_overdue_amount
    from receipts as r
    cross join lateral generate_series(
        {{ month_of('r.paid_on') }},
        -- released on a day of that month: no longer held at its end
        least({{ month_of('r.released_on') }} - interval '1 month', {{ last_closed_month() }}),
        interval '1 month'
    ) as m (period_month)
    -- of most no month end found them in his hands: not worth a series
    where r.released_on is null or {{ month_of('r.released_on') }} > {{ month_of('r.paid_on') }}
    group by 1, 2, 3
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    grid.collector_code,
    grid.collector_name,
    grid.collector_kind,
    coalesce(payments.collected_amount, 0) as collected_amount,
    coalesce(payments.payments_count, 0) as payments_count,
    case when grid.collector_kind = 'externo' then coalesce(payments.collected_amount, 0) else 0 end as external_collected_amount,
    coalesce(settled.settled_amount, 0) as settled_amount,
    coalesce(settled.settled_receipts, 0) as settled_receipts,
    coalesce(settled.settlement_days_sum, 0)::bigint as settlement_days_sum,
    coalesce(held.pending_settlement_amount, 0) as pending_settlement_amount,
    coalesce(held.pending_receipts, 0) as pending_receipts,
    coalesce(held.pending_overdue_amount, 0) as pending_overdue_amount
from grid
left join payments using (period_month, sector_key, collector_key)
left join settled using (period_month, sector_key, collector_key)
left join held using (period_month, sector_key, collector_key)
