-- What each collector took, added up by month, the open one included: what `mart_collections__collector_month` fills the grid from.
-- A month of which a payment changed is added up again, and only that. Grain: month × sector × collector with a payment.
{% set touched %}{% raw %}{{ changed_months_of([[ref('fct_payment'), 'sums']]) }}{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'sector_key', 'collector_key'], 'keys': ['period_month']}},
) }}

select
    {{ month_of('paid_on') }} as period_month,
    sector_key,
    collector_key,
    sum(payment_amount) as collected_amount,
    count(*) filter (where payment_amount > 0) as payments_count
from {{ touched_months_of(ref('fct_payment'), 'paid_on') }}
group by 1, 2, 3
