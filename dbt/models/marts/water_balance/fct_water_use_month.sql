-- What a sector used in a month, with and without a bill of that month, what its meters did not register, and its connections: the customers' half
-- of fct_water_balance_month. A month of which any of it changed is added up again, and only that. Grain: month × sector where anything happened.
{% set touched %}{% raw %}{{ changed_months_of([
    ref('fct_consumption_attributed_month'), ref('int_metering__meter_month'), ref('int_core__contract_month'), [ref('int_billing__document'), 'period']
]) }}{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'sector_key'], 'keys': ['period_month']}},
) }}

with invoiced as (
    select distinct contract_key, {{ month_of('billing_period') }} as period_month
    from {{ touched_months_of(ref('int_billing__document'), 'billing_period') }}
    where state = 'posted' and document_kind = 'factura'
),

used as (
    select * from {{ ref('fct_consumption_attributed_month') }}
    where {{ is_touched('period_month') }}
),

consumption as (
    select
        c.sector_key,
        c.period_month,
        sum(c.attributed_m3) filter (where i.contract_key is not null and c.attribution <> 'estimated') as billed_metered_m3,
        sum(c.attributed_m3) filter (where i.contract_key is not null and c.attribution = 'estimated') as billed_estimated_m3,
        sum(c.attributed_m3) filter (where i.contract_key is null) as unbilled_metered_m3
    from used as c
    left join invoiced as i on i.contract_key = c.contract_key and i.period_month = c.period_month
    group by c.sector_key, c.period_month
),

meters as (
    select sector_key, period_month, sum(under_registered_m3) as under_registered_m3
    from {{ ref('int_metering__meter_month') }}
    where {{ is_touched('period_month') }}
    group by sector_key, period_month
),

connections as (
    select sector_key, period_month, count(*) as connections
    from {{ touched_months_of(ref('int_core__contract_month'), 'period_month') }}
    group by sector_key, period_month
)

select
    period_month,
    sector_key,
    coalesce(consumption.billed_metered_m3, 0)::numeric(18, 3) as billed_metered_m3,
    coalesce(consumption.billed_estimated_m3, 0)::numeric(18, 3) as billed_estimated_m3,
    coalesce(consumption.unbilled_metered_m3, 0)::numeric(18, 3) as unbilled_metered_m3,
    coalesce(meters.under_registered_m3, 0)::numeric(18, 3) as under_registered_m3,
    coalesce(connections.connections, 0) as connections
from consumption
full join meters using (period_month, sector_key)
full join connections using (period_month, sector_key)
