-- How many documents, payments and readings each month has: what the rules of dated data look at. Months in which one came, went or moved are counted again.
-- Grain: month × population.
{% set touched %}{% raw %}
select 'invoice' as population, c.period_month from {{ changes_of(ref('int_billing__document')) }} as c
union
select 'payment', c.period_month from {{ changes_of(ref('int_collections__payment')) }} as c
union
select 'reading', c.period_month from {{ changes_of(ref('int_consumption__reading')) }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'population'], 'keys': ['period_month', 'population']}},
) }}

select 'invoice' as population, {{ month_of('issued_on') }} as period_month, count(*) as records
from {{ touched_months_of(ref('int_billing__document'), 'issued_on', "population = 'invoice'") }}
where state = 'posted'
group by 2
union all
select 'payment', {{ month_of('paid_on') }}, count(*) from {{ touched_months_of(ref('int_collections__payment'), 'paid_on', "population = 'payment'") }}
group by 2
union all
select 'reading', period_month, count(*) from {{ touched_months_of(ref('int_consumption__reading'), 'period_month', "population = 'reading'") }}
group by 2
