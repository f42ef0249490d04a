-- Readings as they were taken. Grain: one row per planned reading.
{% set touched %}{% raw %}
select c.row_key as reading_key from {{ changes_of(ref('int_metering__reading')) }} as c
union
select c.row_key from {{ changes_of(ref('int_metering__attributed_reading')) }} as c
union
select t.reading_key from {{ source('odoo', 'user') }} as u
inner join {{ this }} as t on t.reader_key = u.id and (t.reader_name = u.name) is not true
where {{ is_new_in_raw('u') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['reading_key'], 'keys': ['reading_key'],
        'log': [{'row': 'reading_key', 'contract': 'contract_key', 'month': 'period_month'}],
    }},
    indexes=[{'columns': ['period_month']}, {'columns': ['read_on']}],
) }}

select
    r.reading_key,
    r.contract_key,
    r.meter_key,
    r.reader_key,
    coalesce(u.user_name, {{ unassigned_name() }}) as reader_name,
    r.reading_route_key,
    r.sector_key,
    r.route_key,
    r.municipality_key,
    r.user_type_key,
    r.period_month,
    r.read_at,
    r.read_on,
    r.previous_read_on,
    (case when r.is_read then r.read_on - r.previous_read_on end)::integer as days_between,
    r.previous_value_m3::numeric(18, 3) as previous_value_m3,
    r.value_m3::numeric(18, 3) as value_m3,
    r.index_difference_m3,
    a.booked_m3 as consumption_m3,
    a.attributed_m3,
    r.reading_kind,
    a.attribution,
    a.regularised_on,
    r.is_read,
    r.reading_kind = 'real' as is_effective_reading,
    r.has_rolled_over,
    coalesce(r.index_difference_m3 < 0, false) as has_gone_back,
    r.incident
from {{ ref('int_metering__reading') }} as r
inner join {{ ref('int_metering__attributed_reading') }} as a on a.reading_key = r.reading_key
left join {{ ref('stg_odoo__user') }} as u on u.user_id = r.reader_key
{% if is_incremental() %}where r.reading_key in (select reading_key from touched){% endif %}
{{ laid_by_month() }}
