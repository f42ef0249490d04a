-- Posted bills of a contract and period that has more than one. Grain: one row per bill.
{% set touched %}{% raw %}
select distinct c.contract_key, c.period_month from {{ changes_of(ref('int_billing__run_document')) }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['invoice_key'], 'keys': ['contract_key', 'period_month']}},
    indexes=[{'columns': ['invoice_key'], 'unique': true}, {'columns': ['contract_key', 'period_month']}],
) }}

with bills as (
    select d.invoice_key, d.contract_key, d.period_month, count(*) over (partition by d.contract_key, d.period_month) as bills_count
    from {{ ref('int_billing__run_document') }} as d
    {% if is_incremental() %}inner join touched as k on k.contract_key = d.contract_key and k.period_month = d.period_month{% endif %}
    where d.state = 'posted' and d.contract_key <> {{ unassigned_key() }} and d.period_month is not null
)

select invoice_key, contract_key, period_month from bills
where bills_count > 1
