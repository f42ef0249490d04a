-- Readings with their contract. Grain: one row per reading.
{% set touched %}{% raw %}
select r.id as reading_key from {{ source('odoo', 'reading') }} as r
where {{ is_new_in_raw('r') }}
union
select t.reading_key from {{ changes_of(ref('int_core__contract_version'), 'version') }} as c
inner join {{ this }} as t on t.contract_key = c.contract_key and t.period_month >= c.period_month
union
select t.reading_key from {{ this }} as t
where t.contract_key = {{ unassigned_key() }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['reading_key'], 'keys': ['reading_key'],
        'log': [{'row': 'reading_key', 'contract': 'contract_key', 'month': 'period_month'}],
    }},
    indexes=[{'columns': ['reading_key'], 'unique': true}, {'columns': ['contract_key', 'period_month']}, {'columns': ['period_month']}],
) }}

with readings as (
    select * from {{ ref('stg_odoo__reading') }}
    {% if is_incremental() %}where reading_id in (select reading_key from touched){% endif %}
),

contracts as (
    select distinct contract_key from {{ ref('int_core__contract_version') }}
)

select
    r.reading_id as reading_key,
    coalesce(c.contract_key, {{ unassigned_key() }}) as contract_key,
    {{ month_of('r.billing_period') }} as period_month,
    coalesce(r.consumption_m3, 0) as consumption_m3,
    r.reading_kind,
    nullif(r.incident, 'none') as incident
from readings as r
left join contracts as c on c.contract_key = r.contract_id
