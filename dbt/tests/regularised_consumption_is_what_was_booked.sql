-- Attribution moves water between months and makes none: what a contract's months were given is, to the litre, what its readings took; no month's
-- booked consumption differs from fct_consumption_month; and no month of a run with a total of zero or more is given less than nothing.
-- A daily run says it of the contracts of which a reading or a month changed.
{% set facts = [ref('fct_consumption_attributed_month'), ref('fct_consumption_month'), ref('fct_reading')] %}
{% set recent = is_of_untested_contract(facts) %}
{% set changed = is_in_months('period_month', untested_months(facts)) ~ ' and ' ~ recent %}

with attributed as (
    select contract_key, sum(attributed_m3) as attributed_m3
    from {{ ref('fct_consumption_attributed_month') }}
    where {{ recent }}
    group by contract_key
),

readings as (
    select contract_key, sum(consumption_m3) as consumption_m3, sum(attributed_m3) as attributed_m3
    from {{ ref('fct_reading') }}
    where {{ recent }}
    group by contract_key
)

select 'contrato' as what, contract_key, null::date as period_month, a.attributed_m3 as found_m3, r.consumption_m3 as expected_m3
from attributed as a
full join readings as r using (contract_key)
where a.attributed_m3 is distinct from r.consumption_m3 or r.attributed_m3 is distinct from r.consumption_m3

union all

select 'mes', contract_key, period_month, a.booked_m3, m.consumption_m3
from (select * from {{ ref('fct_consumption_attributed_month') }} where {{ changed }}) as a
full join (select * from {{ ref('fct_consumption_month') }} where {{ changed }}) as m using (contract_key, period_month)
where a.booked_m3 is distinct from m.consumption_m3 and period_month >= {{ kept_from() }}

union all

select 'negativo', contract_key, period_month, min(attributed_m3), min(consumption_m3)
from {{ ref('fct_reading') }}
where attribution = 'regularised' and {{ recent }}
group by contract_key, period_month
having min(attributed_m3) < 0 and sum(consumption_m3) >= 0
