-- Debt by age without its empty places: what `mart_receivables__month` fills the grid from. Months whose debt changed are added up again.
-- Grain: month × sector × route × user type × ageing bucket, with debt.
{% set touched %}{% raw %}
select distinct c.period_month from {{ changes_of(ref('fct_receivable_month')) }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['period_month', 'sector_key', 'route_key', 'user_type_key', 'ageing_bucket_order'], 'keys': ['period_month'],
        'log': [{'month': 'period_month'}],
    }},
) }}

select
    period_month,
    sector_key,
    route_key,
    user_type_key,
    ageing_bucket_order,
    sum(receivable_amount) as receivable_bucket_amount,
    count(*) filter (where contract_key <> {{ unassigned_key() }}) as receivable_bucket_contracts
from {{ touched_months_of(ref('fct_receivable_month'), 'period_month') }}
group by 1, 2, 3, 4, 5
