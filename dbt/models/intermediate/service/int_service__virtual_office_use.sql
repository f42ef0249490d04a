-- What customers did in the virtual office and went well, by contract and month. Grain: one row per action.
{% set touched %}{% raw %}
select a.id as action_key from {{ source('odoo', 'virtual_office_action') }} as a
where {{ is_new_in_raw('a') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['action_key'], 'keys': ['action_key'], 'log': [{'contract': 'contract_key', 'month': 'period_month'}]}},
    indexes=[{'columns': ['action_key'], 'unique': true}, {'columns': ['period_month']}],
) }}

select
    virtual_office_action_id as action_key,
    contract_id as contract_key,
    {{ month_of(business_date('happened_at')) }} as period_month
from {{ ref('stg_odoo__virtual_office_action') }}
where action_result = 'ok' and contract_id is not null and happened_at is not null
    {% if is_incremental() %}and virtual_office_action_id in (select action_key from touched){% endif %}
