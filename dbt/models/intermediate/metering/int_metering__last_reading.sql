-- The last reading that was had of each meter, and its last incident. Grain: one row per meter that was to be read.
{% set touched %}{% raw %}
select distinct c.row_key as meter_key from {{ changes_of(ref('int_metering__reading'), 'meter') }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['meter_key'], 'keys': ['meter_key']}},
    indexes=[{'columns': ['meter_key'], 'unique': true}],
) }}

{% set last_first = 'order by period_month desc, reading_key desc' %}

select
    meter_key,
    (array_agg(read_on {{ last_first }}) filter (where is_read))[1] as last_read_on,
    (array_agg(value_m3 {{ last_first }}) filter (where is_read))[1] as last_value_m3,
    (array_agg(incident {{ last_first }}) filter (where incident <> 'none'))[1] as last_incident,
    (array_agg(period_month {{ last_first }}) filter (where incident <> 'none'))[1] as last_incident_month
from {{ ref('int_metering__reading') }}
where meter_key <> {{ unassigned_key() }}
    {% if is_incremental() %}and meter_key in (select meter_key from touched){% endif %}
group by meter_key
