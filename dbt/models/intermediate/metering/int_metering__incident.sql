-- Incidents of readings, for who adds them up: a copy that remembers whose each one was. Grain: one row per incident.
{% set touched %}{% raw %}
select i.id as incident_key from {{ source('odoo', 'reading_incident') }} as i
where {{ is_new_in_raw('i') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['incident_key'], 'keys': ['incident_key'], 'log': [{'row': 'reading_key'}]}},
    indexes=[{'columns': ['incident_key'], 'unique': true}, {'columns': ['reading_key']}],
) }}

select
    reading_incident_id as incident_key,
    reading_id as reading_key,
    coalesce(state <> 'resolved', true) as is_open,
    resolved_at
from {{ ref('stg_odoo__reading_incident') }}
{% if is_incremental() %}where reading_incident_id in (select incident_key from touched){% endif %}
