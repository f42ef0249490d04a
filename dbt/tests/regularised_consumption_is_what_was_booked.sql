-- Attribution moves water between months and makes none: what a contract's months were given is, to the litre, what its readings took; a month is
-- given what its readings are, and what was booked in it is what fct_consumption_month says; a reading of no run keeps its own; and no month of a run
-- with a total of zero or more is given less than nothing.
-- A daily run says the first of the contracts of which a reading of a run changed or went away, the rest of the months that changed.
{% set facts = [ref('fct_consumption_attributed_month'), ref('fct_consumption_month'), ref('fct_reading')] %}
{% set changed = is_in_months('period_month', untested_months(facts)) ~ ' and ' ~ is_of_untested_contract_month('period_month', facts) %}

with attributed as (
    select * from {{ facts[0] }}
    where {{ changed }}
),

booked as (
    select * from {{ facts[1] }}
    where {{ changed }}
),

readings as materialized (
    select * from {{ facts[2] }}
    where {{ changed }}
),

read_months as (
    select
        contract_key,
        period_month,
        sum(consumption_m3) as consumption_m3,
        sum(attributed_m3) as attributed_m3,
        bool_or(attribution = 'regularised') as is_regularised,
        min(attributed_m3) filter (where attribution = 'regularised') as least_m3,
        sum(consumption_m3) filter (where attribution = 'regularised') as taken_m3
    from readings
    group by contract_key, period_month
),

{% if not tests_everything() -%}
contracts as materialized (
    select contract_key from read_months
    where is_regularised
    union
    select c.contract_key from {{ untested_changes(facts[2]) }} as c
    where not exists (select from {{ facts[2] }} as r where r.reading_key = c.row_key)
),

{% endif -%}
given as (
    select contract_key, sum(attributed_m3) as attributed_m3
    from {{ facts[0] }}
    {% if not tests_everything() %}where contract_key in (select contract_key from contracts){% endif %}
    group by contract_key
),

taken as (
    select contract_key, sum(booked_m3) as consumption_m3, sum(attributed_m3) as attributed_m3
    from {{ ref('int_metering__attributed_reading') }}
    {% if not tests_everything() %}where contract_key in (select contract_key from contracts){% endif %}
    group by contract_key
)

select 'contrato' as what, contract_key, null::date as period_month, g.attributed_m3 as found_m3, t.consumption_m3 as expected_m3
from given as g
full join taken as t using (contract_key)
where g.attributed_m3 is distinct from t.consumption_m3 or t.attributed_m3 is distinct from t.consumption_m3

union all

select 'mes', contract_key, period_month, a.booked_m3, m.consumption_m3
from attributed as a
full join booked as m using (contract_key, period_month)
where a.booked_m3 is distinct from m.consumption_m3 and period_month >= {{ kept_from() }}

union all

select 'lecturas', contract_key, period_month, a.attributed_m3, r.attributed_m3
from attributed as a
full join read_months as r using (contract_key, period_month)
where a.attributed_m3 is distinct from r.attributed_m3 or a.booked_m3 is distinct from r.consumption_m3

union all

select 'sin corrida', contract_key, period_month, attributed_m3, consumption_m3
from readings
where attribution <> 'regularised' and attributed_m3 is distinct from consumption_m3

union all

select 'negativo', contract_key, period_month, least_m3, taken_m3
from read_months
where least_m3 < 0 and taken_m3 >= 0
