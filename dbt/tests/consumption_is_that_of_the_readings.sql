-- The consumption of each month is the sum of its readings: adding up the readings of a contract and month loses none.
{% set months = untested_months([ref('int_consumption__reading'), ref('fct_consumption_month')]) %}

with readings as (
    select period_month, sum(consumption_m3) as consumption_m3
    from {{ ref('int_consumption__reading') }}
    where {{ is_in_months('period_month', months) }}
    group by period_month
),

facts as (
    select period_month, sum(consumption_m3) as consumption_m3
    from {{ ref('fct_consumption_month') }}
    where {{ is_in_months('period_month', months) }}
    group by period_month
)

select period_month, r.consumption_m3 as read_m3, f.consumption_m3 as fact_m3
from readings as r
full join facts as f using (period_month)
where r.consumption_m3 is distinct from f.consumption_m3 and period_month >= {{ kept_from() }}
