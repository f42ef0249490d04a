-- The tills by month, by the day on which each session was opened. Grain: closed month × till, only with sessions (flows only).
select
    period_month,
    cash_register_name,
    collector_name,
    channel,
    sum(sessions_count)::bigint as cash_sessions_count,
    sum(counted_sessions_count)::bigint as counted_cash_sessions_count,
    sum(collected_amount) as till_collected_amount,
    sum(cash_amount) as till_cash_amount,
    sum(expected_amount) as expected_cash_amount,
    sum(counted_amount) as counted_cash_amount,
    sum(difference_amount) as cash_difference_amount,
    sum(over_amount + short_amount) as cash_discrepancy_amount,
    sum(sessions_with_difference_count)::bigint as cash_sessions_with_difference
from {{ ref('mart_collections__cash_day') }}
where period_month <= {{ last_closed_month() }}
group by 1, 2, 3, 4
