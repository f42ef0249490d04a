-- Bills and attempts of delivery added up by the month of the bill's issue, the open one included: what `mart_delivery__month` puts names to.
-- A month of which a bill's outcome or an attempt changed is added up again, and only that.
-- Grain: month × sector × route × user type × channel × reason of failure (empty: bills, and attempts that did not fail).
{% set touched %}{% raw %}
-- not `changed_months_of`: nothing of what it adds up is ever archived
select c.period_month from {{ changes_of(ref('int_delivery__bill')) }} as c
union
select c.period_month from {{ changes_of(ref('fct_delivery')) }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['period_month', 'sector_key', 'route_key', 'user_type_key', 'channel_code', 'failure_reason'], 'keys': ['period_month'],
    }},
) }}

with attempts as (
    select *, {{ month_of('coalesce(issued_on, sent_on)') }} as period_month
    from {{ ref('fct_delivery') }}
),

counted as (
    select
        period_month, sector_key, route_key, user_type_key, channel_code, '' as failure_reason,
        1 as issued_bills, is_delivered::int as delivered_bills, is_failed::int as undelivered_bills, 0 as delivery_attempts, 0 as failed_attempts
    from {{ ref('int_delivery__bill') }}
    where {{ is_touched('period_month') }}
    union all
    select
        period_month, sector_key, route_key, user_type_key, channel_code, coalesce(failure_reason, ''),
        0, 0, 0, 1, is_failed::int
    from attempts
    -- of an unknown bill that nobody knows when it was sent there is no month
    where period_month is not null and {{ is_touched('period_month') }}
)

select
    period_month,
    sector_key,
    route_key,
    user_type_key,
    channel_code,
    failure_reason,
    sum(issued_bills) as issued_bills,
    sum(delivered_bills) as delivered_bills,
    sum(undelivered_bills) as undelivered_bills,
    sum(delivery_attempts) as delivery_attempts,
    sum(failed_attempts) as failed_attempts
from counted
group by 1, 2, 3, 4, 5, 6
