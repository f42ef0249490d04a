-- Consumption of each contract in the months in which it was used: what a reading made good of earlier estimates is given back to their months.
-- Beside fct_consumption_month, which says what each month's reading took: both have the same sum by contract over every run that ended.
-- A month is as sure as its least sure reading. Grain: one row per contract and planned month.
{% set touched %}{% raw %}
select c.contract_key, c.period_month from {{ changes_of(ref('int_metering__attributed_reading')) }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['contract_key', 'period_month'], 'keys': ['contract_key', 'period_month'],
        'log': [{'contract': 'contract_key', 'month': 'period_month'}],
    }},
    indexes=[{'columns': ['period_month']}],
) }}

with readings as (
    select
        *,
        case attribution when 'real' then 0 when 'adjusted' then 1 when 'regularised' then 2 else 3 end as doubt
    from {{ ref('int_metering__attributed_reading') }}
    {% if is_incremental() %}where (contract_key, period_month) in (select contract_key, period_month from touched){% endif %}
)

select
    contract_key,
    period_month,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    sum(booked_m3)::numeric(18, 3) as booked_m3,
    sum(attributed_m3)::numeric(18, 3) as attributed_m3,
    sum(attributed_m3 - booked_m3)::numeric(18, 3) as regularisation_m3,
    (array['real', 'adjusted', 'regularised', 'estimated'])[max(doubt) + 1] as attribution,
    max(regularised_on) as regularised_on
from readings
group by contract_key, period_month, sector_key, route_key, municipality_key, user_type_key
{{ laid_by_month() }}
