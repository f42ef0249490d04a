-- Each time that a customer was marked for fraud, from the history of the mark. Grain: one row per customer and episode.
with versions as (
    select
        customer_key,
        has_fraud_flag,
        valid_from,
        valid_to,
        version_number,
        lag(has_fraud_flag, 1, false) over history as was_flagged
    from {{ ref('dim_customer_history') }}
    where not is_deleted
    window history as (partition by customer_key order by version_number)
),

numbered as (
    select
        *,
        count(*) filter (where has_fraud_flag and not was_flagged) over (partition by customer_key order by version_number) as episode_number
    from versions
)

select
    customer_key,
    episode_number::integer as episode_number,
    {{ business_date('min(valid_from)') }} as flagged_on,
    case when bool_and(valid_to is not null) then {{ business_date('max(valid_to)') }} end as lifted_on
from numbered
where has_fraud_flag
group by customer_key, episode_number
