-- The tills day by day, up to the business date. Grain: day on which sessions were opened × till.
select
    opened_on,
    {{ month_of('opened_on') }} as period_month,
    cash_register_name,
    collector_name,
    channel,
    count(*) as sessions_count,
    count(*) filter (where counted_amount is not null) as counted_sessions_count,
    count(*) filter (where is_left_open) as left_open_sessions_count,
    sum(collected_amount) as collected_amount,
    sum(cash_amount) as cash_amount,
    sum(payments_count)::bigint as payments_count,
    coalesce(sum(expected_amount) filter (where counted_amount is not null), 0) as expected_amount,
    coalesce(sum(counted_amount), 0) as counted_amount,
    coalesce(sum(difference_amount), 0) as difference_amount,
    coalesce(sum(difference_amount) filter (where difference_amount > 0), 0) as over_amount,
    coalesce(-sum(difference_amount) filter (where difference_amount < 0), 0) as short_amount,
    count(*) filter (where difference_amount <> 0) as sessions_with_difference_count
from {{ ref('fct_cash_session') }}
group by opened_on, cash_register_key, cash_register_name, collector_name, channel
