-- What the money of each month settled: surcharges or capital, and debt of more than 90 days. By the date of application. A payment that is
-- reversed settled nothing, and leaves its month when it is. A month of which an application changed is added up again, and only that.
-- Grain: month × sector × route × user type where money was applied.
{% set touched %}{% raw %}{{ changed_months_of([ref('int_collections__allocation_component')]) }}{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'sector_key', 'route_key', 'user_type_key'], 'keys': ['period_month']}},
) }}

select
    {{ month_of('allocated_on') }} as period_month,
    sector_key,
    route_key,
    user_type_key,
    sum(allocated_amount) as settled_by_cash_amount,
    sum(surcharge_allocated_amount) as surcharges_collected_amount,
    sum(capital_allocated_amount) as capital_collected_amount,
    sum(allocated_amount) filter (where days_past_due > 0) as overdue_recovered_amount,
    sum(allocated_amount) filter (where days_past_due > 90) as old_debt_recovered_amount
from {{ touched_months_of(ref('int_collections__allocation_component'), 'allocated_on') }}
where allocation_kind = 'pago'
group by 1, 2, 3, 4
