-- The marts of metering lose nothing: in every closed month each of their sums is that of its fact. The water balance and the virtual office sum the
-- same water and count the same connections.
{% set closed = 'select period_month from ' ~ ref('int_core__closed_month') %}

-- A daily run compares the months of which a fact or its sums changed.
{% set changing = [ref('fct_consumption_attributed_month'), ref('fct_reading'), ref('int_core__contract_month'), ref('int_metering__meter_month')] %}
{% set months = untested_months(changing) %}
{% set period = is_in_months('period_month', months) %}
{% set read = is_in_months('read_on', months) %}

with read_days as (
    select reader_key, read_on, count(*) as readings from {{ ref('fct_reading') }}
    where is_read and read_on is not null and {{ read }}
    group by 1, 2
),

facts as (
    select 'booked_m3' as measure, period_month, sum(booked_m3) as amount from {{ ref('fct_consumption_attributed_month') }} where {{ period }} group by 2
    union all
    select 'attributed_m3', period_month, sum(attributed_m3) from {{ ref('fct_consumption_attributed_month') }} where {{ period }} group by 2
    union all
    select 'planned_readings', period_month, count(*) from {{ ref('fct_reading') }} where {{ period }} group by 2
    union all
    select 'incident_readings', period_month, count(*) from {{ ref('fct_reading') }} where incident <> 'none' and {{ period }} group by 2
    union all
    select 'incidents_by_type', period_month, count(*) from {{ ref('fct_reading') }} where incident <> 'none' and {{ period }} group by 2
    union all
    select 'connections', period_month, count(*) from {{ ref('int_core__contract_month') }} where {{ period }} group by 2
    union all
    select 'meters_in_service', period_month, count(*) from {{ ref('int_metering__meter_month') }} where {{ period }} group by 2
    union all
    select 'under_registered_m3', period_month, sum(under_registered_m3) from {{ ref('int_metering__meter_month') }} where {{ period }} group by 2
    union all
    select unnest(array['readings_count', 'reader_days']), {{ month_of('read_on') }}, unnest(array[sum(readings), count(*)]) from read_days group by 2
    union all
    select 'used_m3', period_month, sum(attributed_m3) from {{ ref('mart_metering__month') }} where {{ period }} group by 2
    union all
    select 'adoption_contracts', period_month, sum(connections) from {{ ref('mart_metering__month') }} where {{ period }} group by 2
),

marts as (
    {% for measure in ['booked_m3', 'attributed_m3', 'planned_readings', 'incident_readings', 'connections', 'meters_in_service', 'under_registered_m3'] -%}
    select '{{ measure }}' as measure, period_month, sum({{ measure }})::numeric as amount from {{ ref('mart_metering__month') }} where {{ period }} group by 2
    union all
    {% endfor -%}
    select 'incidents_by_type', period_month, sum(incident_readings)::numeric from {{ ref('mart_metering__incident_month') }} where {{ period }} group by 2
    union all
    select 'readings_count', period_month, sum(readings_count)::numeric from {{ ref('mart_metering__reader_month') }} where {{ period }} group by 2
    union all
    select 'reader_days', period_month, sum(reader_days) from {{ ref('mart_metering__reader_month') }} where {{ period }} group by 2
    union all
    select 'used_m3', period_month, sum(billed_metered_m3 + billed_estimated_m3 + unbilled_metered_m3) from {{ ref('fct_water_use_month') }}
    where {{ period }}
    group by 2
    union all
    select 'adoption_contracts', period_month, sum(adoption_contracts) from {{ ref('mart_delivery__adoption_month') }} where {{ period }} group by 2
)

select measure, period_month, f.amount as fact_amount, m.amount as mart_amount
from facts as f
full join marts as m using (measure, period_month)
where coalesce(f.amount, 0) <> coalesce(m.amount, 0) and period_month in ({{ closed }})
