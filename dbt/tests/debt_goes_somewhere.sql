-- The roll matrix loses nothing: what leaves a bucket is what was owed in it at the end of the month before (in all: a contract that moved to another
-- sector rolls where it is now), and what arrives in one, under an agreement or not, is what is owed in it at the end of the month, in any sector,
-- route and user type.
-- A daily run compares the months of which debt or its rolling changed, with the months before them, from which debt rolls into them.
{% set months = and_neighbours(untested_months([ref('fct_receivable_month'), ref('int_receivables__roll')]), -1) %}
{% set period = is_in_months('period_month', months) %}

with owed as (
    select period_month, sector_key, route_key, user_type_key, ageing_bucket_order, sum(receivable_amount) as amount
    from {{ ref('fct_receivable_month') }}
    where {{ period }}
    group by 1, 2, 3, 4, 5
),

owed_in_all as (
    select period_month, ageing_bucket_order, sum(amount) as amount
    from owed
    where period_month < {{ last_closed_month() }}
    group by 1, 2
),

leaving as (
    select (period_month - interval '1 month')::date as period_month, from_order as ageing_bucket_order, sum(flow_amount) as amount
    from {{ ref('int_receivables__roll') }}
    where from_order >= 0 and {{ is_in_months('period_month', neighbours(months, 1)) }}
    group by 1, 2
),

arriving as (
    select period_month, sector_key, route_key, user_type_key, end_order as ageing_bucket_order, sum(flow_amount) as amount
    from {{ ref('int_receivables__roll') }}
    where end_order <= {{ ageing_buckets()[-1].order }} and {{ period }}
    group by 1, 2, 3, 4, 5
),

published as (
    select period_month, sum(flow_amount) as amount
    from {{ ref('mart_receivables__roll_month') }}
    where {{ period }}
    group by 1
),

rolled as (
    select period_month, sum(flow_amount) as amount
    from {{ ref('int_receivables__roll') }}
    where {{ period }}
    group by 1
)

select 'sale' as thing, period_month, ageing_bucket_order, o.amount as owed_amount, l.amount as flow_amount
from owed_in_all as o
full join leaving as l using (period_month, ageing_bucket_order)
where coalesce(o.amount, 0) <> coalesce(l.amount, 0) and period_month >= {{ kept_from() }}

union all

select 'llega', period_month, ageing_bucket_order, o.amount as owed_amount, a.amount as flow_amount
from owed as o
full join arriving as a using (period_month, sector_key, route_key, user_type_key, ageing_bucket_order)
where coalesce(o.amount, 0) <> coalesce(a.amount, 0) and period_month >= {{ kept_from() }}

union all

select 'publicado', period_month, null, r.amount as owed_amount, p.amount as flow_amount
from rolled as r
full join published as p using (period_month)
where r.amount is distinct from p.amount
