-- How many contracts were in service in a month: what who counts by contract divides by. A month of which a contract changed is counted again, and only that.
-- Grain: month × sector × route × user type with a contract.
{% set touched %}{% raw %}{{ changed_months_of([ref('int_core__contract_month')]) }}{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'sector_key', 'route_key', 'user_type_key'], 'keys': ['period_month']}},
) }}

select
    period_month,
    sector_key,
    route_key,
    user_type_key,
    count(*) as active_contracts
from {{ touched_months_of(ref('int_core__contract_month'), 'period_month') }}
group by 1, 2, 3, 4
