-- How each external collector stands today: what he holds, and whether he has gone silent, which is how one who keeps the money without
-- writing receipts shows. Grain: one row per external collector.
with collectors as (
    select * from {{ ref('int_collections__collector') }}
    where collector_kind = 'externo'
),

receipts as (
    select
        collector_key,
        max(paid_on) as last_receipt_on,
        max(deposited_on) as last_deposit_on,
        count(*) filter (where released_on is null) as pending_receipts,
        sum(receipt_amount) filter (where released_on is null) as pending_amount,
        min(paid_on) filter (where released_on is null) as oldest_pending_on,
        sum(receipt_amount) filter (where paid_on > {{ business_today() }} - 30) as received_30_amount,
        sum(receipt_amount) filter (where paid_on > {{ business_today() }} - 395 and paid_on <= {{ business_today() }} - 30) as received_before_amount
    from {{ ref('int_collections__collector_receipt') }}
    group by collector_key
),

stood as (
    select
        c.collector_key,
        c.collector_code,
        c.collector_name,
        c.is_active,
        r.last_receipt_on,
        r.last_deposit_on,
        {{ business_today() }} - r.last_receipt_on as days_since_receipt,
        {{ business_today() }} - r.last_deposit_on as days_since_deposit,
        coalesce(r.pending_receipts, 0) as pending_receipts,
        coalesce(r.pending_amount, 0) as pending_amount,
        r.oldest_pending_on,
        {{ business_today() }} - r.oldest_pending_on as oldest_pending_days,
        coalesce(r.received_30_amount, 0) as received_30_amount,
        -- of the 365 days before the last thirty
        round(coalesce(r.received_before_amount, 0) * 30 / 365, 2) as usual_30_amount
    from collectors as c
    left join receipts as r on r.collector_key = c.collector_key
)

select
    *,
    case
        when oldest_pending_days > {{ var('collector_deposit_days', 10) }} and days_since_receipt > {{ var('collector_silence_days', 30) }}
            then 'Dejó de pagar'
        when oldest_pending_days > {{ var('collector_deposit_days', 10) }} then 'Depósitos atrasados'
        when is_active and days_since_receipt > {{ var('collector_silence_days', 30) }} then 'Sin cobros'
        when last_receipt_on is null then 'Nunca cobró'
        else 'Al día'
    end as standing
from stood
