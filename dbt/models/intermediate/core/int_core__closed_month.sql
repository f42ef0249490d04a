-- Months that ended before the business date, from the first one with a document, a payment or a reading. Grain: one row per month.
with first_days as (
    select min(issued_on) as first_on from {{ ref('int_billing__document') }}
    union all
    select min(paid_on) from {{ ref('int_collections__payment') }}
    union all
    select min(period_month) from {{ ref('int_consumption__reading') }}
),

months as (
    select generate_series({{ month_of('min(first_on)') }}, {{ last_closed_month() }}, interval '1 month')::date as period_month
    from first_days
)

select period_month, {{ month_end('period_month') }} as month_end_on
from months
