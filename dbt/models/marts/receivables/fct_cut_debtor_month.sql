-- Contracts that had service at a month end and owed then a debt old enough to be cut for: of whom `mart_receivables__cut_month` asks whether they could
-- be cut, and whether anybody ordered it. Grain: contract × closed month.
{% set touched %}{% raw %}
select contract_key, period_month
from (
    select c.contract_key, c.period_month from {{ changes_of(ref('fct_receivable_month')) }} as c
    union
    select c.contract_key, c.period_month from {{ changes_of(ref('int_core__contract_month')) }} as c
) as changed
-- older debts were archived: whoever owed them stays as he was
where period_month >= {{ kept_from() }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['contract_key', 'period_month'], 'keys': ['contract_key', 'period_month']}},
) }}

{% set contracts, debts = ref('int_core__contract_month'), ref('fct_receivable_month') %}

select
    a.contract_key,
    a.period_month,
    a.sector_key,
    a.route_key,
    a.user_type_key
{% if is_incremental() -%}
-- each touched pair in the partitions of its month
from touched as k
cross join lateral (
    select f.contract_key from {{ debts }} as f
    where f.contract_key = k.contract_key and f.period_month = k.period_month and f.ageing_bucket_order >= {{ cut_from_bucket_order() }}
    limit 1
) as d
cross join lateral (
    select * from {{ contracts }} as c
    where c.contract_key = k.contract_key and c.period_month = k.period_month
    limit 1
) as a
{%- else -%}
from {{ contracts }} as a
where (a.contract_key, a.period_month) in (
    select f.contract_key, f.period_month from {{ debts }} as f
    where f.ageing_bucket_order >= {{ cut_from_bucket_order() }}
)
{%- endif %}
